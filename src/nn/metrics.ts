/** The metrics by Keras's names: measures of how good a model is, exact over all samples of an epoch or a data set. */
export {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from './metrics/accuracy.ts';
export {
  precisionAtRecall,
  recallAtPrecision,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
} from './metrics/atThresholds.ts';
export type {
  PrecisionAtRecallOptions,
  RecallAtPrecisionOptions,
  SensitivityAtSpecificityOptions,
  SpecificityAtSensitivityOptions,
} from './metrics/atThresholds.ts';
export { auc } from './metrics/auc.ts';
export type { AucOptions } from './metrics/auc.ts';
export type { Average, AverageOptions } from './metrics/averages.ts';
export {
  f1,
  f1Score,
  falseNegatives,
  falsePositives,
  fBetaScore,
  precision,
  recall,
  trueNegatives,
  truePositives,
} from './metrics/classification.ts';
export type { AveragedDecisionOptions, F1ScoreOptions, FBetaScoreOptions } from './metrics/classification.ts';
export { binaryIoU, confusionMatrix, iou, meanIoU, oneHotIoU, oneHotMeanIoU } from './metrics/confusion.ts';
export type {
  BinaryIouOptions,
  ClassIouOptions,
  ConfusionMatrixOptions,
  IouOptions,
  OneHotIouOptions,
} from './metrics/confusion.ts';
export type { CurveOptions } from './metrics/curve.ts';
export type { DecisionOptions } from './metrics/decisions.ts';
export { psnr, ssim } from './metrics/images.ts';
export type { PsnrOptions, SsimOptions } from './metrics/images.ts';
export type { Metric, MetricFunction } from './metrics/metric.ts';
export {
  concordanceCorrelation,
  cosineSimilarity,
  logCoshError,
  pearsonCorrelation,
  r2Score,
  rootMeanSquaredError,
} from './metrics/regression.ts';
export type { AlongOptions, R2ScoreOptions } from './metrics/regression.ts';
export {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalHinge,
  dice,
  hinge,
  huber,
  kullbackLeiblerDivergence,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  sparseCategoricalCrossentropy,
  squaredHinge,
  tversky,
} from './losses.ts';
