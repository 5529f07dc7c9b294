import './roofline.css';
import { figures } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import type { Ceilings } from '../../src/runtime/roofline/rates.ts';
import { rooflineOf, ticks } from '../../src/runtime/roofline/scale.ts';
import type { Reached } from '../../src/runtime/roofline/scale.ts';

const AREA = { left: 76, right: 618, top: 14, bottom: 356 };

/** A kernel under the roof. */
export interface Dot extends Reached {
  /** Its kind, as the class of its colour. */
  readonly kind: string;
  readonly title: string;
  readonly chosen: boolean;
  /** Its dot was clicked; a table is the way for keys. */
  choose(): void;
}

/** Draws the roof and a dot for each kernel that computes something, on logarithmic axes, into an <svg> of 640 × 400. */
export function drawRoofline(target: Element, ceilings: Ceilings, all: readonly Dot[]): void {
  const drawn = all.filter(({ flops }) => flops > 0);
  const scale = rooflineOf(ceilings, drawn, AREA);
  const { left, right, top, bottom } = AREA;
  const grid = [
    ...ticks(scale.x).flatMap((value) => {
      const x = scale.toX(value);
      return [
        svg('line', { class: 'grid', x1: x, x2: x, y1: top, y2: bottom }),
        svg('text', { x, y: bottom + 16, 'text-anchor': 'middle' }, figures(value)),
      ];
    }),
    ...ticks(scale.y).flatMap((value, i) => {
      const y = scale.toY(value);
      return [
        svg('line', { class: 'grid', x1: left, x2: right, y1: y, y2: y }),
        // The lowest label stands above its line, out of the way of the other axis.
        svg('text', { x: left - 6, y: y + (i === 0 ? -2 : 4), 'text-anchor': 'end' }, figures(value)),
      ];
    }),
    svg('text', { x: (left + right) / 2, y: bottom + 36, 'text-anchor': 'middle' }, 'FLOPs per byte'),
    svg('text', { x: left + 4, y: top + 10 }, 'GFLOP/s'),
  ];
  const roof = svg('path', { class: 'roofs', d: scale.roof });
  const dots = drawn.map(({ flops, bytes, gflops, kind, title, chosen, choose }) => {
    const dot = svg('circle', {
      class: `dot ${kind}${chosen ? ' selected' : ''}`,
      cx: scale.toX(flops / bytes),
      cy: scale.toY(gflops),
      r: chosen ? 7 : 5,
    });
    dot.append(svg('title', {}, title));
    dot.addEventListener('click', choose);
    return dot;
  });
  dots.sort((a, b) => Number(a.classList.contains('selected')) - Number(b.classList.contains('selected')));
  target.replaceChildren(...grid, roof, ...dots);
  target.setAttribute(
    'aria-label',
    `Roofline of ${drawn.length} kernels under ${figures(ceilings.gflops)} GFLOP/s and ${figures(ceilings.gbs)} GB/s; a table has the same kernels`,
  );
}
