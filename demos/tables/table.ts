import { dataset } from '../../src/index.ts';
import type { Dataset } from '../../src/index.ts';
import { trainTestSplit } from '../../src/data/split.ts';
import { selectSamples } from '../../src/data/views.ts';
import { TEST_ROWS } from './protocol.ts';

/** Standardised rows with all their columns. Target 1 is malignant. */
export interface Table {
  readonly train: Dataset;
  /** The benign rows first. */
  readonly test: Dataset;
}

/**
 * Divides the rows at random, with the same share of each class in both parts, and standardises all columns: (x − mean) /
 * deviation, with mean and deviation of the training rows alone, as those of all rows would tell the network about the test.
 */
export function tableOf(rows: Dataset, seed: number): Table {
  const { train, test } = trainTestSplit(rows, { testSize: TEST_ROWS, stratify: true, seed });
  const order = Array.from(test.y.data, (_, i) => i).sort((a, b) => test.y.data[a] - test.y.data[b] || a - b);
  const moments = momentsOf(train);
  return { train: standardised(train, moments), test: standardised(selectSamples(test, order), moments) };
}

type Moments = readonly { readonly mean: number; readonly deviation: number }[];

/** Of each column. */
function momentsOf({ x, size }: Dataset): Moments {
  const columns = x.shape[0];
  return Array.from({ length: columns }, (_, column) => {
    const values = Array.from({ length: size }, (__, row) => x.data[row * columns + column]);
    const mean = values.reduce((sum, value) => sum + value, 0) / size;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size;
    return { mean, deviation: Math.sqrt(variance) || 1 }; // a column may be constant
  });
}

function standardised({ name, x, y, synthetic }: Dataset, moments: Moments): Dataset {
  const scaled = Float32Array.from(x.data, (value, i) => {
    const { mean, deviation } = moments[i % moments.length];
    return (value - mean) / deviation;
  });
  return rowsOf(name, scaled, Float32Array.from(y.data), moments.length, synthetic);
}

const rowsOf = (
  name: string,
  x: Float32Array,
  y: Float32Array,
  columns: number,
  synthetic = false,
): Dataset => dataset({ name, x, y, inputShape: [columns], targetShape: [1], synthetic });

/** The same rows with some of their columns. */
export function withColumns({ name, x, y, size, synthetic }: Dataset, columns: readonly number[]): Dataset {
  const all = x.shape[0];
  const values = new Float32Array(size * columns.length);
  for (let row = 0; row < size; row++)
    columns.forEach((column, i) => (values[row * columns.length + i] = x.data[row * all + column]));
  return rowsOf(name, values, y.data as Float32Array, columns.length, synthetic);
}

/** Rows of the shapes that are trained on. */
export const exampleRows = (columns: number, size = 1): Dataset =>
  rowsOf('example', new Float32Array(size * columns), new Float32Array(size), columns);
