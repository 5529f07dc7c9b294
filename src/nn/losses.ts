/**
 * The losses by Keras's names: functions of predictions and targets [N, ...] to a value per sample, [N]. Called with
 * options alone, each gives the loss with these: `losses.huber({ delta: 2, reduction: 'sum' })`.
 */
export { circle } from './losses/circle.ts';
export type { CircleOptions } from './losses/circle.ts';
export {
  binaryCrossentropy,
  binaryCrossEntropyWithLogits,
  categoricalCrossentropy,
  categoricalGeneralizedCrossEntropy,
  kullbackLeiblerDivergence,
  softmaxCrossEntropy,
  sparseCategoricalCrossentropy,
  sparseSoftmaxCrossEntropy,
} from './losses/classification.ts';
export type { GeneralizedOptions } from './losses/classification.ts';
export type {
  AxisOptions,
  CrossentropyOptions,
  IgnoreOptions,
  SmoothingOptions,
  SoftmaxLossOptions,
  SparseCrossentropyOptions,
} from './losses/classes.ts';
export type { LossOptions, NamedLoss, Reduction } from './losses/define.ts';
export { binaryFocalCrossentropy, categoricalFocalCrossentropy } from './losses/focal.ts';
export type { BinaryFocalOptions, CategoricalFocalOptions } from './losses/focal.ts';
export { categoricalHinge, hinge, squaredHinge } from './losses/hinge.ts';
export { dice, tversky } from './losses/overlap.ts';
export type { OverlapOptions, TverskyOptions } from './losses/overlap.ts';
export {
  cosineSimilarity,
  huber,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
} from './losses/regression.ts';
export type { HuberOptions } from './losses/regression.ts';
export type { LossFunction } from './losses/targets.ts';
