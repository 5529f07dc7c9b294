import { ArgumentError } from '../errors.ts';
import { checkFlag, checkOptions, requireSeed } from '../options.ts';
import type { OptionTable } from '../options.ts';
import { randomStream } from './random.ts';
import { requireDataset } from './requireDataset.ts';
import type { Dataset } from './types.ts';
import { selectSamples } from './views.ts';

export interface TrainTestSplitOptions {
  /** Share of the samples for the test, in (0, 1), or their number; default 0.25. */
  testSize?: number;
  /** Give both parts the shares of the classes that all samples have; targets are then class indices. Default false. */
  stratify?: boolean;
  /** Of the random order; default 0. */
  seed?: number;
}

const splitOptions: OptionTable<TrainTestSplitOptions> = { testSize: true, stratify: true, seed: true };

/**
 * Divides samples at random into a part to train on and a part to test on, as scikit-learn's `train_test_split` does: a
 * share of test samples is rounded up. Both parts are copies, in random order.
 *
 * With `stratify` each class gives the test its share of samples; those that rounding leaves over go to the classes with
 * the largest remainders, the more frequent one first.
 *
 * @throws ArgumentError if an option is out of range, a part would be empty, or targets are not class indices
 */
export function trainTestSplit(
  data: Dataset,
  options: TrainTestSplitOptions = {},
): { train: Dataset; test: Dataset } {
  requireDataset('trainTestSplit', data);
  checkOptions('trainTestSplit', options, splitOptions, 'data, ');
  const { testSize = 0.25, stratify = false, seed = 0 } = options;
  requireSeed('trainTestSplit', seed);
  checkFlag('trainTestSplit', 'stratify', stratify);
  const { size, name } = data;
  const count = testSize < 1 ? Math.ceil(size * testSize) : testSize;
  if (typeof testSize !== 'number' || !(testSize > 0) || !Number.isInteger(count) || count >= size) {
    throw new ArgumentError(
      `trainTestSplit: testSize is ${testSize}, of the ${size} samples of '${name}'; pass a share between 0 and 1, or a whole number below ${size}, that leaves samples on both sides`,
    );
  }
  const random = randomStream(seed, size);
  const groups = stratify ? classesOf(data) : [Array.from({ length: size }, (_, i) => i)];
  const taken = shares(
    groups.map((group) => group.length),
    count,
  );
  const test: number[] = [];
  const train: number[] = [];
  groups.forEach((group, i) => {
    shuffleInPlace(group, random);
    test.push(...group.slice(0, taken[i]));
    train.push(...group.slice(taken[i]));
  });
  // The classes must not come one after another.
  for (const part of [train, test]) shuffleInPlace(part, random);
  return { train: selectSamples(data, train), test: selectSamples(data, test) };
}

/** The samples of each class, in order. */
function classesOf({ name, y }: Dataset): number[][] {
  if (y.shape.length > 0 || y.data instanceof Float32Array) {
    throw new ArgumentError(
      `trainTestSplit: stratify needs class indices, one for each sample, but the targets of '${name}' are ${
        y.shape.length > 0 ? `of shape [${y.shape.join(', ')}]` : 'not integers'
      }`,
    );
  }
  const groups = new Map<number, number[]>();
  y.data.forEach((label, i) => {
    const group = groups.get(label);
    if (group) group.push(i);
    else groups.set(label, [i]);
  });
  return [...groups.entries()].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** Whole numbers in proportion to `sizes` whose sum is `count`: rounded down, the rest by the largest remainders. */
function shares(sizes: readonly number[], count: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (size * count) / total);
  const result = exact.map(Math.floor);
  const left = count - result.reduce((sum, size) => sum + size, 0);
  const order = exact
    .map((_, i) => i)
    .sort((a, b) => exact[b] - result[b] - (exact[a] - result[a]) || sizes[b] - sizes[a] || a - b);
  for (const i of order.slice(0, left)) result[i]++;
  return result;
}

/** Fisher–Yates. */
function shuffleInPlace(values: number[], random: () => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [values[i], values[other]] = [values[other], values[i]];
  }
}
