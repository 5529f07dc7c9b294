import { ArgumentError } from '../errors.ts';
import * as losses from './losses.ts';
import type { LossFunction } from './losses.ts';
import * as metrics from './metrics.ts';
import type { Metric } from './metrics.ts';
import { didYouMean } from '../nearestName.ts';
import { describe } from '../options.ts';
import * as optimizers from './optimizers.ts';
import type { Optimizer } from './optimizers.ts';

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

export type Losses = typeof lossTable;
export type Metrics = typeof metricTable;
export type Optimizers = typeof optimizerTable;

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
function suggestion(name: string, names: readonly string[]): string {
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

/** @throws ArgumentError if there is none of that name; so do the others */
export const lossNamed = (name: string): LossFunction => lookUp<LossFunction>('loss', lossTable, name);

export const metricNamed = (name: string): Metric => lookUp('metric', metricMakers, name)();

export const optimizerNamed = (name: string): Optimizer =>
  lookUp<() => Optimizer>('optimizer', optimizerTable, name)();

/** The name of a function that makes a metric. */
export const metricMaker = (made: unknown): string | undefined =>
  Object.entries<unknown>(metrics).find(([, make]) => make === made)?.[0];

/** The name of a function that makes an optimizer. */
export const optimizerMaker = (made: unknown): string | undefined =>
  Object.entries<unknown>(optimizerTable).find(([, make]) => make === made)?.[0];
