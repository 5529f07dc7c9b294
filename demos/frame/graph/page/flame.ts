import { create, percent } from '../../../shared/dom.ts';
import { rove } from '../../../shared/roving.ts';
import { timeText } from '../../../shared/units.ts';
import type { StepNode } from '../stepGraph.ts';
import { titleOf } from './texts.ts';
import type { GraphHost, GraphView } from './view.ts';

/** Neighbours in time that belong together. */
export interface Span {
  readonly name: string;
  readonly nodes: readonly number[];
  /** In microseconds from the start of the step. */
  readonly from: number;
  readonly to: number;
}

/** Consecutive dispatches with the same name, and when they run. */
export function spansOf(
  nodes: readonly StepNode[],
  microseconds: readonly number[],
  nameOf: (node: StepNode) => string,
): Span[] {
  const spans: { name: string; nodes: number[]; from: number; to: number }[] = [];
  let at = 0;
  for (const node of nodes) {
    const name = nameOf(node);
    const end = at + microseconds[node.index];
    const last = spans.at(-1);
    if (last?.name === name) {
      last.nodes.push(node.index);
      last.to = end;
    } else spans.push({ name, nodes: [node.index], from: at, to: end });
    at = end;
  }
  return spans;
}

const PHASES: Readonly<Record<StepNode['phase'], string>> = {
  data: 'Data',
  forward: 'Forward',
  loss: 'Loss',
  backward: 'Backward',
  optimizer: 'Optimizer',
  record: 'Records',
};

/** The step in time: phases over layers over dispatches, each as wide as it takes. */
export function createFlame(host: GraphHost): GraphView {
  const rows = create('div', { className: 'flame' });
  const refresh = rove(rows, () => 1);
  const text = create('p', { className: 'hint' });
  const ask = create('button', { type: 'button' }, 'Measure');
  ask.addEventListener('click', () => host.measure());
  const empty = create('p', { className: 'unmeasured' }, 'Nothing is measured yet. ', ask);
  const element = create('div', { className: 'flame-frame' });

  return {
    element,
    show({ graph, times, chosen }) {
      if (!times) return element.replaceChildren(empty);
      const { nodes } = graph;
      const total = times.microseconds.reduce((sum, time) => sum + time, 0);
      const most = Math.max(...times.microseconds);
      const focused = rows.contains(document.activeElement);
      const bar = (span: Span, own: HTMLElement) => {
        own.title = `${span.name}: ${timeText(span.to - span.from)}, ${percent((span.to - span.from) / total)}`;
        own.style.left = `${(100 * span.from) / total}%`;
        own.style.width = `${(100 * (span.to - span.from)) / total}%`;
        return own;
      };
      const line = (name: string, ...bars: HTMLElement[]) =>
        create('div', { className: 'flame-row', role: 'group', 'aria-label': name }, ...bars);
      const still = (span: Span) =>
        bar(span, create('span', { className: 'span' }, create('span', {}, span.name)));
      const dispatch = (span: Span) => {
        const [index] = span.nodes;
        const own = create(
          'button',
          { type: 'button', className: 'span' },
          create('span', {}, titleOf(nodes[index])),
        );
        bar({ ...span, name: nodes[index].label }, own);
        own.ariaLabel = `${titleOf(nodes[index])}, ${own.title}`;
        own.style.setProperty('--heat', String(times.microseconds[index] / most));
        own.ariaCurrent = index === chosen ? 'true' : null;
        own.addEventListener('click', () => host.choose(index));
        return own;
      };
      const spans = (nameOf: (node: StepNode) => string) => spansOf(nodes, times.microseconds, nameOf);
      rows.replaceChildren(
        line('Phases', ...spans(({ phase }) => PHASES[phase]).map(still)),
        line('Layers', ...spans(({ group, phase }) => group || PHASES[phase]).map(still)),
        line('Dispatches', ...spans(({ index }) => String(index)).map(dispatch)),
      );
      refresh();
      if (focused) rows.querySelector<HTMLElement>('[aria-current]')?.focus();
      text.textContent = `From left to right: one step, ${timeText(total)} as the sum of its dispatches. Phases, layers and dispatches are as wide as the time that they take.`;
      element.replaceChildren(rows, axisOf(total), text);
    },
  };
}

/** Times under the rows. */
function axisOf(total: number): HTMLElement {
  const step = niceStep(total / 4);
  const axis = create('div', { className: 'flame-axis', 'aria-hidden': 'true' });
  for (let at = 0; at < total; at += step) {
    const tick = create('span', {}, timeText(at));
    tick.style.left = `${(100 * at) / total}%`;
    axis.append(tick);
  }
  return axis;
}

/** 1, 2 or 5 times a power of ten. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least * (1 - 1e-9))!;
}
