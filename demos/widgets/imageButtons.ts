import { create } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';

/** A button over each of the images of a panel: one stop of the tab key, with arrows between them. */
export function imageButtons(
  count: number,
  columns: number,
  label: string,
  choose: (index: number) => void,
): { readonly cells: HTMLElement; readonly buttons: readonly HTMLButtonElement[] } {
  const buttons = Array.from({ length: count }, (_, index) => {
    const button = create('button', { type: 'button' });
    button.addEventListener('click', () => choose(index));
    return button;
  });
  const cells = create('div', { className: 'cells', role: 'group', 'aria-label': label }, ...buttons);
  cells.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
  rove(cells, () => columns);
  return { cells, buttons };
}
