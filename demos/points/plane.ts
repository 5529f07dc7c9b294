import { announce } from '../shared/announce.ts';
import { byId, count, create } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import { single } from '../drawing/panels.ts';
import { createImageRows, heading } from '../widgets/imageRows.ts';
import { bindPlacing } from '../widgets/placing.ts';
import type { Place } from '../widgets/placing.ts';
import type { LivePage } from '../frame/page/page.ts';
import type { Point } from './points.ts';
import { GRID } from './protocol.ts';
import type { Calls, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

/** The plane with its points, which a click adds and removes, and the values of each hidden neuron. */
export function createPlane(page: LivePage<typeof settings, Calls>) {
  const plane = byId('plane');
  const dots = svg('svg', { viewBox: '-1 -1 2 2', 'aria-hidden': 'true' });
  const cursor = create('span', { className: 'cursor' });
  let place: Place = [0.5, 0.5];
  plane.append(dots, cursor);
  // A pixel for each place: the browser enlarges them smoothly.
  page.handOver('field', byId<HTMLCanvasElement>('field'), () => single(GRID / devicePixelRatio));

  bindPlacing(plane, {
    place: () => place,
    step: 0.02,
    large: 0.1,
    onPlace(to) {
      const within = (share: number) => Math.max(0, Math.min(1, share));
      place = [within(to[0]), within(to[1])];
      Object.assign(cursor.style, { left: `${100 * place[0]}%`, top: `${100 * place[1]}%` });
    },
  });
  function edit(): void {
    const { adds } = page.values;
    void page.call('edit', { x: 2 * place[0] - 1, y: 1 - 2 * place[1], blue: adds === 'blue' });
  }
  plane.addEventListener('click', edit);
  plane.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    edit();
  });
  let before: number | undefined;

  return {
    learns(points: readonly Point[]): void {
      dots.replaceChildren(
        ...points.map(({ x, y, blue }) =>
          svg('circle', { cx: x, cy: -y, r: 0.022, class: blue ? 'positive' : 'negative' }),
        ),
      );
      const blue = points.filter((point) => point.blue).length;
      byId('field').ariaLabel =
        `What the network predicts at each place: blue or orange. ${count(blue)} blue and ${count(points.length - blue)} orange points lie on it.`;
      if (before !== undefined && Math.abs(points.length - before) < 5)
        announce(`${count(points.length)} points.`);
      before = points.length;
    },
    /** Another network has other neurons. */
    model({ layers, units, parameters }: Tells['model']): void {
      byId('stat-parameters').textContent = count(parameters);
      const handOver = (...args: Parameters<typeof page.handOver>) =>
        page.handOver(args[0], args[1], args[2], { ofNetwork: true });
      const { row } = createImageRows(handOver);
      byId('neurons').replaceChildren(
        ...Array.from({ length: layers }, (_, i) =>
          row(heading(`layer ${i + 1}`, `${units} neurons`), {
            panel: `layer:${i}`,
            label: `The value of each neuron of layer ${i + 1} at each place`,
            count: units,
            columns: Math.min(units, 4),
          }),
        ),
      );
    },
  };
}
