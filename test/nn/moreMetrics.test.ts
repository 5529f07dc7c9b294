import { describe, expect, it } from 'vitest';
import * as metrics from '../../src/nn/metrics.ts';
import { Totals } from '../../src/nn/metrics/metric.ts';
import { metricRecording } from '../../src/nn/recording.ts';
import type { Recording } from '../../src/nn/recording.ts';
import { loadNames, metricOf } from '../../src/nn/registry.ts';
import type { MetricSpec } from '../../src/nn/registry.ts';
import { rowsFor } from '../../src/nn/steps.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array, map, random, randomIntegers, type Array64, fromFunction } from '../reference/array.ts';
import * as losses from '../reference/losses.ts';
import * as reference from '../reference/metrics.ts';
import { oneHot } from '../reference/movement.ts';

await loadNames();

/** A metric's value on one batch. */
async function valueOf(
  spec: MetricSpec,
  prediction: Array64,
  target: Array64,
  { dtype = 'f32' as 'f32' | 'i32', software = true } = {},
): Promise<number> {
  let recording: Recording | undefined;
  const [rows] = await evaluate(
    (p, t) => (recording = metricRecording('test', metricOf(spec), rowsFor('test', p, t))).tensor,
    [prediction, target],
    { dtypes: ['f32', dtype], software },
  );
  const [count] = rows.shape;
  const columns = rows.data.length / count;
  const sums = Float32Array.from({ length: columns }, (_, c) =>
    rows.data.reduce((sum, value, i) => (i % columns === c ? sum + value : sum), 0),
  );
  return new Totals([{ ...recording!, name: 'value' }]).add([{ sums, count }]).values('with matrices').value;
}

const fround = (a: Array64) => map(a, Math.fround);
const [N, C] = [29, 4];
const scores = fround(random(1, [N, C], 0, 1));
const labels = randomIntegers(2, [N], C);
const hot = oneHot(labels, C);
const single = fround(random(3, [N, 1], 0, 1));
const truth = randomIntegers(4, [N, 1], 2);
const many = randomIntegers(5, [N, C], 2); // any number of labels per sample

