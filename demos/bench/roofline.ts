import { rooflineOf, ticks } from './rooflineScale.ts';
import { digits } from '../../bench/report/markdown.ts';
import type { Ceilings, KernelResult } from '../../bench/report/schema.ts';
import { svg } from '../shared/svg.ts';

const AREA = { left: 76, right: 618, top: 14, bottom: 356 };

const classOf = ({ op }: KernelResult): 'conv' | 'matmul' | 'other' =>
  op.startsWith('conv') ? 'conv' : op === 'matmul' ? 'matmul' : 'other';

/**
 * Draws the roof and a dot for each kernel that computes something, on logarithmic axes.
 *
 * @param choose called with the kernel whose dot was clicked; the table is the way for keys
 */
export function drawRoofline(
  target: Element,
  ceilings: Ceilings,
  results: readonly KernelResult[],
  selected: KernelResult | undefined,
  choose: (result: KernelResult) => void,
): void {
  const drawn = results.filter(({ flops }) => flops > 0);
  const scale = rooflineOf(ceilings, drawn, AREA);
  const { left, right, top, bottom } = AREA;
  const grid = [
    ...ticks(scale.x).flatMap((value) => {
      const x = scale.toX(value);
      return [
        svg('line', { class: 'grid', x1: x, x2: x, y1: top, y2: bottom }),
        svg('text', { x, y: bottom + 16, 'text-anchor': 'middle' }, digits(value)),
      ];
    }),
    ...ticks(scale.y).flatMap((value, i) => {
      const y = scale.toY(value);
      return [
        svg('line', { class: 'grid', x1: left, x2: right, y1: y, y2: y }),
        // The lowest label stands above its line, out of the way of the other axis.
        svg('text', { x: left - 6, y: y + (i === 0 ? -2 : 4), 'text-anchor': 'end' }, digits(value)),
      ];
    }),
    svg('text', { x: (left + right) / 2, y: bottom + 36, 'text-anchor': 'middle' }, 'FLOPs per byte'),
    svg('text', { x: left + 4, y: top + 10 }, 'GFLOP/s'),
  ];
  const roof = svg('path', { class: 'roofs', d: scale.roof });
  const dots = drawn.map((result) => {
    const chosen = result === selected;
    const dot = svg('circle', {
      class: `dot ${classOf(result)}${chosen ? ' selected' : ''}`,
      cx: scale.toX(result.flops / result.bytes),
      cy: scale.toY(result.gflops),
      r: chosen ? 7 : 5,
    });
    dot.append(svg('title', {}, `${result.op} ${result.shapes}: ${digits(result.gflops)} GFLOP/s`));
    dot.addEventListener('click', () => choose(result));
    return dot;
  });
  dots.sort((a, b) => Number(a.classList.contains('selected')) - Number(b.classList.contains('selected')));
  target.replaceChildren(...grid, roof, ...dots);
  target.setAttribute(
    'aria-label',
    `Roofline of ${drawn.length} kernels under ${digits(ceilings.gflops)} GFLOP/s and ${digits(ceilings.gbs)} GB/s; the table beside it has the same kernels`,
  );
}
