import { announce } from '../shared/announce.ts';
import { create } from '../shared/dom.ts';
import { withArticle } from '../shared/withArticle.ts';
import { imageButtons } from './imageButtons.ts';
import { heading } from './imageRows.ts';
import type { ImageRows } from './imageRows.ts';
import { walkEnds } from './walkEnds.ts';

/** What a walk between digits needs of its page: `a` and `b` are the places of its ends, and `set` which digits are shown. */
interface WalkPage {
  readonly values: { readonly a: number; readonly b: number; readonly set: number };
  set(changes: { a?: number; b?: number; set?: number }): void;
}

/** How many sets of test digits an address may name. */
const SETS = 1000;

/**
 * Test digits, and a walk between two of them or to the reader's own, which stands at the place behind them.
 *
 * @param plan.count test digits
 * @param plan.steps of the walk
 * @param plan.panel of the originals
 * @param plan.words of the walk through the codes
 * @returns the row of the originals, the rows of the walk (panels `pixels` and `between`); `changed` shows the ends as the
 *   settings are, and `shown` is told the digits that are shown
 */
export function digitWalk(
  page: WalkPage,
  row: ImageRows['row'],
  { count, steps, panel, words }: { count: number; steps: number; panel: string; words: Node | string },
) {
  let digits: ArrayLike<number> = Array.from({ length: count }, (_, place) => place);
  const nameOf = (place: number) => (place === count ? 'your digit' : withArticle(digits[place]));
  // Originals are buttons too: the last two that were chosen are the ends of the walk.
  const { cells, buttons } = imageButtons(count, count, 'Ends of the walk', (place) => {
    const { b: last } = page.values;
    if (place === last) return;
    page.set({ a: last, b: place });
    announce(`The walk goes from ${nameOf(last)} to ${nameOf(place)}.`);
  });
  const other = create('button', { type: 'button' }, 'Other digits');
  other.addEventListener('click', () => page.set({ set: (page.values.set + 1) % SETS }));
  const changed = walkEnds(page, buttons, count, nameOf);
  return {
    originals: row(heading('originals', other), { panel, label: 'The original test images', count, cells }),
    walk: [
      row(heading('mixed pixels', 'One fades out, the other fades in.'), {
        panel: 'pixels',
        label: 'The pixels of two digits, mixed in nine steps',
        count: steps,
      }),
      row(heading('mixed codes', words), {
        panel: 'between',
        label: 'Images decoded from the codes of two digits, mixed in nine steps',
        count: steps,
      }),
    ],
    changed,
    shown(own: Uint8Array): void {
      digits = own;
      changed();
    },
  };
}