describe.each([true, false])('software %s', (software) => {
  it('Fβ of each class, and its averages', async () => {
    const each = reference.fBeta(scores, hot);
    const support = Array.from({ length: C }, (_, c) => labels.data.filter((label) => label === c).length);
    const mean = each.reduce((a, b) => a + b, 0) / C;
    const weighted = each.reduce((sum, value, c) => sum + (value * support[c]) / N, 0);
    for (const [target, dtype] of [
      [hot, 'f32'],
      [labels, 'i32'],
    ] as const) {
      // prettier-ignore
      const value = (options: metrics.F1ScoreOptions) =>
        valueOf(metrics.f1Score(options), scores, target, { dtype, software });
      expect(await value({})).toBeAllClose(each);
      expect(await value({ average: 'macro' })).toBeCloseTo(mean, 5);
      expect(await value({ average: 'weighted' })).toBeCloseTo(weighted, 5);
      // of one class per sample the counts of all classes together give the accuracy
      expect(await value({ average: 'micro' })).toBeCloseTo(losses.accuracy(scores, labels), 5);
    }
    const two = metrics.fBetaScore({ beta: 2, threshold: 0.4 });
    expect(await valueOf(two, scores, many, { software })).toBeAllClose(
      reference.fBeta(scores, many, { beta: 2, threshold: 0.4 }),
    );
  });

  it('averages of precision and recall', async () => {
    const own = (values: Array64, c: number) => values.data.filter((_, i) => i % C === c);
    for (const [metric, twin] of [
      [metrics.precision, reference.precision],
      [metrics.recall, reference.recall],
      [metrics.f1, reference.f1],
    ] as const) {
      const each = Array.from({ length: C }, (_, c) => twin(own(scores, c), own(many, c), 0.6));
      const macro = await valueOf(metric({ average: 'macro', threshold: 0.6 }), scores, many, { software });
      expect(macro).toBeCloseTo(each.reduce((a, b) => a + b, 0) / C, 5);
    }
  });

  it('the largest k as positive', async () => {
    const rank = scores.data.map((score, i) => {
      const row = scores.data.subarray(i - (i % C), i - (i % C) + C);
      return row.filter((other) => other > score).length;
    });
    for (const k of [1, 2, 3]) {
      const chosen = Array.from(rank, (place) => Number(place < k));
      const found = await valueOf(metrics.precision({ topK: k }), scores, many, { software });
      expect(found).toBeCloseTo(reference.precision(chosen, many.data), 6);
      const ofClass = await valueOf(metrics.recall({ topK: k, class: 2 }), scores, labels, {
        dtype: 'i32',
        software,
      });
      expect(ofClass).toBeCloseTo(
        reference.recall(chosen.filter((_, i) => i % C === 2), map(labels, (label) => Number(label === 2)).data),
        6,
      ); // prettier-ignore
    }
  });

  it('counts', async () => {
    const { tp, fp, fn, tn } = reference.counts(scores.data, many.data, 0.7);
    const value = (metric: metrics.Metric) => valueOf(metric, scores, many, { software });
    expect(await value(metrics.truePositives({ threshold: 0.7 }))).toBeCloseTo(tp, 4);
    expect(await value(metrics.falsePositives({ threshold: 0.7 }))).toBeCloseTo(fp, 4);
    expect(await value(metrics.falseNegatives({ threshold: 0.7 }))).toBeCloseTo(fn, 4);
    expect(await value(metrics.trueNegatives({ threshold: 0.7 }))).toBeCloseTo(tn, 4);
  });

  it('at several thresholds', async () => {
    const threshold = [0.2, 0.5, 0.8];
    const each = (twin: (limit: number) => number) => threshold.map(twin);
    expect(await valueOf(metrics.precision({ threshold }), scores, many, { software })).toBeAllClose(
      each((limit) => reference.precision(scores.data, many.data, limit)),
    );
    expect(await valueOf(metrics.falsePositives({ threshold }), scores, many, { software })).toBeAllClose(
      each((limit) => reference.counts(scores.data, many.data, limit).fp),
    );
  });

  it('one rate at a bound of another', async () => {
    for (const thresholds of [1, 5, 200]) {
      const rates = reference.ratesAt(single.data, truth.data, thresholds);
      for (const bound of [0, 0.35, 0.8, 1]) {
        for (const [metric, best, bounded] of [
          [metrics.precisionAtRecall({ recall: bound, thresholds }), 'precision', 'recall'],
          [metrics.recallAtPrecision({ precision: bound, thresholds }), 'recall', 'precision'],
          [metrics.sensitivityAtSpecificity({ specificity: bound, thresholds }), 'recall', 'specificity'],
          [metrics.specificityAtSensitivity({ sensitivity: bound, thresholds }), 'specificity', 'recall'],
        ] as const) {
          if (!software && thresholds === 200) continue;
          const met = rates.filter((own) => own[bounded] >= bound).map((own) => own[best]);
          const found = await valueOf(metric, single, truth, { software });
          expect(found, `${metric.name} ${bound}`).toBeCloseTo(Math.max(0, ...met), 6);
        }
      }
    }
  });

  it('areas of labels one by one', async () => {
    const areas = Array.from({ length: C }, (_, c) =>
      reference.auc(
        scores.data.filter((__, i) => i % C === c),
        many.data.filter((__, i) => i % C === c),
        { thresholds: 30 },
      ),
    );
    const value = (options: metrics.AucOptions) =>
      valueOf(metrics.auc({ thresholds: 30, multiLabel: true, ...options }), scores, many, { software });
    expect(await value({})).toBeCloseTo(areas.reduce((a, b) => a + b) / C, 5);
    expect(await value({ labelWeights: [1, 0, 3, 0] })).toBeCloseTo((areas[0] + 3 * areas[2]) / 4, 5);
    const [low, middle, high] = await Promise.all(
      (['minoring', 'interpolation', 'majoring'] as const).map((summationMethod) =>
        value({ summationMethod }),
      ),
    );
    expect(low).toBeLessThan(middle);
    expect((low + high) / 2).toBeCloseTo(middle, 6); // the trapezoid is the mean of both rectangles
  });

  it('intersections over unions', async () => {
    const matrix = reference.confusionMatrix(scores, labels);
    const given = { dtype: 'i32', software } as const;
    expect(await valueOf('meanIoU', scores, labels, given)).toBeCloseTo(reference.iou(matrix), 6);
    const some = metrics.iou({ numClasses: C, targetClassIds: [1, 3] });
    expect(await valueOf(some, scores, labels, given)).toBeCloseTo(reference.iou(matrix, [1, 3]), 6);
    expect(await valueOf(metrics.oneHotMeanIoU(), scores, hot, { software })).toBeCloseTo(
      reference.iou(matrix),
      6,
    );
    const without = matrix.map((row, c) => (c === 2 ? row.map(() => 0) : row));
    const ignoring = metrics.meanIoU({ ignoreClass: 2 });
    expect(await valueOf(ignoring, scores, labels, given)).toBeCloseTo(reference.iou(without), 6);
    const chosen = array(
      [N],
      Float64Array.from({ length: N }, (_, n) => n % C),
    );
    const indices = metrics.meanIoU({ numClasses: C });
    expect(await valueOf(indices, chosen, labels, given)).toBeCloseTo(
      reference.iou(reference.confusionMatrix(oneHot(chosen, C), labels)),
      6,
    );
    const { tp, fp, fn, tn } = reference.counts(single.data, truth.data, 0.3);
    const binary = [[tn, fp], [fn, tp]]; // prettier-ignore
    const halves = metrics.binaryIoU({ threshold: 0.3 });
    expect(await valueOf(halves, single, truth, { software })).toBeCloseTo(reference.iou(binary), 6);
  });

  it('R²', async () => {
    const t = map(scores, (value, i) => value + Math.sin(i) * 0.3);
    const each = reference.r2(scores, t);
    expect(await valueOf(metrics.r2Score({ classAggregation: null }), scores, t, { software })).toBeAllClose(
      each,
    );
    const mean = each.reduce((a, b) => a + b) / C;
    expect(await valueOf('r2Score', scores, t, { software })).toBeCloseTo(mean, 4);
    const adjusted = 1 - ((1 - mean) * (N * C - 1)) / (N * C - 6);
    expect(await valueOf(metrics.r2Score({ numRegressors: 5 }), scores, t, { software })).toBeCloseTo(
      adjusted,
      4,
    );
    const error = losses.meanSquaredError(scores, t).mean;
    expect(await valueOf('rootMeanSquaredError', scores, t, { software })).toBeCloseTo(Math.sqrt(error), 5);
  });

  it('correlations and cosines', async () => {
    const t = random(6, [N, C], -1, 1);
    const rows = Array.from({ length: N }, (_, n) =>
      [scores, t].map(({ data }) => [...data.subarray(n * C, n * C + C)]),
    ).map(([x, y]) => reference.correlations(x, y));
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / N;
    const value = (name: MetricSpec) => valueOf(name, scores, t, { software });
    expect(await value('pearsonCorrelation')).toBeCloseTo(mean(rows.map((own) => own.pearson)), 4);
    expect(await value('concordanceCorrelation')).toBeCloseTo(mean(rows.map((own) => own.concordance)), 4);
    expect(await value('cosineSimilarity')).toBeCloseTo(-losses.cosineSimilarity(scores, t).mean, 5);
    expect(await value('logCoshError')).toBeCloseTo(losses.logCosh(scores, t).mean, 5);
  });

  it('images', async () => {
    const [H, W] = [13, 12];
    const x = random(7, [3, H, W, 2], 0, 1);
    const t = map(x, (value, i) => 0.8 * value + 0.1 + 0.1 * Math.sin(i));
    const image = (own: Array64, n: number, channel: number) =>
      array(
        [H, W],
        own.data.filter((_, i) => Math.floor(i / (H * W * 2)) === n && i % 2 === channel),
      );
    const pairs = [0, 1, 2].flatMap((n) => [0, 1].map((c) => [image(x, n, c), image(t, n, c)] as const));
    for (const options of [{}, { size: 7, sigma: 2, maxValue: 2 }]) {
      const {
        size: filterSize,
        sigma: filterSigma,
        maxValue,
      } = { size: 11, sigma: 1.5, maxValue: 1, ...options };
      const expected = pairs.map(([a, b]) => reference.ssim(a, b, options)).reduce((a, b) => a + b) / 6;
      const found = await valueOf(metrics.ssim({ filterSize, filterSigma, maxValue }), x, t, { software });
      expect(found).toBeCloseTo(expected, 4);
    }
    // scikit-image's structural_similarity (gaussian_weights, use_sample_covariance=False) and peak_signal_noise_ratio
    const a = fromFunction(
      [1, 16, 15, 2],
      (_, row, column, c) => (Math.sin(0.4 * column + 0.3 * row + c) + 1) / 2,
    );
    const b = fromFunction(a.shape, (...at) => {
      const [, row, column] = at;
      const i = (row * 15 + column) * 2 + at[3];
      return Math.min(1, Math.max(0, a.data[i] + 0.1 * Math.cos(1.7 * column - 0.9 * row)));
    });
    expect(await valueOf('ssim', b, a, { software })).toBeCloseTo(0.954176529, 5);
    expect(await valueOf('psnr', b, a, { software })).toBeCloseTo(23.7110912, 4);
    const gray = map(image(x, 0, 0), (value) => value);
    const one = array([1, H, W], gray.data);
    expect(await valueOf('ssim', one, one, { software })).toBeCloseTo(1, 5);
    const errors = [0, 1, 2].map((n) => {
      const per = H * W * 2;
      const part = (own: Array64) => array([1, per], own.data.slice(n * per, (n + 1) * per));
      return losses.meanSquaredError(part(x), part(t)).mean;
    });
    for (const maxValue of [1, 255]) {
      const expected =
        errors.map((error) => 10 * Math.log10(maxValue ** 2 / error)).reduce((a, b) => a + b) / 3;
      expect(await valueOf(metrics.psnr({ maxValue }), x, t, { software })).toBeCloseTo(expected, 3);
    }
  });
});

