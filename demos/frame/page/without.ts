import { byId } from '../../shared/dom.ts';
import { missingWebGpu } from './missing.ts';

/**
 * The page without WebGPU: what is marked `data-gpu` goes, and in its place stands what to do about it, with a recorded
 * run. Words and listings stay.
 *
 * @param recording of the files in the page's folder, without an ending: 'trained/quick'
 */
export function showWithout(reason: string, recording: string | undefined): void {
  const advice = missingWebGpu(reason);
  const [first, ...others] = document.querySelectorAll('[data-gpu]');
  first.replaceWith(advice);
  for (const element of others) element.remove();
  byId('adapter').textContent = 'no WebGPU';
  byId('adapter').classList.add('software');
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.hero .lede a[href^="#"]')) {
    if (!document.querySelector(link.hash)) link.replaceWith(link.textContent);
  }
  if (recording) void playBack(advice, recording);
}

async function playBack(after: HTMLElement, recording: string): Promise<void> {
  const { createPlayback } = await import('./playback.ts');
  const place = document.createElement('div');
  place.className = 'panel';
  after.after(place);
  await createPlayback(place, new URL(recording, location.href).href);
}
