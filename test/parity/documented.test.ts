import { expect, it } from 'vitest';
import * as losses from '../../src/nn/losses.ts';
import { lossInfoOf } from '../../src/nn/losses/define.ts';
import * as metrics from '../../src/nn/metrics.ts';
import { Totals } from '../../src/nn/metrics/metric.ts';
import { lossTerm, metricRecording } from '../../src/nn/recording.ts';
import type { Recording } from '../../src/nn/recording.ts';
import { loadNames, metricOf } from '../../src/nn/registry.ts';
import type { MetricSpec } from '../../src/nn/registry.ts';
import { rowsFor } from '../../src/nn/steps.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { evaluate } from '../helpers/evaluate.ts';
import '../helpers/close.ts';
import { array } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';

await loadNames();

/** What the examples in Keras's documentation give. */

type Nested = readonly (number | Nested)[];
const of = (values: Nested): Array64 => {
  const shape: number[] = [];
  for (let own: Nested | number = values; typeof own !== 'number'; own = own[0]) shape.push(own.length);
  return array(shape, values.flat(9) as number[]);
};

const one = [[0, 1], [1, 1]]; // prettier-ignore
const sides = [0, 0, 0, 1, 1];
const scores = [0, 0.3, 0.8, 0.3, 0.8];
const several = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]; // prettier-ignore
const shares = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]]; // prettier-ignore
const hot = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]; // prettier-ignore
const rows = [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7], [0.5, 0.3, 0.1], [0.1, 0.4, 0.5]]; // prettier-ignore
const indices = [0, 0, 1, 1];
const chosen = [0, 1, 0, 1];
const four = [0.1, 0.2, 0.4, 0.7];

it.each<[spec: MetricSpec, target: Nested, prediction: Nested, weights: Nested | undefined, value: number | number[]]>([
  [metrics.fBetaScore({ beta: 2, threshold: 0.5 }), several, shares, undefined, [0.3846154, 0.90909094, 0.8333334]],
  [metrics.f1Score({ threshold: 0.5 }), several, shares, undefined, [0.5, 0.8, 0.6666667]],
  [metrics.iou({ numClasses: 2, targetClassIds: [0] }), indices, chosen, undefined, 0.33333334],
  [metrics.iou({ numClasses: 2, targetClassIds: [0] }), indices, chosen, [0.3, 0.3, 0.3, 0.1], 0.33333334],
  [metrics.meanIoU({ numClasses: 2 }), indices, chosen, [0.3, 0.3, 0.3, 0.1], 0.23809522],
  [metrics.binaryIoU({ threshold: 0.3 }), chosen, four, undefined, 0.33333334],
  [metrics.binaryIoU({ threshold: 0.3 }), chosen, four, [0.2, 0.3, 0.4, 0.1], 0.17361112],
  [metrics.oneHotIoU({ numClasses: 3, targetClassIds: [0, 2] }), hot, rows, [0.1, 0.2, 0.3, 0.4], 0.07142857],
  [metrics.oneHotMeanIoU({ numClasses: 3 }), hot, rows, [0.1, 0.2, 0.3, 0.4], 0.047619047],
  [metrics.precisionAtRecall({ recall: 0.5 }), sides, scores, undefined, 0.5],
  [metrics.precisionAtRecall({ recall: 0.5 }), sides, scores, [2, 2, 2, 1, 1], 0.33333333],
  [metrics.recallAtPrecision({ precision: 0.8 }), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], undefined, 0.5],
  [metrics.recallAtPrecision({ precision: 0.8 }), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], [1, 0, 0, 1], 1],
  [metrics.sensitivityAtSpecificity({ specificity: 0.5 }), sides, scores, undefined, 0.5],
  [metrics.sensitivityAtSpecificity({ specificity: 0.5 }), sides, scores, [1, 1, 2, 2, 1], 0.333333],
  [metrics.specificityAtSensitivity({ sensitivity: 0.5 }), sides, scores, undefined, 0.66666667],
  [metrics.specificityAtSensitivity({ sensitivity: 0.5 }), sides, scores, [1, 1, 2, 2, 2], 0.5],
  [metrics.r2Score(), [[1], [4], [3]], [[2], [4], [4]], undefined, 0.57142854],
  [metrics.cosineSimilarity({ axis: 1 }), one, [[1, 0], [1, 1]], undefined, 0.49999997],
  [metrics.cosineSimilarity({ axis: 1 }), one, [[1, 0], [1, 1]], [0.3, 0.7], 0.6999999],
  [metrics.rootMeanSquaredError(), [[0, 1], [0, 0]], [[1, 1], [0, 0]], undefined, 0.5],
  [metrics.rootMeanSquaredError(), [[0, 1], [0, 0]], [[1, 1], [0, 0]], [1, 0], 0.70710677],
  [metrics.logCoshError(), [[0, 1], [0, 0]], [[1, 1], [0, 0]], undefined, 0.10844523],
  [metrics.logCoshError(), [[0, 1], [0, 0]], [[1, 1], [0, 0]], [1, 0], 0.21689045],
  [metrics.auc({ thresholds: 3 }), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], undefined, 0.75],
  [metrics.auc({ thresholds: 3 }), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], [1, 0, 0, 1], 1],
  [metrics.precision(), [0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0], 1],
  [metrics.precision({ topK: 2 }), [[0, 0, 1, 1]], [[1, 1, 1, 1]], undefined, 0],
  [metrics.precision({ topK: 4 }), [[0, 0, 1, 1]], [[1, 1, 1, 1]], undefined, 0.5],
  [metrics.recall(), [0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0], 1],
  [metrics.truePositives(), [0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0], 1],
  [metrics.falsePositives(), [0, 1, 0, 0], [0, 0, 1, 1], undefined, 2],
  [metrics.topKCategoricalAccuracy({ k: 1 }), [[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]], [0.7, 0.3], 0.3],
])('metric %o: %j of %j, weights %j', async (spec, target, prediction, weights, value) => {
  let recording: Recording | undefined;
  const metric = metricOf(spec);
  const [found] = await evaluate(
    (p, t, w) => (recording = metricRecording('test', metric, rowsFor('test', p, t, w))).tensor,
    [prediction, target, ...(weights ? [weights] : [])].map(of),
  );
  const [count] = found.shape;
  const columns = found.data.length / count;
  const sums = Float32Array.from({ length: columns }, (_, c) =>
    found.data.reduce((sum, own, i) => (i % columns === c ? sum + own : sum), 0),
  );
  const totals = new Totals([{ ...recording!, name: 'value' }]).add([{ sums, count }]);
  expect([totals.values('with matrices').value].flat()).toBeAllClose([value].flat(), { rtol: 1e-5 });
}); // prettier-ignore

