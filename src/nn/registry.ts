import { ArgumentError } from '../errors.ts';
import { binaryAccuracy, categoricalAccuracy, perSample } from '../ops/accuracy.ts';
import { abs, square, subtract } from '../ops/elementwise.ts';
import type { Tensor } from '../ops/tensor.ts';
import * as losses from './losses.ts';
import type { LossFunction } from './losses.ts';
import * as optimizers from './optimizers.ts';
import type { Optimizer } from './optimizers.ts';

/** A metric: predictions and targets of a batch to one value per sample, [N]; its mean is reported. */
export type MetricFunction = (prediction: Tensor, target: Tensor) => Tensor;

const lossTable = {
  softmaxCrossEntropy: losses.softmaxCrossEntropy,
  sparseSoftmaxCrossEntropy: losses.sparseSoftmaxCrossEntropy,
  meanSquaredError: losses.meanSquaredError,
  binaryCrossEntropyWithLogits: losses.binaryCrossEntropyWithLogits,
  binaryCrossentropy: losses.binaryCrossentropy,
  categoricalCrossentropy: losses.categoricalCrossentropy,
  sparseCategoricalCrossentropy: losses.sparseCategoricalCrossentropy,
  kullbackLeiblerDivergence: losses.kullbackLeiblerDivergence,
  meanAbsoluteError: losses.meanAbsoluteError,
  meanSquaredLogarithmicError: losses.meanSquaredLogarithmicError,
  huber: losses.huber,
  hinge: losses.hinge,
  logCosh: losses.logCosh,
  cosineSimilarity: losses.cosineSimilarity,
} satisfies Record<string, LossFunction>;

const metricTable = {
  /** The share of right classes; for a single output, of outputs on their target's side of 0. */
  accuracy: (prediction, target) =>
    prediction.shape.at(-1) === 1 && target.dtype === 'f32'
      ? binaryAccuracy(prediction, target)
      : categoricalAccuracy(prediction, target),
  meanSquaredError: (prediction, target) => perSample(square(subtract(prediction, target))),
  meanAbsoluteError: (prediction, target) => perSample(abs(subtract(prediction, target))),
} satisfies Record<string, MetricFunction>;

const optimizerTable = {
  sgd: optimizers.sgd,
  rmsprop: optimizers.rmsprop,
  adam: optimizers.adam,
  adamw: optimizers.adamw,
} satisfies Record<string, () => Optimizer>;

export type LossName = keyof typeof lossTable;
export type MetricName = keyof typeof metricTable;
export type OptimizerName = keyof typeof optimizerTable;

function lookUp<T>(kind: string, table: Readonly<Record<string, T>>, name: string): T {
  if (Object.hasOwn(table, name)) return table[name];
  throw new ArgumentError(`There is no ${kind} "${name}"; choose one of ${Object.keys(table).join(', ')}`);
}

export const lossOf = (loss: LossName | LossFunction): LossFunction =>
  typeof loss === 'function' ? loss : lookUp<LossFunction>('loss', lossTable, loss);

export const metricOf = (metric: MetricName | MetricFunction): MetricFunction =>
  typeof metric === 'function' ? metric : lookUp<MetricFunction>('metric', metricTable, metric);

export const optimizerOf = (optimizer: OptimizerName | Optimizer): Optimizer =>
  typeof optimizer === 'object'
    ? optimizer
    : lookUp<() => Optimizer>('optimizer', optimizerTable, optimizer)();

export const metricName = (metric: MetricName | MetricFunction): string =>
  typeof metric === 'function' ? metric.name || 'metric' : metric;

/** Values of a step that have their name already. */
const TAKEN = ['loss', 'output', 'epoch', 'step'];

/** Throws an ArgumentError where two values of a step would have one name. */
export function checkMetricNames(model: string, names: readonly string[]): void {
  const twice = names.find((name, i) => TAKEN.includes(name) || names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new ArgumentError(
    `${model}: the name of metric "${twice}" is taken, by another metric or by one of ${TAKEN.join(', ')}; pass each metric once, as a function with a name of its own`,
  );
}
