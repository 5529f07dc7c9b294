import { create, percent } from '../../../shared/dom.ts';
import { flopsText, timeText } from '../../../shared/units.ts';
import type { StepNode } from '../stepGraph.ts';
import { workgroupsText } from './texts.ts';
import type { GraphHost, GraphState, GraphView } from './view.ts';

/** The step as a table, dispatch by dispatch. */
export function createList(host: GraphHost): GraphView {
  const table = create('table', { className: 'dispatches', id: 'dispatches' });
  const element = create(
    'div',
    { className: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Dispatches of a training step' },
    table,
  );

  function row(
    { graph, times, chosen }: GraphState,
    { index, label, kernel, workgroups, flops }: StepNode,
  ): HTMLElement {
    const time = times?.microseconds[index];
    const sum = times?.microseconds.reduce((a, b) => a + b, 0) ?? 0;
    const most = Math.max(...(times?.microseconds ?? graph.nodes.map((node) => node.flops)));
    const button = create('button', { type: 'button', title: 'Look at this dispatch' }, `${kernel}.wgsl`);
    button.addEventListener('click', () => host.choose(index));
    const work = create(
      'td',
      { className: 'work' },
      time === undefined ? (flops > 0 ? flopsText(flops) : '–') : `${timeText(time)}, ${percent(time / sum)}`,
    );
    work.style.setProperty('--share', String((time ?? flops) / most));
    const texts = [String(index + 1), label, button, workgroupsText(workgroups)];
    const own = create('tr', {}, ...texts.map((cell) => create('td', {}, cell)), work);
    if (index === chosen) own.ariaCurrent = 'true';
    return own;
  }

  return {
    element,
    show(state) {
      const isFocused = table.contains(document.activeElement);
      const titles = ['Where', 'Kernel', 'Workgroups', state.times ? 'Time' : 'Work'];
      table.replaceChildren(
        create(
          'thead',
          {},
          create('tr', {}, create('td'), ...titles.map((text) => create('th', { scope: 'col' }, text))),
        ),
        create('tbody', {}, ...state.graph.nodes.map((node) => row(state, node))),
      );
      if (isFocused)
        table.querySelector<HTMLElement>('[aria-current] button')?.focus({ preventScroll: true });
    },
  };
}
