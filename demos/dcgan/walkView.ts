import { byId, percent, whenNear } from '../shared/dom.ts';
import { createCornerWalk } from '../widgets/cornerWalk.ts';
import type { Live } from './live.ts';
import { MAP, SAMPLES } from './protocol.ts';

/** The map between four samples, the mark on it, and the image at the mark. */
export function createWalkView(page: Live) {
  const { x, y, corners } = page.values;
  let seen = false;
  let opinion = 0;
  const elements = {
    map: byId<HTMLCanvasElement>('map'),
    pad: byId('walk-pad'),
    image: byId<HTMLCanvasElement>('walk'),
    corners: byId('corners'),
    strollButton: byId<HTMLButtonElement>('stroll'),
    shuffleButton: byId<HTMLButtonElement>('shuffle'),
  };
  const post = createCornerWalk(elements, {
    handOver: page.handOver,
    tiles: MAP,
    samples: SAMPLES,
    place: [x, y],
    corners,
    onMove: (place) => seen && void page.call('walk', place),
    onRest([x, y]) {
      page.set({ x, y });
      return `${percent(opinion, 0)} real to the discriminator`;
    },
    onCorners: (corners) => page.set({ corners }),
  });

  let isOpen = false;

  return {
    /** There is a pair to walk with. */
    open(): void {
      if (isOpen) return;
      isOpen = true;
      // Pictures are computed when they are in view, or one screen away.
      whenNear(byId('walk-section'), '100% 0px', () => {
        seen = true;
        post();
      });
    },
    walked(probability: number): void {
      opinion = probability;
      byId('walk-opinion').textContent = percent(probability, 0);
    },
  };
}