it('accuracies by Keras’s names', async () => {
  const given = { dtype: 'i32' } as const;
  const expected = losses.accuracy(scores, labels);
  expect(await valueOf('sparseCategoricalAccuracy', scores, labels, given)).toBeCloseTo(expected, 6);
  expect(await valueOf('categoricalAccuracy', scores, hot)).toBeCloseTo(expected, 6);
  const three = metrics.sparseTopKCategoricalAccuracy({ k: 3 });
  expect(await valueOf(three, scores, labels, given)).toBeCloseTo(reference.topK(scores, labels, 3), 6);
  // a target between 0 and 1 is met by no decision, one of −1 is a 0
  const p = array([4, 1], [0.9, 0.9, 0.1, 0.1]);
  expect(await valueOf('binaryAccuracy', p, array([4, 1], [1, 0.7, 0.3, -1]))).toBe(0.5);
});

it('are NaN where an output is', async () => {
  const broken = map(scores, (value, i) => (i === 5 ? NaN : value));
  const images = map(random(1, [1, 11, 11], 0, 1), (value, i) => (i === 7 ? NaN : value));
  const several: MetricSpec[] = ['f1Score', 'r2Score', 'rootMeanSquaredError', 'cosineSimilarity', 'pearsonCorrelation', 'concordanceCorrelation', 'logCoshError', metrics.precision({ topK: 2 }), metrics.recall({ average: 'macro' }), metrics.falsePositives({ threshold: 0.5 }), metrics.trueNegatives({ threshold: 0.5 }), metrics.precisionAtRecall({ recall: 0 }), metrics.auc({ multiLabel: true }), metrics.oneHotMeanIoU(), metrics.oneHotIoU({ targetClassIds: [1] })]; // prettier-ignore
  const hidden: string[] = [];
  for (const spec of several) {
    const found: unknown = await valueOf(spec, broken, hot);
    if (![found].flat().some(Number.isNaN)) hidden.push(metricOf(spec).name);
  }
  expect(hidden).toEqual([]);
  for (const spec of ['psnr', 'ssim'] as const)
    expect(
      await valueOf(
        spec,
        images,
        map(images, () => 0),
      ),
    ).toBeNaN();
});

