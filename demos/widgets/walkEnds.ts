import { byId, create } from '../shared/dom.ts';

/** What a walk between two images needs of its page: the settings `a` and `b` are the places of its ends. */
interface WalkPage {
  readonly values: { readonly a: number; readonly b: number };
  set(changes: { a?: number; b?: number }): void;
}

/**
 * The ends of a walk between images: the selects `#walk-a` and `#walk-b`, and marks on the buttons of the images.
 *
 * @param buttons of the images, by place
 * @param last the place of the last image that may be chosen
 * @param nameOf what stands at a place: "a 3", "your digit"
 * @returns shows the ends as the settings are, with the names as they are
 */
export function walkEnds(
  page: WalkPage,
  buttons: readonly HTMLButtonElement[],
  last: number,
  nameOf: (place: number) => string,
): () => void {
  const ends = (['a', 'b'] as const).map((end) => {
    const select = byId<HTMLSelectElement>(`walk-${end}`);
    select.append(...Array.from({ length: last + 1 }, (_, at) => create('option', { value: String(at) })));
    select.addEventListener('change', () => page.set({ [end]: Number(select.value) }));
    return { end, select };
  });
  return () => {
    const { a, b } = page.values;
    buttons.forEach((button, place) => {
      const end = [a, b].indexOf(place);
      const role = ['', ', the start of the walk', ', the end of the walk'][end + 1];
      button.ariaLabel = nameOf(place).replace('a', 'A') + role;
      button.textContent = ['', 'A', 'B'][end + 1];
      button.classList.toggle('end', end >= 0);
    });
    for (const { end, select } of ends) {
      [...select.options].forEach((option, at) => (option.textContent = nameOf(at)));
      select.value = String(page.values[end]);
    }
  };
}
