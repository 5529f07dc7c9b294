import type { HandOver } from '../drawing/panels.ts';
import { count, create } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import './imageGrid.css';

const GAP = 4;
/** Approximate width of an image, and the least number of images in a row. */
const WIDTH = 44;
const LEAST = 8;

export interface ImageGridOptions {
  /** The panel that the worker draws. */
  readonly panel: string;
  readonly handOver: HandOver;
  /** Its content, for screen readers: 'Test images'. */
  readonly label: string;
  /** Has the worker draw these images into the panel. */
  readonly draw: (images: Uint32Array) => void;
  /** The label of an image; `mark` is shown in its corner. */
  readonly describe: (image: number) => { readonly text: string; readonly mark?: string };
  readonly choose: (image: number) => void;
}

/** Fills `place` with images of a data set that a worker draws, page by page, under buttons that choose one. */
export function createImageGrid(place: HTMLElement, options: ImageGridOptions) {
  const { panel, handOver, label, draw, describe, choose } = options;
  let images: readonly number[] = [];
  let what = '';
  let first = 0;
  let columns = 1;
  let perPage = 1;
  const turn = (text: string, name: string, by: number) => {
    const button = create('button', { type: 'button', 'aria-label': name, disabled: true }, text);
    button.addEventListener('click', () => {
      first = Math.max(0, first + by * perPage);
      list();
    });
    return button;
  };
  const [previous, next] = [turn('‹', 'Previous images', -1), turn('›', 'Next images', 1)];
  const note = create('p', {});
  const bar = create(
    'div',
    { className: 'grid-bar' },
    note,
    create('div', { className: 'turns' }, previous, next),
  );
  const canvas = create('canvas', { 'aria-hidden': 'true' });
  const cells = create('div', { className: 'cells', role: 'group', 'aria-label': label });
  place.append(bar, create('div', { className: 'image-grid' }, canvas, cells));
  const refresh = rove(cells, () => columns);
  handOver(panel, canvas, (width) => {
    columns = Math.max(LEAST, Math.floor((width + GAP) / (WIDTH + GAP)));
    const rows = width < 480 ? 8 : 10;
    perPage = columns * rows;
    cells.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    queueMicrotask(list);
    return { columns, rows, gap: GAP, width };
  });

  function list(): void {
    if (first >= images.length) first = 0;
    const shown = images.slice(first, first + perPage);
    draw(Uint32Array.from(shown));
    cells.replaceChildren(...shown.map(cell));
    refresh();
    const range = `${count(first + 1)}–${count(first + shown.length)} of ${count(images.length)}`;
    note.textContent = images.length > 0 ? `${range} ${what}` : what && `No ${what.split(',')[0]}.`;
    previous.disabled = first === 0;
    next.disabled = first + perPage >= images.length;
  }

  function cell(image: number): HTMLButtonElement {
    const { text, mark } = describe(image);
    const corner = mark === undefined ? '' : create('span', { 'aria-hidden': 'true' }, mark);
    const properties = { type: 'button', className: mark === undefined ? '' : 'wrong', title: text };
    const button = create('button', { ...properties, 'aria-label': text }, corner);
    button.addEventListener('click', () => choose(image));
    return button;
  }

  return {
    /** Shows these images, which are called `name`, from the first; the answer says which are on the page. */
    show(all: readonly number[], name: string): string {
      [images, what, first] = [all, name, 0];
      list();
      return note.textContent;
    },
    /** The same, but stays on the reader's page: labels have changed, or the set of images. */
    update(all: readonly number[], name: string): void {
      [images, what] = [all, name];
      // Not while the reader moves through it with the keyboard: the focused button would vanish.
      if (!cells.contains(document.activeElement)) list();
    },
    bar,
  };
}