describe('refuse', () => {
  const p = input('p', [4, 3]);
  const y = input('labels', [4], 'i32');
  it.each([
    ['an average', () => metrics.f1Score({ average: 'mean' as never }), /average is "mean"; choose one of micro, macro, weighted/],
    ['an average of one class', () => metrics.precision({ class: 1, average: 'macro' }), /has an average of classes and class/],
    ['a threshold and topK', () => metrics.recall({ topK: 1, threshold: 0.5 }), /has a threshold and topK/],
    ['no thresholds', () => metrics.recall({ threshold: [] }), /threshold is an empty list/],
    ['thresholds of classes', () => metrics.recall({ threshold: [0.5], average: 'macro' }), /threshold is an array of 1/],
    ['a threshold that is no number', () => metrics.precision({ threshold: NaN }), /threshold is NaN; it must be a number/],
    ['half a place', () => metrics.recall({ topK: 0.5 }), /topK is 0.5/],
    ['beta', () => metrics.fBetaScore({ beta: 0 }), /beta is 0/],
    ['beta of f1Score', () => metrics.f1Score({ beta: 2 } as never), /no option "beta"/],
    ['a bound', () => metrics.precisionAtRecall({ recall: 2 }), /recall is 2; it must be a number from 0 to 1/],
    ['no bound', () => metrics.recallAtPrecision(undefined as never), /recallAtPrecision: its options are missing/],
    ['class ids', () => metrics.iou({ numClasses: 3, targetClassIds: [3] }), /targetClassIds has 3, but there are 3 classes/],
    ['indices of unknown number', () => metrics.meanIoU().compute(input('p', [4]), y), /say how many classes there are: numClasses/],
    ['other scores', () => metrics.meanIoU({ numClasses: 4 }).compute(p, y), /numClasses is 4, but predictions \[4, 3\] have 3 scores/],
    ['aggregation', () => metrics.r2Score({ classAggregation: 'sum' as never }), /classAggregation is "sum"/],
    ['a peak', () => metrics.psnr({ maxValue: 0 }), /maxValue is 0/],
    ['a window', () => metrics.ssim({ filterSize: 0 }), /filterSize is 0/],
    ['small images', () => metrics.ssim().compute(input('p', [2, 5, 5]), input('t', [2, 5, 5])), /at least 11 × 11 pixels/],
    ['label weights', () => metrics.auc({ labelWeights: [1] }), /set multiLabel: true/],
    ['other label weights', () => metrics.auc({ multiLabel: true, labelWeights: [1] }).compute(p, input('t', [4, 3])), /multiLabel with 1 labelWeights/],
  ])('%s', (_, action, text) => expect(action).toThrow(text)); // prettier-ignore
});
