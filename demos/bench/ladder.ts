import { digits } from '../../bench/report/markdown.ts';
import type { Ceilings, KernelResult } from '../../bench/report/schema.ts';
import { create } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';

/** The kernels of every size as bars, the slowest first; a full bar is the machine's limit of arithmetic. */
export function drawLadder(
  target: Element,
  { gflops: ceiling }: Ceilings,
  results: readonly KernelResult[],
): void {
  const sizes = [...new Set(results.map(({ shapes }) => shapes))];
  target.replaceChildren(
    ...sizes.map((shapes) => {
      const own = results.filter((result) => result.shapes === shapes);
      const rungs = own.toSorted((a, b) => a.gflops - b.gflops);
      const side = shapes.split('×')[0];
      return create(
        'section',
        { className: 'panel' },
        create('h3', {}, `${side} × ${side} × ${side} `, create('small', {}, 'GFLOP/s')),
        create('dl', {}, ...rungs.flatMap((result) => rungRow(result, ceiling))),
      );
    }),
  );
}

function rungRow({ variant, chosen, gflops }: KernelResult, ceiling: number): HTMLElement[] {
  const share = Math.min(1, gflops / ceiling);
  const bar = svg('svg', {
    class: 'bar',
    viewBox: '0 0 100 8',
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  });
  bar.append(
    svg('rect', { class: 'track', width: 100, height: 8 }),
    svg('rect', { class: 'value', width: 100 * share, height: 8 }),
  );
  return [
    create('dt', {}, `${variant}${chosen ? ' ★' : ''}`),
    create('dd', {}, bar as unknown as HTMLElement, digits(gflops)),
  ];
}
