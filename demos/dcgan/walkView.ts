import { single } from '../drawing/panels.ts';
import { announce } from '../shared/announce.ts';
import { byId, create, percent } from '../shared/dom.ts';
import { createWalkPad } from '../widgets/walkPad.ts';
import type { Live } from './live.ts';
import { MAP, SAMPLES } from './protocol.ts';

/** The map between four samples, the mark on it, and the image at the mark. */
export function createWalkView(page: Live) {
  let place = [page.values.x, page.values.y] as const;
  let seen = false;
  let opinion = 0;

  page.handOver('map', byId('map'), (width) => ({ columns: MAP, rows: MAP, gap: 2, width }));
  page.handOver('walk', byId('walk'), (width) => ({ ...single(width), foot: 10 }));

  function post(): void {
    const [x, y] = place;
    const corners = page.values.corners.split('-').map((sample) => Number(sample) - 1);
    if (seen) void page.call('walk', { corners, x, y });
  }

  createWalkPad(byId('walk-pad'), {
    place,
    tiles: MAP,
    strollButton: byId('stroll'),
    onMove(to) {
      place = to;
      post();
    },
    onRest([x, y]) {
      page.set({ x, y });
      const where = `${percent(x, 0)} to the right, ${percent(y, 0)} down`;
      announce(`${where}: ${percent(opinion, 0)} real to the discriminator`);
    },
  });

  /** The samples in the corners, counted from 1. */
  const inputs = ['top left', 'top right', 'bottom left', 'bottom right'].map((name) => {
    const input = create('input', { type: 'number', min: '1', max: String(SAMPLES), inputMode: 'numeric' });
    input.required = true;
    input.addEventListener('change', () => {
      if (input.validity.valid) chooseCorners(inputs.map(({ value }) => value));
      else showCorners();
    });
    byId('corners').append(create('label', {}, create('span', {}, name), input));
    return input;
  });
  function chooseCorners(samples: readonly (number | string)[]): void {
    page.set({ corners: samples.join('-') });
    showCorners();
    post();
  }
  function showCorners(): void {
    page.values.corners.split('-').forEach((sample, i) => (inputs[i].value = sample));
  }
  byId('shuffle').addEventListener('click', () => {
    const samples = new Set<number>();
    while (samples.size < 4) samples.add(1 + Math.floor(Math.random() * SAMPLES));
    chooseCorners([...samples]);
  });
  showCorners();

  // Pictures are computed when they are in view, or one screen away.
  const inView = new IntersectionObserver(
    ([{ isIntersecting }]) => {
      if (!isIntersecting || seen) return;
      seen = true;
      post();
    },
    { rootMargin: '100% 0px' },
  );

  return {
    /** There is a pair to walk with. */
    open: () => inView.observe(byId('walk-section')),
    walked(probability: number): void {
      opinion = probability;
      byId('walk-opinion').textContent = percent(probability, 0);
    },
  };
}
