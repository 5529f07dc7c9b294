import { ArgumentError } from '../errors.ts';
import * as losses from './losses.ts';
import type { LossFunction } from './losses.ts';
import * as metrics from './metrics.ts';
import type { Metric, MetricFunction } from './metrics.ts';
import * as optimizers from './optimizers.ts';
import type { Optimizer } from './optimizers.ts';

/** A metric by name, as a graph function from predictions and targets to one value per sample, or as a `Metric`. */
export type MetricSpec = MetricName | MetricFunction | Metric;

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
  accuracy: () => metrics.accuracy,
  binaryAccuracy: () => metrics.binaryAccuracy(),
  topKCategoricalAccuracy: () => metrics.topKCategoricalAccuracy(),
  precision: () => metrics.precision(),
  recall: () => metrics.recall(),
  f1: () => metrics.f1(),
  auc: () => metrics.auc(),
  confusionMatrix: () => metrics.confusionMatrix(),
  meanSquaredError: () => metrics.meanSquaredError,
  meanAbsoluteError: () => metrics.meanAbsoluteError,
} satisfies Record<string, () => MetricFunction | Metric>;

const optimizerTable = {
  sgd: optimizers.sgd,
  rmsprop: optimizers.rmsprop,
  adadelta: optimizers.adadelta,
  adam: optimizers.adam,
  adamw: optimizers.adamw,
  adagrad: optimizers.adagrad,
  adamax: optimizers.adamax,
  nadam: optimizers.nadam,
  lion: optimizers.lion,
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

export function metricOf(spec: MetricSpec): Metric {
  if (typeof spec === 'object' && spec !== null && typeof spec.compute === 'function' && spec.name)
    return spec;
  const given =
    typeof spec === 'function'
      ? spec
      : lookUp<() => MetricFunction | Metric>('metric', metricTable, spec as string)();
  if (typeof given === 'object') return given;
  return { name: typeof spec === 'function' ? spec.name || 'metric' : spec, compute: given } as Metric;
}

export const optimizerOf = (optimizer: OptimizerName | Optimizer): Optimizer =>
  typeof optimizer === 'object'
    ? optimizer
    : lookUp<() => Optimizer>('optimizer', optimizerTable, optimizer)();

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
