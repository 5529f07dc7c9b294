import { single } from '../drawing/panels.ts';
import type { LivePage } from '../frame/page/page.ts';
import { byId } from '../shared/dom.ts';
import type { Calls } from './protocol.ts';
import type { settings } from './settings.ts';

/** How long points take through one coupling. */
const COUPLING_MS = 450;

/** The plane that is bent, its slider through the couplings, and the buttons that move it. */
export function createBending(page: LivePage<typeof settings, Calls>) {
  const slider = byId<HTMLInputElement>('through');
  const [toNoise, toData] = [byId<HTMLButtonElement>('to-noise'), byId<HTMLButtonElement>('to-data')];
  let couplings: number = page.values.couplings;
  let frame = 0;

  for (const panel of ['grid', 'points', 'density'])
    page.handOver(panel, byId<HTMLCanvasElement>(`${panel}-canvas`), single);

  const words = (place: number): string => {
    if (place === 0) return 'data';
    if (place === couplings) return 'noise';
    const whole = Math.floor(place);
    return place === whole
      ? `after coupling ${whole} of ${couplings}`
      : `in coupling ${whole + 1} of ${couplings}`;
  };

  function show(place: number): void {
    slider.value = String(place);
    byId('where').textContent = words(place);
    slider.setAttribute('aria-valuetext', words(place));
    void page.call('place', place);
  }

  function stop(): void {
    cancelAnimationFrame(frame);
    frame = 0;
  }

  /** Moves the slider to an end, at a speed that the eye can follow, unless motion is unwelcome. */
  function goTo(end: number): void {
    stop();
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return show(end);
    const from = Number(slider.value);
    const start = performance.now();
    const move = (now: number) => {
      const moved = (now - start) / COUPLING_MS;
      const place = end > from ? Math.min(end, from + moved) : Math.max(end, from - moved);
      show(place);
      frame = place === end ? 0 : requestAnimationFrame(move);
    };
    frame = requestAnimationFrame(move);
  }

  slider.addEventListener('input', () => {
    stop();
    show(Number(slider.value));
  });
  toNoise.addEventListener('click', () => goTo(couplings));
  toData.addEventListener('click', () => goTo(0));

  /** New points begin where they come from. */
  let way = page.values.way;
  return {
    model(model: { readonly couplings: number }): void {
      const share = Number(slider.value) / couplings;
      ({ couplings } = model);
      slider.max = String(couplings);
      stop();
      show(Math.round(share * couplings));
    },
    changed(): void {
      if (page.values.way === way) return;
      ({ way } = page.values);
      stop();
      show(way === 'data' ? 0 : couplings);
    },
  };
}
