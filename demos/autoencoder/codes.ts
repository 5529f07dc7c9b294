import { codeAspect, MOST_AXES, REACH } from '../drawing/codes.ts';
import type { Mapped } from '../drawing/codes.ts';
import { single } from '../drawing/panels.ts';
import { byId, count } from '../shared/dom.ts';
import { createLatentSliders } from '../widgets/latentSliders.ts';
import { createPointMap } from '../widgets/pointMap.ts';
import type { Live } from './live.ts';
import type { Tells } from './protocol.ts';
import { titleOf, VERSIONS } from './settings.ts';
import { withArticle } from '../shared/withArticle.ts';

/** The map of codes, and the code that the reader chooses. */
export function createCodes(page: Live) {
  let aspect = 1;
  const map = createPointMap(byId('map'), {
    title: 'Map of codes',
    reach: REACH,
    handOver: page.handOver,
    nearest: (place) => page.call('nearest', place),
    nameOf: ({ label, image }: Mapped) => `${withArticle(label)}, test image ${image}`,
    onChoose: ([x, y]) => sliders.change([x, y, ...sliders.values.slice(2)]),
  });
  const sliders = createLatentSliders(byId('shapes'), {
    most: MOST_AXES,
    reach: REACH,
    onChange(scores) {
      map.chosen = [scores[0], scores[1]];
      void page.call('decode', scores);
    },
  });
  page.handOver('decoded', byId('decoded'), single);
  const arrange = page.handOver('decoded-code', byId('decoded-code'), (width) => ({
    ...single(width),
    aspect,
  }));
  const explored = byId('explored');
  explored.addEventListener('change', ({ target }) =>
    page.set({ version: VERSIONS.find(({ name }) => name === (target as HTMLInputElement).value)!.name }),
  );

  function changed(): void {
    const { version } = page.values;
    for (const input of explored.querySelectorAll('input')) input.checked = input.value === version;
    byId('decoded').ariaLabel = `What ${titleOf(version)} decodes from the code of the sliders`;
  }
  changed();

  return {
    changed,
    model({ bottleneck }: Tells['model']): void {
      const axes = Math.min(bottleneck, MOST_AXES);
      aspect = codeAspect(bottleneck);
      arrange();
      const own = bottleneck <= 2;
      const name = own ? 'number' : 'direction';
      sliders.name(
        Array.from({ length: axes }, (_, axis) => `${name} ${axis + 1} ${['→', '↑'][axis] ?? ''}`),
      );
      byId('map-note').textContent = own
        ? 'Right and up: the two numbers of the code themselves, in standard deviations.'
        : `Right and up: the two directions in which the ${bottleneck} numbers vary most. The sliders move along the first ${axes}.`;
    },
    centres({ rows, images }: Tells['centres']): void {
      sliders.means = rows;
      map.moved(
        rows.map(([x, y]) => [x, y] as const),
        `Map of the codes that ${titleOf(page.values.version)} gives ${count(images)} test images`,
      );
    },
  };
}
