import { ArgumentError } from '../errors.ts';
import * as losses from './losses.ts';
import type { LossFunction } from './losses.ts';
import { lossInfoOf } from './losses/define.ts';
import type { LossInfo } from './losses/define.ts';
import * as metrics from './metrics.ts';
import type { Metric, MetricFunction } from './metrics.ts';
import { didYouMean } from '../nearestName.ts';
import { describe } from '../options.ts';
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
  binaryFocalCrossentropy: losses.binaryFocalCrossentropy,
  categoricalCrossentropy: losses.categoricalCrossentropy,
  categoricalFocalCrossentropy: losses.categoricalFocalCrossentropy,
  categoricalGeneralizedCrossEntropy: losses.categoricalGeneralizedCrossEntropy,
  sparseCategoricalCrossentropy: losses.sparseCategoricalCrossentropy,
  kullbackLeiblerDivergence: losses.kullbackLeiblerDivergence,
  meanAbsoluteError: losses.meanAbsoluteError,
  meanAbsolutePercentageError: losses.meanAbsolutePercentageError,
  meanSquaredLogarithmicError: losses.meanSquaredLogarithmicError,
  huber: losses.huber,
  hinge: losses.hinge,
  squaredHinge: losses.squaredHinge,
  categoricalHinge: losses.categoricalHinge,
  logCosh: losses.logCosh,
  poisson: losses.poisson,
  cosineSimilarity: losses.cosineSimilarity,
  circle: losses.circle,
  dice: losses.dice,
  tversky: losses.tversky,
} satisfies Record<string, LossFunction>;

/** Other names that are accepted, too: Keras's short ones. */
const shortLosses = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
  bce: 'binaryCrossentropy',
  kld: 'kullbackLeiblerDivergence',
  klDivergence: 'kullbackLeiblerDivergence',
  logcosh: 'logCosh',
} as const satisfies Record<string, keyof typeof lossTable>;

const metricTable = {
  accuracy: (): Metric => ({ name: 'accuracy', better: 'higher', compute: metrics.accuracy }),
  binaryAccuracy: metrics.binaryAccuracy,
  categoricalAccuracy: metrics.categoricalAccuracy,
  sparseCategoricalAccuracy: metrics.sparseCategoricalAccuracy,
  topKCategoricalAccuracy: metrics.topKCategoricalAccuracy,
  sparseTopKCategoricalAccuracy: metrics.sparseTopKCategoricalAccuracy,
  precision: metrics.precision,
  recall: metrics.recall,
  f1: metrics.f1,
  f1Score: metrics.f1Score,
  fBetaScore: metrics.fBetaScore,
  truePositives: metrics.truePositives,
  trueNegatives: metrics.trueNegatives,
  falsePositives: metrics.falsePositives,
  falseNegatives: metrics.falseNegatives,
  auc: metrics.auc,
  confusionMatrix: metrics.confusionMatrix,
  iou: metrics.iou,
  meanIoU: metrics.meanIoU,
  binaryIoU: metrics.binaryIoU,
  oneHotIoU: metrics.oneHotIoU,
  oneHotMeanIoU: metrics.oneHotMeanIoU,
  rootMeanSquaredError: metrics.rootMeanSquaredError,
  r2Score: metrics.r2Score,
  cosineSimilarity: metrics.cosineSimilarity,
  logCoshError: metrics.logCoshError,
  pearsonCorrelation: metrics.pearsonCorrelation,
  concordanceCorrelation: metrics.concordanceCorrelation,
  psnr: metrics.psnr,
  ssim: metrics.ssim,
} satisfies Record<string, () => Metric>;

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
  ftrl: optimizers.ftrl,
  radam: optimizers.radam,
  lamb: optimizers.lamb,
  adafactor: optimizers.adafactor,
  muon: optimizers.muon,
} satisfies Record<string, () => Optimizer>;

export type LossName = keyof typeof lossTable | keyof typeof shortLosses;
/** Every loss is a metric, too: its mean over the samples. */
export type MetricName = keyof typeof metricTable | LossName | 'acc';
export type OptimizerName = keyof typeof optimizerTable;

/** The names that other frameworks use for some of them. */
const ALIASES: Readonly<Record<string, string>> = {
  bceLoss: 'binaryCrossentropy',
  bceWithLogitsLoss: 'binaryCrossEntropyWithLogits',
  sigmoidCrossEntropy: 'binaryCrossEntropyWithLogits',
  crossEntropy: 'softmaxCrossEntropy',
  crossEntropyLoss: 'softmaxCrossEntropy',
  klDivergence: 'kullbackLeiblerDivergence',
  klDivLoss: 'kullbackLeiblerDivergence',
  l1Loss: 'meanAbsoluteError',
  l2Loss: 'meanSquaredError',
  mseLoss: 'meanSquaredError',
  smoothL1Loss: 'huber',
};