const masks = [[[[1], [1]], [[0], [0]]], [[[1], [1]], [[0], [0]]]]; // prettier-ignore
const images = [[[[0], [1]], [[0], [1]]], [[[0.4], [0]], [[0], [0.9]]]]; // prettier-ignore
const binary = [[0, 1], [0, 0]]; // prettier-ignore
const halves = [[0.6, 0.4], [0.4, 0.6]]; // prettier-ignore
const classes = [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]; // prettier-ignore

it.each<[loss: losses.LossFunction, target: Nested, prediction: Nested, weights: Nested | undefined, value: number]>([
  [losses.binaryFocalCrossentropy({ gamma: 2 }), binary, halves, undefined, 0.268],
  [losses.categoricalFocalCrossentropy(), [[0, 1, 0], [0, 0, 1]], [[0.05, 0.9, 0.05], [0.1, 0.85, 0.05]], undefined, (2.63401289e-4 + 0.675912094) / 2],
  [losses.sparseCategoricalCrossentropy(), [1, 2], classes, undefined, 1.1769392],
  [losses.sparseCategoricalCrossentropy(), [1, 2], classes, [0.3, 0.7], 0.8136],
  [losses.sparseCategoricalCrossentropy({ reduction: 'sum' }), [1, 2], classes, undefined, 2.3538785],
  [losses.binaryCrossentropy(), binary, halves, undefined, 0.815],
  [losses.binaryCrossentropy(), binary, halves, [0.8, 0.2], 0.438],
  [losses.dice(), masks, images, undefined, 0.6164384],
  [losses.dice({ axis: [1, 2, 3] }), masks, images, undefined, (0.5 + 0.75757575) / 2],
  [losses.huber(), binary, halves, undefined, 0.155],
  [losses.logCosh(), binary, [[1, 1], [0, 0]], undefined, 0.10844523],
  [losses.cosineSimilarity(), [[0, 1], [1, 1], [1, 1]], [[1, 0], [1, 1], [-1, -1]], undefined, 0],
])('loss %o: %j of %j, weights %j', async (loss, target, prediction, weights, value) => {
  const { reduction } = lossInfoOf(loss)!;
  const [found] = await evaluate(
    (p, t, w) => reduceMean(lossTerm('test', loss, reduction, rowsFor('test', p, t, w)).reduced),
    [prediction, target, ...(weights ? [weights] : [])].map(of),
  );
  expect(found.data).toBeAllClose([value], { rtol: 1e-5, atol: 5e-4 });
}); // prettier-ignore
