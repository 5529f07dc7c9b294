import { numbers } from 'virtual:worked-numbers';
import { create } from '../../shared/dom.ts';
import { tensorGrid } from '../../widgets/step/grid.ts';
import type { Mark } from '../../widgets/step/grid.ts';
import '../../widgets/step/step.css';
import type { Shown, ShownElements, ShownLevels, ShownSteps } from './shown.ts';
import { written } from './written.ts';

/** Milliseconds of an element while they are played through. */
const PACE = 900;

/** The worked numbers of a family; nothing where it has none. */
export function workedSections(folder: string, signal: AbortSignal): HTMLElement[] {
  return (numbers[folder] ?? []).map((shown) =>
    create(
      'section',
      { className: 'worked panel stepping' },
      create('h3', {}, shown.title),
      ...contentOf(shown, signal),
    ),
  );
}

function contentOf(shown: Shown, signal: AbortSignal): HTMLElement[] {
  if (shown.kind === 'levels') return levels(shown);
  return shown.kind === 'steps' ? steps(shown) : elements(shown, signal);
}

function elements({ buffers, output, elements: all }: ShownElements, signal: AbortSignal): HTMLElement[] {
  const told = create('p', { className: 'told', role: 'status' });
  const play = create('button', { type: 'button' }, 'Play');
  let element = 0;
  let playing: ReturnType<typeof setInterval> | undefined;
  const grids = buffers.map(({ name, note, shape, isFilter }) =>
    tensorGrid({
      name,
      note,
      shape,
      isFilter,
      onChoose: name === output ? (own) => choose(own, true) : undefined,
    }),
  );

  function stop(): void {
    clearInterval(playing);
    playing = undefined;
    play.textContent = 'Play';
    told.ariaLive = null;
  }

  function choose(own: number, byHand = false): void {
    if (byHand) stop();
    element = own;
    const { told: text, reads } = all[element];
    buffers.forEach(({ name, values }, i) => {
      const marks = new Map<number, Mark>(
        reads.filter(([buffer]) => buffer === name).map(([, word]) => [word, 'read']),
      );
      if (name === output) marks.set(element, 'written');
      grids[i].update(values, marks, []);
    });
    told.textContent = text;
  }

  play.addEventListener('click', () => {
    if (playing) return stop();
    play.textContent = 'Pause';
    told.ariaLive = 'off'; // a sentence each second is too much to be read out
    playing = setInterval(() => choose((element + 1) % all.length), PACE);
  });
  signal.addEventListener('abort', stop);
  choose(0);
  const part = (writes: boolean) =>
    create(
      'div',
      { className: 'tensors' },
      ...grids.filter((_, i) => buffers[i].writes === writes).map((grid) => grid.element),
    );
  const arrow = create('span', { className: 'becomes', 'aria-hidden': 'true' }, '→');
  return [
    create('div', { className: 'made' }, part(false), arrow, part(true)),
    told,
    create('div', { className: 'actions' }, play),
  ];
}

function levels({ rows, told }: ShownLevels): HTMLElement[] {
  const most = rows[0].length;
  const lines = rows.map((row) => {
    const cells = row.map((value) => create('span', { className: 'written' }, written(value)));
    const line = create('div', { className: 'cells' }, ...cells);
    line.style.setProperty('--columns', String(most));
    return create('li', { ariaLabel: `${row.length} numbers` }, line);
  });
  return [create('ol', { className: 'levels' }, ...lines), create('p', { className: 'told' }, told)];
}

function steps({ title, head, rows, told }: ShownSteps): HTMLElement[] {
  const table = create(
    'table',
    {},
    create('thead', {}, create('tr', {}, ...head.map((text) => create('th', { scope: 'col' }, text)))),
    create(
      'tbody',
      {},
      ...rows.map((row) => create('tr', {}, ...row.map((value) => create('td', {}, fine(value))))),
    ),
  );
  return [
    create('div', { className: 'scrolls', tabIndex: 0, role: 'region', ariaLabel: title }, table),
    create('p', { className: 'told' }, told),
  ];
}

/** As in a sentence, but of a small number its first digits. */
const fine = (value: number) =>
  value !== 0 && Math.abs(value) < 0.01 ? value.toPrecision(2).replace('-', '−') : written(value);
