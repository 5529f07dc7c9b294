import { create, percent } from '../../../shared/dom.ts';
import { bytesText, flopsText, timeText } from '../../../shared/units.ts';
import type { GraphHost, GraphState } from './view.ts';
import { titleOf } from './texts.ts';

const MOST = 6;

/** The whole step, while no dispatch is chosen: what its colours mean, and where its time goes. */
export function overviewOf({ graph, times }: GraphState, host: GraphHost): HTMLElement {
  const { nodes, memory } = graph;
  const flops = nodes.reduce((sum, node) => sum + node.flops, 0);
  const bytes = memory.slabs.reduce((sum, slab) => sum + slab, 0);
  const key = create(
    'ul',
    { className: 'graph-key' },
    create('li', { className: 'value' }, 'values'),
    create('li', { className: 'gradient' }, 'gradients'),
    create('li', { className: 'faint' }, 'read again later'),
  );
  const parts = [
    create(
      'p',
      {},
      `${nodes.length} dispatches, ${flopsText(flops)}, ${bytesText(bytes)} for the tensors in between.`,
    ),
    key,
  ];
  if (!times) {
    return create(
      'div',
      { className: 'overview' },
      create('h3', {}, 'The whole step'),
      ...parts,
      create(
        'p',
        { className: 'hint' },
        host.isRecorded
          ? 'Nothing runs here and nothing is measured. Choose a dispatch to see its kernel and what it binds.'
          : 'Choose a dispatch to see its kernel, what it binds and what it has just computed.',
      ),
    );
  }
  const sum = times.microseconds.reduce((a, b) => a + b, 0);
  const heaviest = nodes
    .toSorted((a, b) => times.microseconds[b.index] - times.microseconds[a.index])
    .slice(0, MOST);
  return create(
    'div',
    { className: 'overview' },
    create('h3', {}, 'The whole step'),
    ...parts,
    create(
      'p',
      { className: 'sum' },
      create('b', {}, timeText(sum)),
      ` as the sum of its dispatches; ${timeText(times.step)} in one pass.`,
    ),
    heatKey(Math.max(...times.microseconds)),
    create('h4', {}, 'Where its time goes'),
    create(
      'ol',
      { className: 'heaviest' },
      ...heaviest.map(({ index, group }) => {
        const button = create('button', { type: 'button', className: 'link' }, titleOf(nodes[index]));
        button.addEventListener('click', () => host.choose(index));
        const time = times.microseconds[index];
        return create(
          'li',
          {},
          button,
          create('span', {}, `${timeText(time)}, ${percent(time / sum)}`),
          ...(group ? [create('small', {}, group)] : []),
        );
      }),
    ),
    create(
      'p',
      { className: 'hint' },
      times.clock === 'timestamps'
        ? 'Measured by the GPU’s own clock, each dispatch in a pass of its own.'
        : 'Measured by the CPU’s clock around many repetitions of each dispatch: this GPU has no timestamps.',
    ),
  );
}

/** The one scale of colours. */
function heatKey(most: number): HTMLElement {
  return create(
    'div',
    { className: 'heat-key' },
    create('span', {}, '0'),
    create('i', {}),
    create('span', {}, `${timeText(most)} in one dispatch`),
  );
}
