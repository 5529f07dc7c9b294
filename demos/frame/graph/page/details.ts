import { create } from '../../../shared/dom.ts';
import { bytesText } from '../../../shared/units.ts';
import { listing } from '../../../widgets/listing.ts';
import type { StepCode } from '../calls.ts';
import type { StepBinding, StepGraph, StepNode } from '../stepGraph.ts';
import { figuresOf } from './figures.ts';
import type { GraphPage } from './page.ts';
import { createPictures } from './pictures.ts';
import { shapeText, titleOf } from './texts.ts';
import type { GraphHost, GraphState } from './view.ts';

/** What can be done with a kernel. */
export type Work = 'edit' | 'step';
const WORKS: Readonly<Record<Work, string>> = {
  edit: 'Edit this kernel',
  step: 'Step through it on these numbers',
};

/** Everything about one dispatch. */
export function createDetails(
  page: GraphPage,
  host: GraphHost & { work(node: StepNode, on: Work): Promise<void> },
) {
  const head = create('header', {});
  const figures = create('div', {});
  const pictures = createPictures(page);
  const ways = create('div', { className: 'node-ways' });
  const bindings = create('div', {
    className: 'scroll',
    tabIndex: 0,
    role: 'region',
    'aria-label': 'Bindings',
  });
  const code = create('div', { className: 'code', tabIndex: 0, role: 'region', 'aria-label': 'The kernel' });
  const written = create('input', { type: 'checkbox' });
  const actions = create('div', { className: 'actions' });
  const problem = create('p', { role: 'alert', hidden: true });
  const element = create(
    'div',
    { className: 'node' },
    head,
    figures,
    pictures.element,
    ways,
    actions,
    problem,
    details('Bindings', bindings),
    details(
      'The kernel',
      ...(host.isRecorded
        ? []
        : [create('label', { className: 'compiled' }, written, 'as written in its file')]),
      code,
    ),
  );
  let shown: StepCode | undefined;
  let shownIndex: number | undefined;
  /** The dispatch whose code and pictures were asked for last. */
  let asked: object | undefined;

  written.addEventListener('change', paintCode);

  function paintCode(): void {
    if (shown) code.replaceChildren(listing(written.checked ? shown.source : shown.code));
  }

  function show(state: GraphState): void {
    const node = state.graph.nodes[state.chosen!];
    const { kernel, variant, fused, group, phase, index, label } = node;
    const close = create('button', { type: 'button', className: 'close', ariaLabel: 'Close' }, '×');
    close.addEventListener('click', () => host.choose(undefined));
    const link = create(
      'a',
      { href: `../explorer/index.html?kernel=${kernel}`, target: '_blank' },
      `${kernel}.wgsl`,
    );
    const title = create('h3', { tabIndex: -1 }, titleOf(node));
    const where = `Dispatch ${index + 1} of ${state.graph.nodes.length}, ${phase}${group ? `, layer ${group}` : ''}`;
    head.replaceChildren(
      title,
      close,
      create('p', { className: 'hint', title: label }, where),
      create('p', { className: 'node-kernel' }, link, variant ? ` ${variant}` : ''),
      ...(fused.length > 0
        ? [
            create(
              'p',
              { className: 'node-fused' },
              'Fused into it: ',
              ...fused.flatMap((fn, i) => [i > 0 ? ', ' : '', create('i', {}, fn)]),
            ),
          ]
        : []),
    );
    figures.replaceChildren(figuresOf(node, state.times));
    ways.replaceChildren(...waysOf(state, node, host));
    bindings.replaceChildren(bindingTable(node.bindings));
    if (index === shownIndex) return;
    shownIndex = index;
    problem.hidden = true;
    if (host.isRecorded) return;
    actions.replaceChildren(
      ...(['edit', 'step'] as const).map((on) => {
        const button = create('button', { type: 'button' }, WORKS[on]);
        button.addEventListener('click', async () => {
          button.disabled = true; // it loads
          problem.hidden = true;
          try {
            await host.work(node, on);
          } catch (error) {
            problem.hidden = false;
            problem.textContent = `This did not work: ${(error as Error).message}`;
          }
          button.disabled = false;
          button.focus();
        });
        return button;
      }),
    );
  }

  return {
    element,
    show,
    /** Fetches code and pictures of the dispatch; those of the one before go at once. */
    async fetch(index: number): Promise<void> {
      const ask = {};
      asked = ask;
      shown = undefined;
      code.replaceChildren();
      pictures.show({ output: undefined, gradient: undefined });
      const coding = page.call('graphCode', index);
      const looking = page.call('graphLook', index);
      looking.catch(() => {}); // awaited below
      const own = await coding;
      if (asked !== ask) return;
      shown = own; // at once: the dispatches before it may take long to compile for the pictures
      element.classList.toggle('is-edited', own.edited);
      paintCode();
      const pictured = await looking;
      if (asked === ask) pictures.show(pictured);
    },
  };
}

function details(title: string, ...content: HTMLElement[]): HTMLElement {
  return create('details', {}, create('summary', {}, title), ...content);
}

/** Where its data come from and go to, as links. */
function waysOf({ graph }: GraphState, { index }: StepNode, host: GraphHost): HTMLElement[] {
  /** Of several tensors to or from the same dispatch one item tells. */
  const links = (edges: readonly StepGraph['edges'][number][], end: 'from' | 'to') =>
    [...new Set(edges.map((edge) => edge[end]))].map((other) => {
      const button = create('button', { type: 'button', className: 'link' }, titleOf(graph.nodes[other]));
      button.addEventListener('click', () => host.choose(other));
      const shapes = edges.flatMap((edge) => (edge[end] === other ? shapeText(edge.shape) : []));
      return create('li', {}, button, ` ${shapes.join(', ')}`);
    });
  const from = graph.edges.filter(({ to }) => to === index);
  const to = graph.edges.filter((edge) => edge.from === index);
  const list = (title: string, items: HTMLElement[]) =>
    items.length > 0 ? [create('div', {}, create('b', {}, title), create('ul', {}, ...items))] : [];
  return [
    ...list('From', [
      ...links(
        from.filter((edge) => edge.from >= 0),
        'from',
      ),
      ...from
        .filter((edge) => edge.from < 0)
        .map(({ tensor, shape }) => create('li', {}, `${tensor} ${shapeText(shape)}`)),
    ]),
    ...list('To', links(to, 'to')),
  ];
}

function bindingTable(bindings: readonly StepBinding[]): HTMLElement {
  const titles = ['Variable', 'Tensor', 'Shape', 'Bytes'];
  return create(
    'table',
    { className: 'dispatches' },
    create('thead', {}, create('tr', {}, ...titles.map((title) => create('th', { scope: 'col' }, title)))),
    create(
      'tbody',
      {},
      ...bindings.map(({ name, writes, tensor, shape, dtype, bytes }) =>
        create(
          'tr',
          {},
          create('td', {}, writes ? `→ ${name}` : name),
          create('td', {}, tensor),
          create('td', {}, `${shapeText(shape)} ${dtype}`),
          create('td', {}, bytesText(bytes)),
        ),
      ),
    ),
  );
}