/** `; did you mean "…"?` after a name that is none of those known. */
export function suggestion(name: string, names: readonly string[]): string {
  const plain = (text: string) => text.replaceAll(/[_\W]/g, '').toLowerCase();
  const alias = Object.keys(ALIASES).find((key) => plain(key) === plain(name));
  return alias !== undefined && names.includes(ALIASES[alias])
    ? `; did you mean "${ALIASES[alias]}"?`
    : didYouMean(name, names);
}

function lookUp<T>(kind: string, table: Readonly<Record<string, T>>, name: string): T {
  if (Object.hasOwn(table, name)) return table[name];
  const names = Object.keys(table);
  throw new ArgumentError(
    `${typeof name === 'string' ? `There is no ${kind} "${name}"` : `The ${kind} is ${describe(name)}, which is none`}; choose one of ${names.join(', ')}${suggestion(String(name), names)}`,
  );
}

export const lossOf = (loss: LossName | LossFunction): LossFunction =>
  typeof loss === 'function' ? loss : lookUp<LossFunction>('loss', lossTable, whole(loss));

/** The full name of a short one. */
const whole = (name: string): string =>
  Object.hasOwn(shortLosses, name) ? shortLosses[name as keyof typeof shortLosses] : name;

/** What a loss is called, with its options; '' for a function without a name. */
export const lossNameOf = (loss: LossName | LossFunction): string =>
  typeof loss === 'function' ? (lossInfoOf(loss)?.text ?? loss.name) : whole(loss);

const metricMakers: Readonly<Record<string, () => Metric>> = {
  ...metricTable, // the first in messages
  ...Object.fromEntries(
    Object.entries(lossTable).map(([name, compute]) => [
      name,
      (): Metric => ({ name, better: 'lower', compute }),
    ]),
  ),
  ...metricTable,
};

/**
 * A metric by name, as an object, or as a function: wgrad's own by their names, others by the function's. What is asked for by
 * a short name is called by it, as in Keras.
 *
 * @throws ArgumentError if there is none of that name, or a function has no name
 */
export function metricOf(spec: MetricSpec): Metric {
  if (typeof spec === 'object' && spec !== null && typeof spec.compute === 'function' && spec.name)
    return checked(spec);
  if (typeof spec !== 'function') {
    const full = spec === 'acc' ? 'accuracy' : whole(spec as string);
    const metric = lookUp('metric', metricMakers, full)();
    return full === spec ? metric : { ...metric, name: spec as string };
  }
  if (spec === metrics.accuracy) return metricMakers.accuracy();
  const loss = lossInfoOf(spec);
  if (loss) return ofLoss(loss, spec);
  const maker = Object.entries<unknown>(metrics).find(([, make]) => make === spec);
  if (maker) throw new ArgumentError(`metrics.${maker[0]} makes a metric; call it: metrics.${maker[0]}()`);
  if (spec.name) return { name: spec.name, compute: spec };
  throw new ArgumentError(
    "A metric is a function without a name; give it one: { name: 'myMetric', compute: (prediction, target) => … }",
  );
}

function ofLoss({ name, reduction }: LossInfo, compute: MetricFunction): Metric {
  if (reduction === 'mean') return { name, better: 'lower', compute };
  throw new ArgumentError(`metric "${name}": is a mean over samples; leave out its reduction`);
}

function checked(metric: Metric): Metric {
  if (metric.better === undefined || metric.better === 'higher' || metric.better === 'lower') return metric;
  throw new ArgumentError(
    `metric "${metric.name}": better is "${String(metric.better)}"; choose 'higher' or 'lower'`,
  );
}

export function optimizerOf(optimizer: OptimizerName | Optimizer): Optimizer {
  if (typeof optimizer === 'object' && typeof optimizer?.update === 'function') return optimizer;
  if (typeof optimizer === 'function') {
    const [name = 'adam'] = Object.entries(optimizerTable).find(([, make]) => make === optimizer) ?? [];
    throw new ArgumentError(`The optimizer is the function that makes one; call it: optimizer: ${name}()`);
  }
  return lookUp<() => Optimizer>('optimizer', optimizerTable, optimizer as string)();
}

/** Values of a step that have their name already. */
const TAKEN = ['loss', 'output', 'epoch', 'step'];

/** `validationLoss`: what the value of a step is called over the validation data. */
export const validationName = (name: string) => `validation${name[0].toUpperCase()}${name.slice(1)}`;

/** Throws an ArgumentError where two values of a step or an epoch would have one name. */
export function checkMetricNames(model: string, names: readonly string[]): void {
  const validation = ['loss', ...names].map(validationName);
  const clash = names.find((name) => validation.includes(name));
  if (clash !== undefined) {
    throw new ArgumentError(
      `${model}: a value is named "${clash}", as another one is over the validation data; give the output or the metric another name`,
    );
  }
  const twice = names.find((name, i) => TAKEN.includes(name) || names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new ArgumentError(
    `${model}: the name of metric "${twice}" is taken, by another metric or by one of ${TAKEN.join(', ')}; pass each metric once, as a function with a name of its own`,
  );
}
