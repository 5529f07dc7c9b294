import { create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { layoutOf, short } from './layout.ts';

/** What a move did to an element, or what the reader waits for. */
export type Mark = 'read' | 'written' | 'wanted';

export interface TensorGrid {
  readonly element: HTMLElement;
  update(values: ArrayLike<number>, marks: ReadonlyMap<number, Mark>): void;
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

/** The numbers of a tensor as a grid, or several; elements that a move touched are lit. */
export function tensorGrid({ name, note, shape, isFilter, onChoose }: GridOptions): TensorGrid {
  const { columns, pictures } = layoutOf(shape, isFilter);
  const cells = new Map<number, HTMLElement>();
  const tag = onChoose ? 'button' : 'span';
  const grids = pictures.map((picture) => {
    const grid = create('div', { className: 'cells' });
    grid.style.setProperty('--columns', String(columns));
    for (const element of picture.elements) {
      const cell = create(tag, onChoose ? { type: 'button' } : {});
      if (onChoose) cell.addEventListener('click', () => onChoose(element));
      cells.set(element, cell);
      grid.append(cell);
    }
    return create(
      'div',
      { className: 'picture' },
      grid,
      ...(picture.name ? [create('small', {}, picture.name)] : []),
    );
  });
  const holder = create('div', { className: 'pictures' }, ...grids);
  if (onChoose) {
    Object.assign(holder, {
      role: 'group',
      ariaLabel: `Elements of ${name}: choose one to see what writes it`,
    });
    rove(holder, () => columns);
  }
  const caption = create('figcaption', {}, create('b', {}, name), ` ${note}`);
  const written: string[] = [];
  return {
    element: create('figure', { className: 'tensor' }, caption, holder),
    update(values, marks) {
      const largest = Math.max(
        1e-6,
        ...Array.from(values, (value) => (Number.isFinite(value) ? Math.abs(value) : 0)),
      );
      for (const [element, cell] of cells) {
        const value = values[element];
        const mark = marks.get(element);
        const text = short(value);
        const key = `${text} ${mark ?? ''} ${largest}`;
        if (written[element] === key) continue;
        written[element] = key;
        cell.textContent = text;
        cell.className = [mark, value < 0 && 'negative'].filter(Boolean).join(' ');
        cell.style.setProperty('--share', String(Math.min(1, Math.abs(value) / largest) || 0));
        if (onChoose) cell.ariaLabel = `${name}[${element}] = ${text}${mark ? `, ${MARKS[mark]}` : ''}`;
      }
    },
  };
}
