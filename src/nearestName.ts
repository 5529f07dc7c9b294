/** The words of a name in lower case: `learningRate`, `learning_rate` and `LearningRate` have the same. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);

/**
 * How many characters must be inserted, deleted, replaced or swapped with their neighbour to make `b` of `a`: the optimal
 * string alignment distance. Each row of the table comes from the two above it, in time a · b.
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + Number(a[i - 1] !== b[j - 1]);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, replaced);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}

/** How far a known name is from a given one; infinite where they are too different to be a slip. */
function distance(given: string, known: string): number {
  const [words, own] = [wordsOf(given), wordsOf(known)];
  const [a, b] = [words.join(''), own.join('')];
  if (a === b) return 0;
  // lr for learningRate, mse for meanSquaredError
  if (own.length > 1 && a === own.map(([letter]) => letter).join('')) return 0.5;
  // val_acc for validationAccuracy
  if (words.length === own.length && own.every((word, i) => word.startsWith(words[i]))) return 0.75;
  const edits = editDistance(a, b);
  if (edits <= Math.max(a.length, b.length) / 4) return edits;
  // acc for accuracy, dilationRate for dilation, rate for learningRate: the more is missing, the farther
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length >= 3 && long.includes(short)) return 2 + (1 - short.length / long.length);
  return edits <= Math.max(a.length, b.length) / 3 ? edits : Infinity;
}

/**
 * The known name that was probably meant: the same in another spelling (`batch_size`), with a slip of the keyboard
 * (`acuracy`), in short (`lr`, `acc`) or with a word more (`dilationRate`). Of equally near ones the first.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let [best, least]: [string | undefined, number] = [undefined, Infinity];
  for (const candidate of known) {
    const away = distance(name, candidate);
    if (away < least) [best, least] = [candidate, away];
  }
  return best;
}

/** For messages: `; did you mean "batchSize"?`, or nothing where no known name is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`;
}
