import { announce } from '../shared/announce.ts';
import { byId, count, create, percent } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import type { Live } from './live.ts';
import type { Tells } from './protocol.ts';

/** What the grid shows: everything, what is read wrongly, or what is read as one digit and is another. */
type Filter = { kind: 'all' } | { kind: 'mistakes' } | { kind: 'cell'; truth: number; read: number };

const GAP = 4;

/** The grid of test images with the mistakes marked, and the confusion matrix. */
export function createTestSet(page: Live, onChoose: (index: number) => void) {
  let labels: Uint8Array = new Uint8Array();
  let predictions: Uint8Array = new Uint8Array();
  let confidence: Float32Array = new Float32Array();
  let filter: Filter = { kind: 'all' };
  let first = 0;
  let columns = 1;
  let perPage = 1;
  const cells = byId('cells');
  const table = byId<HTMLTableElement>('confusion');
  const refreshCells = rove(cells, () => columns);
  const matrix = createMatrix(table, (truth, read) => {
    const { kind } = filter;
    const same =
      kind === 'cell' &&
      (filter as { truth: number }).truth === truth &&
      (filter as { read: number }).read === read;
    show(same ? { kind: 'all' } : { kind: 'cell', truth, read });
  });

  const arrange = page.handOver('grid', byId('grid-canvas'), (width) => {
    columns = Math.max(8, Math.floor((width + GAP) / 48));
    const rows = width < 480 ? 8 : 10;
    perPage = columns * rows;
    cells.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    queueMicrotask(list);
    return { columns, rows, gap: GAP, width };
  });

  /** Numbers of the test images that pass the filter; mistakes with the most confident first. */
  function passing(): number[] {
    const all = [...labels.keys()];
    if (filter.kind === 'all' || predictions.length === 0) return all;
    const wanted =
      filter.kind === 'mistakes'
        ? all.filter((i) => predictions[i] !== labels[i])
        : all.filter(
            (i) =>
              labels[i] === (filter as { truth: number }).truth &&
              predictions[i] === (filter as { read: number }).read,
          );
    return wanted.toSorted((a, b) => confidence[b] - confidence[a]);
  }

  function show(next: Filter): void {
    filter = next;
    first = 0;
    for (const radio of document.querySelectorAll<HTMLInputElement>('#filter input'))
      radio.checked = radio.value === next.kind;
    list();
    announce(byId('grid-note').textContent);
  }

  /** Draws the page of images that `first` begins. */
  function list(): void {
    const all = passing();
    if (first >= all.length) first = 0;
    const shown = all.slice(first, first + perPage);
    void page.call('grid', Uint32Array.from(shown));
    cells.replaceChildren(...shown.map(cell));
    cells.classList.toggle('mixed', filter.kind === 'all');
    refreshCells();
    matrix.mark(filter.kind === 'cell' ? filter : undefined);
    byId('grid-note').textContent = note(all.length, shown.length);
    byId<HTMLButtonElement>('previous').disabled = first === 0;
    byId<HTMLButtonElement>('next').disabled = first + perPage >= all.length;
  }

  function note(total: number, shown: number): string {
    const what =
      filter.kind === 'all'
        ? 'test images'
        : filter.kind === 'mistakes'
          ? 'mistakes, the most confident first'
          : filter.truth === filter.read
            ? `images of ${filter.truth}, read correctly`
            : `images of ${filter.truth} read as ${filter.read}`;
    if (total === 0) return filter.kind === 'mistakes' ? 'No mistakes.' : `No ${what}.`;
    return `${count(first + 1)}–${count(first + shown)} of ${count(total)} ${what}`;
  }

  function cell(index: number): HTMLButtonElement {
    const [truth, read] = [labels[index], predictions[index]];
    const wrong = read !== undefined && read !== truth;
    const reading =
      read === undefined ? '' : `, read as ${read} with probability ${percent(confidence[index], 0)}`;
    const button = create(
      'button',
      {
        type: 'button',
        className: wrong ? 'wrong' : '',
        title: `${truth}${reading}`,
        'aria-label': `Test image ${index}: a ${truth}${reading}`,
      },
      wrong ? create('span', { 'aria-hidden': 'true' }, String(read)) : '',
    );
    button.addEventListener('click', () => onChoose(index));
    return button;
  }

  byId('filter').addEventListener('change', ({ target }) =>
    show({ kind: (target as HTMLInputElement).value as 'all' | 'mistakes' }),
  );
  byId('previous').addEventListener('click', () => {
    first = Math.max(0, first - perPage);
    list();
  });
  byId('next').addEventListener('click', () => {
    first += perPage;
    list();
  });

  return {
    labels(own: Uint8Array): void {
      labels = own;
      predictions = new Uint8Array();
      arrange();
    },
    predicted(message: Tells['predicted']): void {
      ({ predictions, confidence } = message);
      matrix.update(labels, predictions);
      // Not while someone moves through it with the keyboard: the buttons would go away under the fingers.
      if (!cells.contains(document.activeElement)) list();
    },
  };
}

function createMatrix(table: HTMLTableElement, onChoose: (truth: number, read: number) => void) {
  const digits = [...Array(10).keys()];
  const buttons = digits.map((truth) =>
    digits.map((read) => {
      const button = create('button', { type: 'button' });
      button.addEventListener('click', () => onChoose(truth, read));
      return button;
    }),
  );
  const head = (digit: number, scope: string) => create('th', { scope }, String(digit));
  table.append(
    create(
      'thead',
      {},
      create('tr', {}, create('td', { className: 'corner' }), ...digits.map((digit) => head(digit, 'col'))),
    ),
    create(
      'tbody',
      {},
      ...digits.map((truth) =>
        create('tr', {}, head(truth, 'row'), ...buttons[truth].map((button) => create('td', {}, button))),
      ),
    ),
  );
  rove(table, () => 10);

  return {
    update(labels: Uint8Array, predictions: Uint8Array): void {
      const counts = digits.map(() => digits.map(() => 0));
      labels.forEach((truth, i) => counts[truth][predictions[i]]++);
      const pairs = digits.flatMap((truth) =>
        digits.map((read) => ({ truth, read, times: counts[truth][read] })),
      );
      const worst = pairs
        .filter(({ truth, read, times }) => truth !== read && times > 0)
        .toSorted((a, b) => b.times - a.times)
        .slice(0, 3);
      const sentences = worst.map(({ truth, read, times }) => `${truth} as ${read} (${times})`);
      byId('confusions').textContent =
        worst.length > 0 ? `Most frequent: ${sentences.join(', ')}.` : 'No mistakes.';
      counts.forEach((row, truth) => {
        const total = Math.max(
          1,
          row.reduce((sum, value) => sum + value, 0),
        );
        row.forEach((value, read) => {
          const button = buttons[truth][read];
          button.textContent = value > 0 ? String(value) : '';
          button.className = truth === read ? 'right' : 'wrong';
          // The square root makes a handful of mistakes visible beside hundreds of right answers.
          button.style.setProperty('--share', String(Math.sqrt(value / total)));
          button.ariaLabel = `${truth} read as ${read}: ${value}`;
        });
      });
    },
    mark(cell?: { truth: number; read: number }): void {
      buttons.forEach((row, truth) =>
        row.forEach(
          (button, read) => (button.ariaPressed = String(truth === cell?.truth && read === cell.read)),
        ),
      );
    },
  };
}
