import { describe, expect, it } from 'vitest';
import * as metrics from '../../src/nn/metrics.ts';
import { Totals } from '../../src/nn/metrics/metric.ts';
import { metricRecording } from '../../src/nn/recording.ts';
import { loadNames, metricOf } from '../../src/nn/registry.ts';
import type { MetricSpec } from '../../src/nn/registry.ts';
import { rowsFor } from '../../src/nn/steps.ts';
import type { Recording } from '../../src/nn/recording.ts';
import { evaluate } from '../helpers/evaluate.ts';
import '../helpers/close.ts';
import { array } from '../reference/array.ts';
import { caseName, parityCases } from './cases.ts';
import type { ParityCase, ParityTensor } from './cases.ts';

await loadNames();

interface MetricCase extends ParityCase {
  readonly target: ParityTensor;
  readonly prediction: ParityTensor;
  readonly weight?: ParityTensor | null;
  readonly value: ParityTensor;
}

type Make = (options: any) => MetricSpec;

/** Keras's names of options where wgrad has others. */
const words: Readonly<Record<string, string>> = {
  class_id: 'class',
  thresholds: 'threshold',
  num_thresholds: 'thresholds',
};

/** Keras's classes and wgrad's words; what `get` calls by a name is in lower case. */
const makers: Readonly<Record<string, Make>> = {
  accuracy: () => 'accuracy',
  BinaryAccuracy: metrics.binaryAccuracy,
  CategoricalAccuracy: metrics.categoricalAccuracy,
  SparseCategoricalAccuracy: metrics.sparseCategoricalAccuracy,
  TopKCategoricalAccuracy: metrics.topKCategoricalAccuracy,
  SparseTopKCategoricalAccuracy: metrics.sparseTopKCategoricalAccuracy,
  Precision: metrics.precision,
  Recall: metrics.recall,
  TruePositives: metrics.truePositives,
  TrueNegatives: metrics.trueNegatives,
  FalsePositives: metrics.falsePositives,
  FalseNegatives: metrics.falseNegatives,
  F1Score: metrics.f1Score,
  FBetaScore: metrics.fBetaScore,
  AUC: metrics.auc,
  PrecisionAtRecall: metrics.precisionAtRecall,
  RecallAtPrecision: metrics.recallAtPrecision,
  SensitivityAtSpecificity: metrics.sensitivityAtSpecificity,
  SpecificityAtSensitivity: metrics.specificityAtSensitivity,
  IoU: metrics.iou,
  MeanIoU: metrics.meanIoU,
  BinaryIoU: metrics.binaryIoU,
  OneHotIoU: metrics.oneHotIoU,
  OneHotMeanIoU: metrics.oneHotMeanIoU,
  MeanSquaredError: metrics.meanSquaredError,
  MeanAbsoluteError: metrics.meanAbsoluteError,
  MeanAbsolutePercentageError: metrics.meanAbsolutePercentageError,
  MeanSquaredLogarithmicError: metrics.meanSquaredLogarithmicError,
  RootMeanSquaredError: metrics.rootMeanSquaredError,
  LogCoshError: metrics.logCoshError,
  CosineSimilarity: metrics.cosineSimilarity,
  R2Score: metrics.r2Score,
  PearsonCorrelation: metrics.pearsonCorrelation,
  ConcordanceCorrelation: metrics.concordanceCorrelation,
  BinaryCrossentropy: metrics.binaryCrossentropy,
  CategoricalCrossentropy: metrics.categoricalCrossentropy,
  SparseCategoricalCrossentropy: metrics.sparseCategoricalCrossentropy,
  KLDivergence: metrics.kullbackLeiblerDivergence,
  Poisson: metrics.poisson,
  Hinge: metrics.hinge,
  SquaredHinge: metrics.squaredHinge,
  CategoricalHinge: metrics.categoricalHinge,
};

const camel = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const wordOf = (keras: string, name: string) =>
  name === 'num_thresholds' || keras !== 'AUC' ? (words[name] ?? camel(name)) : camel(name);

/** The float values of an option in Keras's spelling: `uniform_average`. */
const valueOf = (value: unknown) => (typeof value === 'string' ? camel(value) : value);

const array64 = ({ shape, data }: ParityTensor) => array(shape, data);

describe.each(
  [...parityCases<MetricCase>('metrics'), ...parityCases<MetricCase>('moreMetrics')].map(
    (own, i) => [caseName(own, i), own] as const,
  ),
)('Keras’s metric %s', (_, { keras, config, target, prediction, weight, value }) => {
  it('has its value', async () => {
    const make = makers[keras];
    expect(make, `a word for ${keras}`).toBeDefined();
    const options = Object.entries(config).map(([key, own]) => [wordOf(keras, key), valueOf(own)]);
    const metric = metricOf(make(Object.fromEntries(options)));
    let recording: Recording | undefined;
    const [rows] = await evaluate(
      (p, t, w) => {
        recording = metricRecording(keras, metric, rowsFor(keras, p, t, w));
        return recording.tensor;
      },
      [prediction, target, ...(weight ? [weight] : [])].map(array64),
      { dtypes: ['f32', target.dtype === 'i' ? 'i32' : 'f32', 'f32'] },
    );
    const [count] = rows.shape;
    const columns = rows.data.length / count;
    const sums = Float32Array.from({ length: columns }, (__, c) => {
      let sum = 0;
      for (let row = 0; row < count; row++) sum += rows.data[row * columns + c];
      return sum;
    });
    const totals = new Totals([{ name: 'value', value: recording!.value }]);
    const found: unknown = totals.add([{ sums, count }]).values('with matrices').value;
    expect(([found] as number[]).flat()).toBeAllClose(value.data);
  });
});
