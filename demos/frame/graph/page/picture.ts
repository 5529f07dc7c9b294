import { create, percent, watchSize } from '../../../shared/dom.ts';
import { svg } from '../../../shared/svg.ts';
import { timeText } from '../../../shared/units.ts';
import type { StepNode } from '../stepGraph.ts';
import type { Box } from './boxes.ts';
import type { Heading, Layout } from './layout.ts';
import { layoutOf } from './layout.ts';
import type { Path } from './routes.ts';
import { breakable, shapeText, titleOf } from './texts.ts';
import type { GraphHost, GraphState, GraphView } from './view.ts';
import { walk } from './walk.ts';

const COLUMN_TITLES = ['Forward', 'Backward', 'Backward, to the weights'];
const HINT =
  'Keys: arrows move along the step, Page Up and Page Down in the order of time; Enter opens a dispatch, f folds its layer. The tab List has the same as a table.';

/** The compiled step as a picture: dispatches as buttons, the ways of the tensors behind them. */
export function createPicture(host: GraphHost): GraphView & { foldAll(on: boolean): void } {
  const element = create('div', {
    className: 'picture',
    role: 'application',
    'aria-label': 'The step as a graph',
  });
  const hint = create('p', { className: 'hint', id: 'graph-hint' }, HINT);
  element.setAttribute('aria-describedby', hint.id);
  const titles = create('div', { className: 'picture-columns', 'aria-hidden': 'true' });
  titles.append(...COLUMN_TITLES.map((text) => create('span', {}, text)));
  const folded = new Set<string>();
  let width = 0;
  let state: GraphState | undefined;
  let layout: Layout;
  let drawn: { readonly graph: GraphState['graph']; readonly width: number } | undefined;
  let buttons = new Map<string, HTMLButtonElement>();
  let lines: { readonly path: Path; readonly line: SVGElement }[] = [];

  watchSize(element, (now) => {
    if (Math.abs(now - width) < 1) return;
    width = now;
    if (state) show(state);
  });

  function draw(focus?: string): void {
    const { graph, grouping } = state!;
    layout = layoutOf(graph, grouping, { width, folded });
    drawn = { graph, width };
    element.style.height = `${layout.height}px`;
    element.classList.toggle('narrow', layout.columns.between < 20);
    const drawing = svg('svg', { width, height: layout.height, 'aria-hidden': 'true' });
    lines = layout.paths.map((path) => ({ path, line: lineOf(path) }));
    drawing.append(arrowheads(), ...lines.map(({ line }) => line));
    buttons = new Map(layout.boxes.map((box) => [box.id, buttonOf(box)]));
    element.replaceChildren(drawing, ...layout.headings.map(headingOf), ...buttons.values());
    const start = focus && buttons.get(focus) ? focus : layout.boxes[0]?.id;
    for (const [id, button] of buttons) button.tabIndex = id === start ? 0 : -1;
    if (focus) buttons.get(focus)?.focus();
  }

  function buttonOf(box: Box): HTMLButtonElement {
    const { nodes } = state!.graph;
    const [node] = box.nodes.map((index) => nodes[index]);
    const many = box.nodes.length > 1;
    const title = many ? `${box.nodes.length} dispatches` : titleOf(node);
    const rest = many ? [] : node.fused.map((fn) => create('i', {}, `+ ${fn} `));
    const button = create(
      'button',
      { type: 'button', className: `box ${node.phase}` },
      create('b', {}, ...breakable(title)),
      ' ',
      create(
        'span',
        { className: 'fused' },
        ...(rest.length > 0 || many ? rest : [node.kernel.split('/').at(-1)!]),
      ),
      ' ',
      create('span', { className: 'time' }),
    );
    button.classList.toggle('is-fused', rest.length > 0);
    Object.assign(button.style, {
      left: `${box.x}px`,
      top: `${box.y}px`,
      width: `${box.width}px`,
      height: `${box.height}px`,
    });
    button.addEventListener('click', () => {
      if (many) fold(groupOf(box)!, false);
      else host.choose(state!.chosen === node.index ? undefined : node.index);
    });
    button.addEventListener('focus', () => light(box.id));
    button.addEventListener('pointerenter', () => light(box.id));
    button.addEventListener('pointerleave', () => light());
    button.addEventListener('keydown', (event) => onKey(event, box));
    return button;
  }

  function onKey(event: KeyboardEvent, box: Box): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const group = groupOf(box);
    if (event.key === 'f' && group) fold(group, !folded.has(group));
    else {
      const next = walk(layout, box, event.key);
      if (!next) return;
      for (const [id, button] of buttons) button.tabIndex = id === next.id ? 0 : -1;
      buttons.get(next.id)!.focus();
    }
    event.preventDefault();
  }

  const groupOf = (box: Box) =>
    layout.headings.find(({ kind, nodes }) => kind === 'row' && nodes.includes(box.nodes[0]))?.row!.group;

  function fold(group: string, on: boolean): void {
    const old = layout.boxes.find((box) => groupOf(box) === group)?.nodes[0];
    folded[on ? 'add' : 'delete'](group);
    draw();
    const next = layout.boxes.find(({ nodes }) => nodes.includes(old!));
    paint();
    if (next) buttons.get(next.id)!.focus();
  }

  function headingOf(heading: Heading): HTMLElement {
    const { kind, name, row, y } = heading;
    const place = create('div', { className: `picture-heading is-${kind}` });
    place.style.top = `${y}px`;
    if (heading.height) place.style.height = `${heading.height}px`;
    if (kind !== 'row') {
      place.append(create('span', {}, name));
      return place;
    }
    const toggle = create(
      'button',
      { type: 'button', tabIndex: -1, 'aria-expanded': String(!heading.folded) },
      name,
    );
    toggle.addEventListener('click', () => fold(row!.group, !heading.folded));
    const variables = row!.variables.map(
      ({ name: own, shape }) => `${own.split('.').at(-1)} ${shapeText(shape)}`,
    );
    place.append(
      toggle,
      create('span', { className: 'variables' }, variables.join(', ')),
      create('span', { className: 'time' }),
    );
    return place;
  }

  /** Lights up the ways from and to a box: that under the pointer, else the chosen one. */
  function light(id = chosenBox()): void {
    for (const { path, line } of lines) {
      line.classList.toggle('lit', path.from === id || path.to === id);
    }
    for (const [own, button] of buttons) {
      const isNext = lines.some(
        ({ path: { from, to } }) => (from === id && to === own) || (to === id && from === own),
      );
      button.classList.toggle('next', isNext);
    }
  }

  const chosenBox = () => layout.boxes.find(({ nodes }) => nodes.includes(state!.chosen ?? -1))?.id;

  /** Times and the choice. */
  function paint(): void {
    const { graph, times, chosen } = state!;
    const timeOf = (nodes: readonly number[]) =>
      nodes.reduce((sum, index) => sum + (times?.microseconds[index] ?? 0), 0);
    const sum = times ? timeOf(graph.nodes.map(({ index }) => index)) : 0;
    const most = Math.max(...layout.boxes.map(({ nodes }) => timeOf(nodes)));
    element.classList.toggle('measured', times !== undefined);
    for (const box of layout.boxes) {
      const button = buttons.get(box.id)!;
      const time = timeOf(box.nodes);
      button.querySelector('.time')!.textContent = times ? timeText(time) : '';
      if (times) button.style.setProperty('--heat', String(time / most));
      else button.style.removeProperty('--heat');
      const own = box.nodes.map((index) => graph.nodes[index]);
      button.ariaCurrent = box.nodes.includes(chosen ?? -1) ? 'true' : null;
      const shown = [...button.children]
        .map(({ textContent }) => textContent)
        .join(' ')
        .trim();
      button.ariaLabel = spoken(shown, own, times ? `${percent(time / sum)} of the step` : '', state!);
    }
    element.querySelectorAll<HTMLElement>('.picture-heading').forEach((place, i) => {
      const time = place.querySelector('.time');
      if (time) time.textContent = times ? timeText(timeOf(layout.headings[i].nodes)) : '';
    });
    light();
  }

  function show(next: GraphState): void {
    const isOther = state?.graph !== next.graph;
    state = next;
    if (width === 0) return;
    const focus = layout?.boxes.find(({ id }) => buttons.get(id) === document.activeElement)?.id;
    if (isOther || drawn?.width !== width) draw(focus);
    paint();
  }

  return {
    element: create('div', { className: 'picture-frame' }, titles, element, hint),
    show,
    foldAll(on) {
      folded.clear();
      if (on)
        for (const { rows } of state!.grouping.sections) for (const { group } of rows) folded.add(group);
      draw();
      paint();
    },
  };
}

