import { byId, create, percent } from '../shared/dom.ts';

/** How many rows are called what at a threshold. */
export interface Counts {
  /** Malignant and called so. */
  readonly found: number;
  readonly missed: number;
  /** Benign and called malignant. */
  readonly alarms: number;
  readonly cleared: number;
}

/** @param threshold a logit: rows from it on are called malignant */
export function countsAt(threshold: number, labels: ArrayLike<number>, logits: ArrayLike<number>): Counts {
  const counts = { found: 0, missed: 0, alarms: 0, cleared: 0 };
  for (let row = 0; row < labels.length; row++) {
    const isCalled = logits[row] >= threshold;
    if (labels[row] === 1) counts[isCalled ? 'found' : 'missed']++;
    else counts[isCalled ? 'alarms' : 'cleared']++;
  }
  return counts;
}

/** In words, for those who hear the page. */
export function verdictText({ found, missed, alarms, cleared }: Counts): string {
  return `${found} of ${found + missed} malignant rows are found, ${alarms} of ${alarms + cleared} benign ones are false alarms.`;
}

const RATES: readonly {
  readonly name: string;
  readonly of: (counts: Counts) => readonly [part: number, whole: number];
  readonly words: string;
}[] = [
  { name: 'Sensitivity', of: ({ found, missed }) => [found, found + missed], words: 'malignant are found' },
  {
    name: 'Specificity',
    of: ({ cleared, alarms }) => [cleared, cleared + alarms],
    words: 'benign are cleared',
  },
  { name: 'Precision', of: ({ found, alarms }) => [found, found + alarms], words: 'called malignant are so' },
  {
    name: 'Accuracy',
    of: ({ found, cleared, missed, alarms }) => [found + cleared, found + cleared + missed + alarms],
    words: 'are called what they are',
  },
];

const CELLS = {
  cleared: 'cleared',
  alarms: 'false alarms',
  missed: 'missed',
  found: 'found',
} as const;

/** The confusion matrix and the rates that follow from it. */
export function createVerdicts(): (counts: Counts) => void {
  const cells = Object.entries(CELLS).map(([name, words]) => {
    const value = create('b', {}, '–');
    byId(name).replaceChildren(value, create('small', {}, words));
    return { name: name as keyof Counts, value, cell: byId(name) };
  });
  const rates = RATES.map((rate) => {
    const value = create('b', {}, '–');
    const small = create('small');
    byId('rates').append(create('div', {}, create('dt', {}, rate.name), create('dd', {}, value, small)));
    return { ...rate, value, small };
  });
  return (counts) => {
    const { found, missed, alarms, cleared } = counts;
    for (const { name, value, cell } of cells) {
      const row = name === 'found' || name === 'missed' ? found + missed : alarms + cleared;
      value.textContent = String(counts[name]);
      // The square root makes a handful of mistakes visible beside many right answers.
      cell.style.setProperty('--share', String(Math.sqrt(counts[name] / row)));
    }
    for (const { of, words, value, small } of rates) {
      const [part, whole] = of(counts);
      value.textContent = whole === 0 ? '–' : percent(part / whole);
      small.textContent = `${part} of ${whole} ${words}`;
    }
  };
}
