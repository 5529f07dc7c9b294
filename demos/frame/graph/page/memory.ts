import { create, percent } from '../../../shared/dom.ts';
import { svg } from '../../../shared/svg.ts';
import { bytesText } from '../../../shared/units.ts';
import type { StepGraph } from '../stepGraph.ts';
import { titleOf } from './texts.ts';
import type { GraphHost, GraphState, GraphView } from './view.ts';

const WIDTH = 720;
const SLAB_GAP = 22;
const HEIGHT = 320;
const LEAST_SLAB = 26;
/** Width of a character of a block's name. */
const CHARACTER = 6.2;

/** Where tensors lie in memory while the step runs: dispatches to the right, addresses upward, a block for each slab. */
export function createMemory(host: GraphHost): GraphView {
  const text = create('p', { className: 'hint' });
  const drawing = svg('svg', { class: 'memory', role: 'img' });
  const told = create('p', { className: 'told' });
  const list = create('table', { className: 'dispatches memory-table' });
  const details = create(
    'details',
    {},
    create('summary', {}, 'As a table'),
    create(
      'div',
      { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Tensors of the memory plan' },
      list,
    ),
  );
  const element = create('div', {}, drawing, told, text, details);
  let drawn: StepGraph | undefined;

  return {
    element,
    show({ graph, chosen }: GraphState) {
      if (drawn !== graph) draw(graph);
      drawn = graph;
      for (const block of drawing.querySelectorAll<SVGElement>('.block')) {
        const { from, to } = block.dataset;
        const isNeeded = chosen !== undefined && Number(from) <= chosen && chosen <= Number(to);
        block.classList.toggle('needed', isNeeded);
      }
      const now = drawing.querySelector('.now')!;
      now.classList.toggle('on', chosen !== undefined);
      const x = (((chosen ?? 0) + 0.5) * WIDTH) / graph.nodes.length;
      now.setAttribute('d', `M${x} 0V${drawing.getAttribute('height')}`);
    },
  };

  function draw({ nodes, memory }: StepGraph): void {
    const { slabs, tensors, unshared } = memory;
    const all = slabs.reduce((sum, bytes) => sum + bytes, 0);
    const column = WIDTH / nodes.length;
    /** A tensor that has a number for its name is told by the dispatch that writes it, too. */
    const labelOf = ({ name, from }: StepGraph['memory']['tensors'][number]) =>
      name.startsWith('%') && nodes[from] ? `${titleOf(nodes[from])} ${name}` : name;
    const parts: SVGElement[] = [];
    let y = 0;
    slabs.forEach((bytes, slab) => {
      const height = Math.max(LEAST_SLAB, (HEIGHT * bytes) / all);
      const scale = height / bytes;
      parts.push(
        svg('text', { class: 'slab-name', x: 0, y: y + 13 }, `Slab ${slab + 1}, ${bytesText(bytes)}`),
        svg('rect', { class: 'slab', x: 0, y: y + SLAB_GAP, width: WIDTH, height }),
      );
      for (const tensor of tensors.filter((own) => own.slab === slab)) {
        const [from, to] = [tensor.from, Math.min(tensor.to, nodes.length - 1)];
        const size = Math.max(1, tensor.bytes * scale);
        const top = y + SLAB_GAP + height - tensor.offset * scale - size;
        const isGradient = nodes[from]?.phase === 'backward';
        const attributes = {
          x: from * column,
          y: Math.max(y + SLAB_GAP, top),
          width: (to - from + 1) * column,
          height: size,
        };
        const label = labelOf(tensor);
        const name = `${label}: ${bytesText(tensor.bytes)}, from dispatch ${from + 1} to ${to + 1}`;
        const block = svg(
          'rect',
          { class: `block${isGradient ? ' gradient' : ''}`, ...attributes },
          svg('title', {}, name),
        );
        Object.assign(block.dataset, { from, to });
        block.addEventListener('pointerenter', () => (told.textContent = name));
        block.addEventListener('click', () => host.choose(from));
        parts.push(block);
        const written = [label, tensor.name].find((own) => attributes.width > CHARACTER * own.length + 10);
        if (written && size > 14)
          parts.push(
            svg(
              'text',
              { class: 'block-name', x: attributes.x + 5, y: attributes.y + Math.min(size / 2, 14) + 4 },
              written,
            ),
          );
      }
      y += height + SLAB_GAP;
    });
    drawing.replaceChildren(...parts, svg('path', { class: 'now' }));
    drawing.setAttribute('viewBox', `0 0 ${WIDTH} ${y}`);
    drawing.setAttribute('height', String(y));
    const summary = `${tensors.length} tensors share ${slabs.length} ${slabs.length === 1 ? 'slab' : 'slabs'} of ${bytesText(all)}: ${percent(1 - all / unshared, 0)} less than without sharing.`;
    drawing.setAttribute('aria-label', `The memory plan. ${summary} The table below has each tensor.`);
    told.textContent = '';
    text.textContent = `From left to right: the dispatches of a step. Each block is a tensor: as long as it is needed, as high as it has bytes. A tensor takes over memory that another one no longer needs. ${summary}`;
    list.replaceChildren(
      create(
        'thead',
        {},
        create(
          'tr',
          {},
          ...['Tensor', 'Slab', 'Offset', 'Bytes', 'From', 'To'].map((title) =>
            create('th', { scope: 'col' }, title),
          ),
        ),
      ),
      create(
        'tbody',
        {},
        ...tensors.map((tensor) => {
          const { slab, offset, bytes, from, to } = tensor;
          return create(
            'tr',
            {},
            ...[
              labelOf(tensor),
              String(slab + 1),
              bytesText(offset),
              bytesText(bytes),
              String(from + 1),
              String(to + 1),
            ].map((cell) => create('td', {}, cell)),
          );
        }),
      ),
    );
  }
}
