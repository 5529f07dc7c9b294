import { FormatError } from '../errors.ts';
import { dataset } from './dataset.ts';
import { normalFrom, randomStream } from './random.ts';
import type { Dataset } from './types.ts';

/**
 * Breast Cancer Wisconsin (Diagnostic), UCI: 569 tumours, each with 30 measures of the nuclei of its cells. Wolberg,
 * Street, Mangasarian 1995, CC BY 4.0.
 */
export const BREAST_CANCER_FILE = {
  title: 'the breast cancer table',
  path: 'wdbc.data',
  urls: [
    'https://archive.ics.uci.edu/ml/machine-learning-databases/breast-cancer-wisconsin/wdbc.data',
    'https://archive.ics.uci.edu/static/public/17/data/wdbc.data',
  ],
  bytes: 124_103,
  sha256: 'd606af411f3e5be8a317a5a8b652b425aaf0ff38ca683d5327ffff94c3695f4a',
};

const MEASURES = [
  'radius',
  'texture',
  'perimeter',
  'area',
  'smoothness',
  'compactness',
  'concavity',
  'concave points',
  'symmetry',
  'fractal dimension',
];

/** The columns: the mean of each measure over the nuclei, its standard error, and the mean of its three largest values. */
export const BREAST_CANCER_FEATURES: readonly string[] = ['mean', 'error of', 'worst'].flatMap((kind) =>
  MEASURES.map((measure) => `${kind} ${measure}`),
);

export const BREAST_CANCER_CLASSES = ['benign', 'malignant'] as const;

/**
 * Reads wdbc.data: a line is an identifier, M or B, and 30 numbers. Class 1 is malignant, what the test is to find.
 *
 * @param where the file's path or URL, for messages
 * @throws FormatError that names the line
 */
export function parseBreastCancer(bytes: Uint8Array, where: string): Dataset {
  const lines = new TextDecoder().decode(bytes).trimEnd().split(/\r?\n/);
  const columns = BREAST_CANCER_FEATURES.length;
  const x = new Float32Array(lines.length * columns);
  const y = new Uint8Array(lines.length);
  lines.forEach((line, row) => {
    const [, diagnosis, ...cells] = line.split(',');
    const values = cells.map((cell) => (cell.trim() === '' ? NaN : Number(cell)));
    if (!/^[MB]$/.test(diagnosis ?? '') || values.length !== columns || !values.every(Number.isFinite)) {
      throw new FormatError(
        `${where}: line ${row + 1} is not an identifier, M or B, and ${columns} numbers: ${line.slice(0, 80)}`,
      );
    }
    x.set(values, row * columns);
    y[row] = diagnosis === 'M' ? 1 : 0;
  });
  const classNames = [...BREAST_CANCER_CLASSES];
  return dataset({ name: 'breast cancer', x, y, inputShape: [columns], classNames });
}

/** Benign and malignant rows of the real table, which the generated one has as well. */
const ROWS = [357, 212] as const;
/** How far the classes lie apart, in deviations of one feature. */
const DISTANCE = 2;

/**
 * A table of the same size and form with generated numbers: two clouds of normal numbers whose features share a common
 * part, as the measures of one tumour do. It says nothing about tumours.
 */
export function syntheticBreastCancer(seed = 0): Dataset {
  const columns = BREAST_CANCER_FEATURES.length;
  const size = ROWS[0] + ROWS[1];
  const x = new Float32Array(size * columns);
  const y = Uint8Array.from({ length: size }, (_, row) => (row < ROWS[0] ? 0 : 1));
  for (let row = 0; row < size; row++) {
    const random = randomStream(seed, row);
    const normal = () => normalFrom(random);
    const common = normal();
    for (let column = 0; column < columns; column++) {
      const scale = 10 ** ((column % 5) - 2);
      x[row * columns + column] = scale * (5 + 0.7 * common + 0.7 * normal() + DISTANCE * y[row]);
    }
  }
  const classNames = [...BREAST_CANCER_CLASSES];
  return dataset({ name: 'synthetic table', x, y, inputShape: [columns], classNames, synthetic: true });
}
