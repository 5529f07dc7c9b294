import { create } from '../../shared/dom.ts';
import { rove } from '../../shared/roving.ts';
import { number, show } from './numbers.ts';

export interface GridOptions {
  /** What the numbers are, for screen readers, where cells are buttons; other grids have a caption. */
  readonly label?: string;
  /** Names a cell: 'pixel in row 1, column 2'. */
  readonly name?: (row: number, column: number) => string;
  /** Called with the cell that is pointed at or in focus. */
  readonly onSelect?: (index: number) => void;
  /** Called with the cell that is pressed. */
  readonly onPress?: (index: number) => void;
}

/** A square of numbers in `root`, coloured by sign and size; its cells are buttons where something can be done with them. */
export class NumberGrid {
  readonly #root: HTMLElement;
  readonly #options: GridOptions;
  #cells: HTMLElement[] = [];
  #side = 0;

  constructor(root: HTMLElement, options: GridOptions = {}) {
    this.#root = root;
    this.#options = options;
    root.classList.add('grid');
    if (!options.label) return;
    root.setAttribute('role', 'toolbar');
    root.setAttribute('aria-label', options.label);
  }

  /** @param colour by what is shown: ink of an image, or positive and negative numbers */
  show(
    values: readonly number[],
    colour: 'ink' | 'signed',
    largest = Math.max(1e-9, ...values.map(Math.abs)),
  ): void {
    this.#resize(Math.sqrt(values.length));
    values.forEach((value, i) => {
      const cell = this.#cells[i];
      show(cell, value, 2);
      cell.classList.toggle('ink', colour === 'ink' && value > 0.5);
      cell.classList.toggle('negative', colour === 'signed' && value < 0);
      cell.style.setProperty('--share', colour === 'signed' ? String(Math.abs(value) / largest) : '0');
      const { name } = this.#options;
      if (name)
        cell.ariaLabel = `${name(Math.floor(i / this.#side) + 1, (i % this.#side) + 1)}: ${number(value, 2)}`;
    });
  }

  /** Empty cells, as many in a row and in a column. */
  blank(side: number): void {
    this.#resize(side);
  }

  /** Marks cells, and takes the mark from all others. */
  mark(mark: string, indices: readonly number[]): void {
    this.#cells.forEach((cell, i) => cell.classList.toggle(mark, indices.includes(i)));
  }

  #resize(side: number): void {
    if (side === this.#side) return;
    this.#side = side;
    const { onSelect, onPress } = this.#options;
    this.#cells = Array.from({ length: side * side }, (_, i) => {
      if (!onSelect && !onPress) return create('span');
      const button = create('button', { type: 'button' });
      for (const event of ['focus', 'pointerenter']) button.addEventListener(event, () => onSelect?.(i));
      button.addEventListener('click', () => onPress?.(i));
      return button;
    });
    this.#root.style.setProperty('--side', String(side));
    this.#root.replaceChildren(...this.#cells);
    if (onSelect || onPress) rove(this.#root, () => this.#side);
  }
}
