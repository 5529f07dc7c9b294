import './graph.css';
import { announce } from '../../../shared/announce.ts';
import { create } from '../../../shared/dom.ts';
import { timeText } from '../../../shared/units.ts';
import type { StepGraph, StepNode, StepTimes } from '../stepGraph.ts';
import { droppedEdits } from './dropped.ts';
import { createDetails } from './details.ts';
import type { Work } from './details.ts';
import { createFlame } from './flame.ts';
import { groupingOf } from './grouping.ts';
import { createList } from './list.ts';
import { createMemory } from './memory.ts';
import { overviewOf } from './overview.ts';
import type { GraphPage } from './page.ts';
import { createPicture } from './picture.ts';
import { createRoof } from './roof.ts';
import type { GraphState } from './view.ts';

/** The compiled step, to look at: as a graph, in time, in memory, under the roofline, as a table. */
export function createPanel(place: HTMLElement, page: GraphPage) {
  let state: GraphState | undefined;
  let open = 0;
  const { isRecorded } = page;
  const host = {
    isRecorded,
    choose,
    measure: () => void measure(),
    work: (node: StepNode, on: Work) => work(node, on),
  };
  const picture = createPicture(host);
  const views = [
    { title: 'Graph', view: picture },
    ...(isRecorded ? [] : [{ title: 'Time', view: createFlame(host) }]),
    { title: 'Memory', view: createMemory(host) },
    ...(isRecorded ? [] : [{ title: 'Roofline', view: createRoof(host) }]),
    { title: 'List', view: createList(host) },
  ];
  const details = createDetails(page, host);
  const side = create('aside', { className: 'graph-side', 'aria-label': 'The chosen dispatch' });
  const body = create('div', { className: 'graph-view', role: 'tabpanel', id: 'graph-view' });
  const tabs = views.map(({ title }, i) => {
    const tab = create(
      'button',
      { type: 'button', role: 'tab', id: `graph-tab-${i}`, 'aria-controls': body.id },
      title,
    );
    tab.addEventListener('click', () => turn(i));
    return tab;
  });
  const bar = create(
    'div',
    { className: 'tabs', role: 'tablist', 'aria-label': 'Ways to look at the step' },
    ...tabs,
  );
  bar.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    turn((open + by + tabs.length) % tabs.length);
    tabs[open].focus();
  });
  const fold = create('button', { type: 'button', 'aria-pressed': 'false' }, 'Layers only');
  fold.addEventListener('click', () => {
    const on = fold.ariaPressed !== 'true';
    fold.ariaPressed = String(on);
    picture.foldAll(on);
  });
  const ask = create('button', { type: 'button', hidden: isRecorded }, 'Measure');
  ask.addEventListener('click', () => void measure());
  const notes = create('div', { className: 'graph-notes' });
  place.replaceChildren(
    create('div', { className: 'graph-head' }, bar, create('div', { className: 'actions' }, fold, ask)),
    notes,
    create('div', { className: 'graph-body' }, body, side),
  );
  place.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || state?.chosen === undefined) return;
    event.preventDefault();
    choose(undefined);
  });

  // Nothing is drawn for a panel that is out of sight.
  let isSeen = false;
  new IntersectionObserver((entries) => {
    isSeen = entries.at(-1)!.isIntersecting;
    look();
  }).observe(place);

  function look(): void {
    if (state?.chosen === undefined) return;
    if (isSeen) details.fetch(state.chosen).catch(gone);
    else lookAway();
  }

  const lookAway = () => void page.call('graphLook', undefined).catch(gone);

  function turn(to: number): void {
    open = to;
    paint();
  }

  function paint(): void {
    const { view } = views[open];
    tabs.forEach((tab, i) => {
      tab.ariaSelected = String(i === open);
      tab.tabIndex = i === open ? 0 : -1;
    });
    body.setAttribute('aria-labelledby', tabs[open].id);
    fold.hidden = open !== 0;
    if (body.firstChild !== view.element) body.replaceChildren(view.element);
    if (!state) return;
    view.show(state);
    const isChosen = state.chosen !== undefined;
    side.classList.toggle('open', isChosen);
    if (isChosen) details.show(state);
    const content = isChosen ? details.element : overviewOf(state, host);
    side.replaceChildren(content);
  }

  function choose(index: number | undefined): void {
    if (!state) return;
    const before = state.chosen;
    state = { ...state, chosen: index };
    paint();
    if (index !== undefined) return look();
    lookAway();
    if (before !== undefined) place.querySelector<HTMLElement>('.picture .box[tabindex="0"]')?.focus();
  }

  /** Someone has asked for times: of the step there is, or of the next one where it goes meanwhile. */
  let isMeasuring = false;

  async function measure(): Promise<void> {
    isMeasuring = true;
    paintAsk();
    const measured = state?.graph;
    const times = await page.call('graphMeasure').catch(gone);
    if (isMeasuring && times && state?.graph === measured) showTimes(times);
  }

  function paintAsk(): void {
    ask.disabled = isMeasuring;
    ask.textContent = isMeasuring ? 'Measuring …' : state?.times ? 'Measure again' : 'Measure';
  }

  function showTimes(times: StepTimes): void {
    isMeasuring = false;
    state = { ...state!, times };
    paintAsk();
    paint();
    const sum = times.microseconds.reduce((a, b) => a + b, 0);
    announce(`Measured: the dispatches of a step take ${timeText(sum)}.`);
  }

  /** Opens the editor or the stepper, which are loaded then; afterwards the kernel may be another. */
  async function work(node: StepNode, on: Work): Promise<void> {
    if (on === 'edit') await (await import('./edit.ts')).editKernel(page, node);
    else await (await import('./step.ts')).stepKernel(page, node);
    if (state?.chosen === node.index) look();
  }

  /** A step was compiled, maybe the same as before. */
  async function refresh(): Promise<void> {
    const graph = await page.call('graph').catch(gone);
    if (!graph) return;
    const isSame = state !== undefined && sameStep(state.graph, graph);
    if (!isSame) {
      const chosen = state?.chosen;
      const isThere = chosen !== undefined && graph.nodes[chosen]?.label === state!.graph.nodes[chosen].label;
      state = { graph, grouping: groupingOf(graph), times: undefined, chosen: isThere ? chosen : undefined };
    }
    paintAsk();
    if (isMeasuring) void measure();
    paint();
    look();
    const edits = await droppedEdits(page, state!, look).catch(gone);
    if (edits) notes.replaceChildren(...edits);
  }

  void refresh();
  return { refresh: () => void refresh() };
}

/** The step is gone that was asked about: the page is told of the next one, and asks anew. */
const gone = (): undefined => undefined;

/** Whether two steps are made of the same dispatches of the same sizes. */
function sameStep(a: StepGraph, b: StepGraph): boolean {
  const mark = ({ nodes }: StepGraph) =>
    nodes.map(({ label, kernel, variant, bytes, workgroups }) =>
      [label, kernel, variant, bytes, workgroups].join(),
    );
  return mark(a).join('\n') === mark(b).join('\n');
}
