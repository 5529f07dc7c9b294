/** The metrics by Keras's names: what tells how good a model is, exact over all samples of an epoch or a data set. */
export * from './metrics/auc.ts';
export {
  accuracy,
  binaryAccuracy,
  confusionMatrix,
  f1,
  precision,
  recall,
  topKCategoricalAccuracy,
} from './metrics/classification.ts';
export type { ConfusionMatrixOptions } from './metrics/classification.ts';
export type { DecisionOptions } from './metrics/decisions.ts';
export type { Metric, MetricFunction } from './metrics/metric.ts';
export { meanAbsoluteError, meanSquaredError } from './losses/regression.ts';
