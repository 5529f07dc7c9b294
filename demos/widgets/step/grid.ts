import { create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { placingOf, short, sizeOf } from './layout.ts';
import { nameOf, whole, windowsOn } from './windows.ts';
import type { Window } from './windows.ts';

/** What a move did to an element, or what the reader waits for. */
export type Mark = 'read' | 'written' | 'wanted';

export interface TensorGrid {
  readonly element: HTMLElement;
  /** @param seen elements to show of a large tensor, the most important first; empty: what was shown before */
  update(values: ArrayLike<number>, marks: ReadonlyMap<number, Mark>, seen: readonly number[]): void;
}

interface GridOptions {
  readonly name: string;
  /** What it holds, behind the name. */
  readonly note: string;
  readonly shape: readonly number[];
  readonly isFilter?: boolean;
  /** Called with an element that was chosen; without it there is nothing to choose. */
  readonly onChoose?: (element: number) => void;
}

const MARKS: Readonly<Record<Mark, string>> = {
  read: 'just read',
  written: 'just written',
  wanted: 'waited for',
};

const MOST = 512;
/** Whether only a part of a tensor is shown at a time. */
export const isLarge = (shape: readonly number[]): boolean => sizeOf(shape) > MOST;

/** The numbers of a tensor, or of a part of it, as a grid or several; elements that a move touched are lit. */
export function tensorGrid({ name, note, shape, isFilter, onChoose }: GridOptions): TensorGrid {
  const placing = placingOf(shape, isFilter);
  const isPart = isLarge(shape);
  const holder = create('div', { className: 'pictures' });
  let windows: readonly Window[] = [];
  let cells = new Map<number, HTMLElement>();
  const written = new Map<number, string>();
  let largest = 0;
  let last: Parameters<TensorGrid['update']> | undefined;
  if (onChoose)
    Object.assign(holder, {
      role: 'group',
      ariaLabel: `Elements of ${name}: choose one to see what writes it`,
    });
  const refresh = onChoose && rove(holder, () => windows[0].columns);

  function place(next: readonly Window[]): void {
    windows = next;
    written.clear();
    cells = new Map();
    holder.replaceChildren(...windows.map(picture));
    refresh?.();
  }

  function picture(window: Window): HTMLElement {
    const { top, left, rows, columns } = window;
    const grid = create('div', { className: 'cells' });
    grid.style.setProperty('--columns', String(columns));
    for (let row = top; row < top + rows; row++)
      for (let column = left; column < left + columns; column++) {
        const element = placing.at(window.picture, row, column);
        if (element === undefined) continue;
        const cell = onChoose ? create('button', { type: 'button' }) : create('span', {});
        if (onChoose) cell.addEventListener('click', () => onChoose(element));
        cells.set(element, cell);
        grid.append(cell);
      }
    const own = nameOf(window, placing);
    return create('div', { className: 'picture' }, grid, ...(own ? [create('small', {}, own)] : []));
  }

  function update(...now: Parameters<TensorGrid['update']>): void {
    const [values, marks, seen] = now;
    if (largest === 0) largest = largestOf(values);
    last = now;
    if (isPart || windows.length === 0) {
      const next = isPart
        ? windowsOn(windows.length === 0 && seen.length === 0 ? [0] : seen, placing, windows)
        : whole(placing);
      if (next !== windows) place(next);
    }
    for (const element of cells.keys()) largest = Math.max(largest, finite(values[element]));
    for (const [element, cell] of cells) paint(element, cell, values[element], marks.get(element));
  }

  function paint(element: number, cell: HTMLElement, value: number, mark: Mark | undefined): void {
    const text = short(value);
    const key = `${text} ${mark ?? ''} ${largest}`;
    if (written.get(element) === key) return;
    written.set(element, key);
    cell.textContent = text;
    cell.className = [mark, value < 0 && 'negative'].filter(Boolean).join(' ');
    cell.style.setProperty('--share', String(Math.min(1, Math.abs(value) / largest) || 0));
    if (onChoose) cell.ariaLabel = `${name}[${element}] = ${text}${mark ? `, ${MARKS[mark]}` : ''}`;
  }

  const look = (element: number) => last && update(last[0], last[1], [element]);
  const caption = create('figcaption', {}, create('b', {}, name), ` ${note}`);
  if (isPart) caption.append(finder(name, shape, look));
  return { element: create('figure', { className: 'tensor' }, caption, holder), update };
}

/** A field for an element, by its coordinates or its number, that is to be shown. */
function finder(name: string, shape: readonly number[], onFind: (element: number) => void): HTMLElement {
  const example = shape.map((extent) => Math.min(1, extent - 1)).join(', ');
  const input = create('input', {
    type: 'text',
    placeholder: example,
    size: 9,
    ariaLabel: `Element of ${name} to show: its coordinates, or its number`,
  });
  input.addEventListener('change', () => {
    const element = elementIn(input.value, shape);
    input.ariaInvalid = element === undefined && input.value.trim() !== '' ? 'true' : null;
    if (element !== undefined) onFind(element);
  });
  return create('label', { className: 'finder' }, 'show', input);
}

/** `2, 0, 5` or `197` → the element's number; undefined where there is no such element. */
export function elementIn(text: string, shape: readonly number[]): number | undefined {
  const numbers = text
    .split(/[\s,[\]]+/)
    .filter(Boolean)
    .map(Number);
  const extents = numbers.length === 1 ? [sizeOf(shape)] : shape;
  if (numbers.length === 0 || numbers.length !== extents.length) return undefined;
  if (numbers.some((number, i) => !Number.isInteger(number) || number < 0 || number >= extents[i]))
    return undefined;
  return numbers.reduce((element, number, i) => element * extents[i] + number, 0);
}

const finite = (value: number): number => (Number.isFinite(value) ? Math.abs(value) : 0);

function largestOf(values: ArrayLike<number>): number {
  let largest = 1e-6;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, finite(values[i]));
  return largest;
}