/** What a screen reader says of a box: first what it shows. */
function spoken(shown: string, own: readonly StepNode[], share: string, { graph }: GraphState): string {
  const [node] = own;
  const where = node.group ? `of ${node.group}` : '';
  if (own.length > 1) return [shown, where, 'folded', node.phase, share].filter(Boolean).join(', ');
  const from = graph.edges
    .filter(({ to }) => to === node.index)
    .map(({ from: index, tensor, shape }) => {
      const name = index < 0 ? tensor : `dispatch ${index + 1}`;
      return `${name} ${shapeText(shape)}`;
    });
  return [
    shown,
    where,
    `dispatch ${node.index + 1} of ${graph.nodes.length}`,
    node.phase,
    share,
    from.length > 0 ? `reads ${from.join('; ')}` : '',
  ]
    .filter(Boolean)
    .join(', ');
}

function lineOf({ d, gradient, main, label, at, anchor }: Path): SVGElement {
  const line = svg('path', {
    d,
    'marker-end': gradient ? 'url(#graph-arrow-gradient)' : 'url(#graph-arrow)',
  });
  const text = svg('text', { x: at.x, y: at.y, 'text-anchor': anchor }, label);
  return svg(
    'g',
    { class: ['way', gradient && 'gradient', main && 'main'].filter(Boolean).join(' ') },
    line,
    text,
  );
}

function arrowheads(): SVGElement {
  const heads = ['', '-gradient'].map((suffix) =>
    svg(
      'marker',
      {
        id: `graph-arrow${suffix}`,
        viewBox: '0 0 8 8',
        refX: 7,
        refY: 4,
        markerWidth: 6,
        markerHeight: 6,
        orient: 'auto',
      },
      svg('path', { class: `head${suffix}`, d: 'M0 1L7 4L0 7z' }),
    ),
  );
  return svg('defs', {}, ...heads);
}
