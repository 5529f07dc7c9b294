import { announce } from '../shared/announce.ts';
import { byId, create } from '../shared/dom.ts';
import { withArticle } from '../shared/withArticle.ts';
import { imageButtons } from '../widgets/imageButtons.ts';
import { createImageRows, heading } from '../widgets/imageRows.ts';
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
  const ends = (['a', 'b'] as const).map((end) => {
    const select = byId<HTMLSelectElement>(`walk-${end}`);
    select.append(...Array.from({ length: YOURS + 1 }, (_, at) => create('option', { value: String(at) })));
    select.addEventListener('change', () => page.set({ [end]: Number(select.value) }));
    return { end, select };
  });

  function changed(): void {
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
  }
  changed();

  return {
    changed,
    shown(own: Uint8Array): void {
      digits = own as Uint8Array<ArrayBuffer>;
      changed();
    },
  };
}
