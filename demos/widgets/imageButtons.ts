import { create } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';

export interface ImageButtons {
  readonly cells: HTMLElement;
  readonly buttons: readonly HTMLButtonElement[];
  /** From now on so many stand side by side. */
  arrange(columns: number): void;
}

/** A button over each of the images of a panel: one stop of the tab key, with arrows between them. */
export function imageButtons(
  count: number,
  columns: number,
  label: string,
  choose: (index: number) => void,
): ImageButtons {
  const buttons = Array.from({ length: count }, (_, index) => {
    const button = create('button', { type: 'button' });
    button.addEventListener('click', () => choose(index));
    return button;
  });
  const cells = create('div', { className: 'cells', role: 'group', 'aria-label': label }, ...buttons);
  let now = columns;
  const arrange = (next: number) => {
    now = next;
    cells.style.gridTemplateColumns = `repeat(${now}, 1fr)`;
  };
  arrange(columns);
  rove(cells, () => now);
  return { cells, buttons, arrange };
}
