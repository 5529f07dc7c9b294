import { create } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import './confusionMatrix.css';

/** A cell of the matrix: images of one class that are read as one class. */
export interface Pair {
  readonly truth: number;
  readonly read: number;
}

/** Fills `place` with the confusion matrix; a click on a cell chooses it. */
export function createConfusionMatrix(
  place: HTMLElement,
  classes: readonly string[],
  onChoose: (pair: Pair) => void,
) {
  const all = [...classes.keys()];
  const buttons = all.map((truth) =>
    all.map((read) => {
      const button = create('button', { type: 'button' });
      button.addEventListener('click', () => onChoose({ truth, read }));
      return button;
    }),
  );
  const head = (own: number, scope: string) => create('th', { scope }, classes[own]);
  const heads = all.map((own) => head(own, 'col'));
  const rows = all.map((truth) =>
    create('tr', {}, head(truth, 'row'), ...buttons[truth].map((button) => create('td', {}, button))),
  );
  const label = 'Confusion matrix: rows are the true classes, columns what they are read as';
  const table = create(
    'table',
    { className: 'confusion', 'aria-label': label },
    create('thead', {}, create('tr', {}, create('td', { className: 'corner' }), ...heads)),
    create('tbody', {}, ...rows),
  );
  const frequent = create('p', { className: 'hint frequent' });
  place.append(
    create('strong', {}, 'Confusion matrix'),
    create('p', { className: 'hint' }, 'Rows: the true class. Columns: what the network reads.'),
    table,
    frequent,
  );
  rove(table, () => classes.length);

  return {
    update(labels: Uint8Array, predictions: Uint8Array): void {
      const counts = all.map(() => all.map(() => 0));
      labels.forEach((truth, i) => counts[truth][predictions[i]]++);
      counts.forEach((row, truth) => {
        const total = Math.max(1, sum(row));
        row.forEach((times, read) => {
          const button = buttons[truth][read];
          button.textContent = times > 0 ? String(times) : '';
          button.className = truth === read ? 'right' : 'wrong';
          // The square root makes a handful of mistakes visible beside hundreds of right answers.
          button.style.setProperty('--share', String(Math.sqrt(times / total)));
          button.ariaLabel = `${classes[truth]} read as ${classes[read]}: ${times}`;
        });
      });
      const worst = all
        .flatMap((truth) => all.map((read) => ({ truth, read, times: counts[truth][read] })))
        .filter(({ truth, read, times }) => truth !== read && times > 0)
        .toSorted((a, b) => b.times - a.times)
        .slice(0, 3)
        .map(({ truth, read, times }) => `${classes[truth]} as ${classes[read]} (${times})`);
      frequent.textContent =
        worst.length > 0 ? `Most frequent mistakes: ${worst.join(', ')}.` : 'No mistakes.';
    },
    mark(pair: Pair | undefined): void {
      buttons.forEach((row, truth) =>
        row.forEach(
          (button, read) => (button.ariaPressed = String(truth === pair?.truth && read === pair.read)),
        ),
      );
    },
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
