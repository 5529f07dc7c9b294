import type { LivePage } from '../frame/page/page.ts';
import { byId, create } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import { formulasOf, numbersOf, short } from './formulas.ts';
import type { CellNumbers } from './formulas.ts';
import { monthName } from './months.ts';
import type { Calls, Opened, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

/** Rows of the table, as they are called and where their numbers are. */
const ROWS = {
  lstm: [
    ['month, scaled', ({ x }) => x],
    ['forget gate', ({ kept }) => kept.forget],
    ['input gate', ({ kept }) => kept.input],
    ['candidate', ({ kept }) => kept.candidate],
    ['cell', ({ kept }) => kept.cell],
    ['output gate', ({ kept }) => kept.output],
    ['state', ({ state }) => state],
  ],
  gru: [
    ['month, scaled', ({ x }) => x],
    ['update gate', ({ kept }) => kept.update],
    ['reset gate', ({ kept }) => kept.reset],
    ['candidate', ({ kept }) => kept.candidate],
    ['state', ({ state }) => state],
  ],
} satisfies Record<string, readonly (readonly [string, (numbers: CellNumbers) => number])[]>;

/** The numbers of one unit in all steps of a window, and the formulas of one of these steps. */
export function createOpened(page: LivePage<typeof settings, Calls>) {
  const table = byId('opened');
  const select = byId<HTMLSelectElement>('unit-choice');
  let model: Tells['model'] | undefined;
  let year = 0;
  let shown: Opened | undefined;
  let heads: HTMLButtonElement[] = [];
  /** [row][step] */
  let cells: HTMLElement[][] = [];
  /** Nothing of it was seen yet. */
  let isNew = false;
  let lines: { letters: HTMLElement; numbers: HTMLElement }[] = [];

  const unit = () => Math.min(model!.units, page.values.unit) - 1;
  const step = () => {
    const { at } = page.values;
    return at === 0 || at > model!.steps ? model!.steps - 1 : at - 1;
  };
  select.addEventListener('change', () => page.set({ unit: Number(select.value) }));

  /** The table of a network with these steps. */
  function build({ cell, units, steps }: Tells['model']): void {
    const every = Array.from({ length: units }, (_, i) =>
      create('option', { value: String(i + 1) }, String(i + 1)),
    );
    select.replaceChildren(...every);
    const all = [...Array(steps).keys()];
    heads = all.map((own) => {
      const button = create('button', { type: 'button' });
      button.addEventListener('click', () => page.set({ at: own === steps - 1 ? 0 : own + 1 }));
      return button;
    });
    cells = ROWS[cell].map(() => all.map(() => create('td')));
    const rows = ROWS[cell].map(([title], row) =>
      create('tr', {}, create('th', { scope: 'row' }, title), ...cells[row]),
    );
    const head = heads.map((button) => create('th', { scope: 'col' }, button));
    table.replaceChildren(
      create('thead', {}, create('tr', {}, create('td'), ...head)),
      create('tbody', {}, ...rows),
    );
    rove(table, () => steps);
    isNew = true;
    const blank = formulasOf(cell, numbersOf(emptyOf(steps, units), cell, units, 0, 0));
    lines = blank.map(() => ({ letters: create('span'), numbers: create('b') }));
    byId('formulas').replaceChildren(
      ...blank.map(({ title }, i) =>
        create('div', {}, create('dt', {}, title), create('dd', {}, lines[i].letters, lines[i].numbers)),
      ),
    );
  }

  function refresh(): void {
    if (!model || !shown) return;
    const { cell, units, steps } = model;
    const own = unit();
    const now = step();
    select.value = String(own + 1);
    byId('opened-title').textContent =
      `The cell before ${monthName(year, shown.month)}, unit ${own + 1} of ${units}`;
    for (let at = 0; at < steps; at++) {
      const numbers = numbersOf(shown, cell, units, own, at);
      const month = monthName(year, shown.month - steps + at);
      heads[at].textContent = month.split(' ')[0];
      heads[at].ariaLabel = month;
      heads[at].ariaPressed = String(at === now);
      ROWS[cell].forEach(([, of], row) => {
        const value = of(numbers);
        const place = cells[row][at];
        place.textContent = short(value);
        place.className = `${value < 0 ? 'negative' : 'positive'}${at === now ? ' now' : ''}`;
        place.style.setProperty('--share', String(Math.min(1, Math.abs(value))));
      });
    }
    formulasOf(cell, numbersOf(shown, cell, units, own, now)).forEach(({ letters, numbers }, i) => {
      lines[i].letters.textContent = letters;
      lines[i].numbers.textContent = numbers;
    });
  }

  /** On a narrow screen the last steps are seen first. */
  function showLast(): void {
    const scroller = table.parentElement!;
    if (isNew) scroller.scrollLeft = scroller.scrollWidth;
    isNew = false;
  }

  return {
    model(own: Tells['model']): void {
      model = own;
      shown = undefined;
      build(own);
    },
    series(own: Tells['series']): void {
      ({ year } = own);
    },
    show(own: Opened): void {
      shown = own;
      refresh();
      showLast();
    },
    refresh,
  };
}

const emptyOf = (steps: number, units: number): Opened => ({
  month: 0,
  inputs: new Float32Array(steps),
  kept: new Float32Array(5 * steps * units),
  fromInput: new Float32Array(4 * steps * units),
  fromState: new Float32Array(4 * steps * units),
  hidden: new Float32Array(steps * units),
});
