import { byId } from '../../shared/dom.ts';
import { missingWebGpu } from './advice.ts';
import { createStepGraph } from './stepGraph.ts';

/**
 * The page without WebGPU: what is marked `data-gpu` goes, and in its place stands what to do about it, with a recorded
 * run. Words and listings stay, and the graph of the step, as it was when the site was built.
 *
 * @param recording of the files in the page's folder, without an ending: 'trained/quick'
 */
export function showWithout(reason: string, recording: string | undefined): void {
  const advice = missingWebGpu(reason);
  const [first, ...others] = document.querySelectorAll('[data-gpu]');
  first.replaceWith(advice);
  for (const element of others) if (element.id !== 'step') element.remove();
  showRecordedStep();
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

function showRecordedStep(): void {
  const place = byId('step-graph');
  const anew = place.cloneNode() as HTMLElement; // what was to fill it has no place any more
  place.replaceWith(anew);
  byId('step-text').textContent =
    'The training step as it is compiled for a GPU, recorded when this site was built: nothing runs here, and nothing is measured. Choose a dispatch to see its kernel.';
  createStepGraph(async () => {
    const { recordedPage } = await import('../graph/page/recorded.ts');
    return recordedPage(anew.dataset.page!);
  });
}
