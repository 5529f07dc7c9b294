import { create } from '../../../shared/dom.ts';
import { svg } from '../../../shared/svg.ts';
import { flopsText, rateText, timeText } from '../../../shared/units.ts';
import { drawRoofline } from '../../../widgets/roofline.ts';
import type { GraphHost, GraphView } from './view.ts';

/** What each dispatch reaches, and what the machine could: both were measured. */
export function createRoof(host: GraphHost): GraphView {
  const drawing = svg('svg', { class: 'roofline', viewBox: '0 0 640 400', role: 'img' });
  const text = create('p', { className: 'hint' });
  const ask = create('button', { type: 'button' }, 'Measure');
  ask.addEventListener('click', () => host.measure());
  const empty = create('p', { className: 'unmeasured' }, 'Nothing is measured yet. ', ask);
  const element = create('div', { className: 'roof-frame' });

  return {
    element,
    show({ graph, times, chosen }) {
      if (!times) return element.replaceChildren(empty);
      const { gflops, gbs } = times.ceilings;
      drawRoofline(
        drawing,
        times.ceilings,
        graph.nodes
          .filter(({ index }) => times.microseconds[index] > 0)
          .map((node) => ({
            flops: node.flops,
            bytes: node.bytes,
            gflops: node.flops / times.microseconds[node.index] / 1e3,
            kind: node.phase === 'backward' ? 'gradient' : 'other',
            title: `${node.label}: ${flopsText(node.flops)} in ${timeText(times.microseconds[node.index])}`,
            chosen: node.index === chosen,
            choose: () => host.choose(node.index),
          })),
      );
      text.textContent = `Each dot is a dispatch that computes: violet ones compute gradients. To the right: more operations for each byte that is read or written. Upward: more operations in a second. The line is what this machine reached in a copy (${rateText(1e9 * gbs, 'B')}) and in multiplications (${rateText(1e9 * gflops, 'FLOP')}), measured with the step.`;
      element.replaceChildren(drawing, text);
    },
  };
}
