import { announce } from '../shared/announce.ts';
import { byId, create } from '../shared/dom.ts';
import { withArticle } from '../shared/withArticle.ts';
import { imageButtons } from '../widgets/imageButtons.ts';
import { createImageRows, heading } from '../widgets/imageRows.ts';
import { walkEnds } from '../widgets/walkEnds.ts';
import type { Live } from './live.ts';
import { BETWEEN, SHOWN, YOURS } from './protocol.ts';

/** Ten test digits with what comes back of them, and the walk between two of these or the reader's own. */
export function createWalk(page: Live) {
  let digits = Uint8Array.from({ length: SHOWN }, (_, place) => place);
  const { row } = createImageRows(page.handOver);
  const nameOf = (place: number) => (place === YOURS ? 'your digit' : withArticle(digits[place]));

  // Originals are buttons too: the last two that were chosen are the ends of the walk below.
  const { cells, buttons } = imageButtons(SHOWN, SHOWN, 'Ends of the walk', (place) => {
    const { b: last } = page.values;
    if (place === last) return;
    page.set({ a: last, b: place });
    announce(`The walk goes from ${nameOf(last)} to ${nameOf(place)}.`);
  });
  const other = create('button', { type: 'button' }, 'Other digits');
  other.addEventListener('click', () => page.set({ set: (page.values.set + 1) % 1000 }));
  byId('rows').append(
    row(heading('originals', other), {
      panel: 'originals',
      label: 'The original test images',
      count: SHOWN,
      cells,
    }),
    row(heading('rebuilt', create('small', {}, 'from μ')), {
      panel: 'rebuilt',
      label: 'What the decoder makes of the means of their codes',
      count: SHOWN,
    }),
  );
  byId('walk').append(
    row(heading('mixed pixels', 'One fades out, the other fades in.'), {
      panel: 'pixels',
      label: 'The pixels of two digits, mixed in nine steps',
      count: BETWEEN,
    }),
    row(heading('mixed codes', 'One turns into the other.'), {
      panel: 'between',
      label: 'Images decoded from the codes of two digits, mixed in nine steps',
      count: BETWEEN,
    }),
  );
  const changed = walkEnds(page, buttons, YOURS, nameOf);
  changed();

  return {
    changed,
    shown(own: Uint8Array): void {
      digits = own as Uint8Array<ArrayBuffer>;
      changed();
    },
  };
}
