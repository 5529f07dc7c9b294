/**
 * Makes a grid of buttons one stop of the tab key, with arrows, Home and End moving inside it
 * (https://www.w3.org/WAI/ARIA/apg/patterns/grid/). Call the returned function after the buttons were replaced.
 *
 * @param columns buttons side by side; read at every key, so it may change
 */
export function rove(container: HTMLElement, columns: () => number): () => void {
  const buttons = () => [...container.querySelectorAll<HTMLButtonElement>('button')];
  const choose = (chosen: HTMLButtonElement | undefined) => {
    for (const button of buttons()) button.tabIndex = button === chosen ? 0 : -1;
  };
  container.addEventListener('focusin', ({ target }) => choose(target as HTMLButtonElement));
  container.addEventListener('keydown', (event) => {
    const all = buttons();
    const at = all.indexOf(event.target as HTMLButtonElement);
    if (at < 0) return;
    const moves: Record<string, number> = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: at - columns(),
      ArrowDown: at + columns(),
      Home: 0,
      End: all.length - 1,
    };
    const next = all[moves[event.key]];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  const refresh = () => choose(buttons()[0]);
  refresh();
  return refresh;
}
