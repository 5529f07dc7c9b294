import { byId, create } from '../shared/dom.ts';
import { digitWalk } from '../widgets/digitWalk.ts';
import { createImageRows, heading } from '../widgets/imageRows.ts';
import type { Live } from './live.ts';
import { BETWEEN, SHOWN } from './protocol.ts';

/** Ten test digits with what comes back of them, and the walk between two of these or the reader's own. */
export function createWalk(page: Live) {
  const { row } = createImageRows(page.handOver);
  const words = 'One turns into the other.';
  const { originals, walk, changed, shown } = digitWalk(page, row, {
    count: SHOWN,
    steps: BETWEEN,
    panel: 'originals',
    words,
  });
  byId('rows').append(
    originals,
    row(heading('rebuilt', create('small', {}, 'from μ')), {
      panel: 'rebuilt',
      label: 'What the decoder makes of the means of their codes',
      count: SHOWN,
    }),
  );
  byId('walk').append(...walk);
  changed();
  return { changed, shown };
}
