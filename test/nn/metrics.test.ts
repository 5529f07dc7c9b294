import { describe, expect, it } from 'vitest';
import { loadNames, metricOf } from '../../src/nn/registry.ts';
import type { MetricSpec } from '../../src/nn/registry.ts';
import * as metrics from '../../src/nn/metrics.ts';
import { Totals } from '../../src/nn/metrics/metric.ts';
import { sigmoid } from '../../src/ops/elementwise/elementwise.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array, map, random, randomIntegers, type Array64 } from '../reference/array.ts';
import * as losses from '../reference/losses.ts';
import * as reference from '../reference/metrics.ts';
import { oneHot } from '../reference/movement.ts';
import { softmax } from '../reference/softmax.ts';

await loadNames();

/** A metric's value on one batch: its rows on the GPU, their means and the value on the CPU. */
async function valueOf(
  spec: MetricSpec,
  prediction: Array64,
  target: Array64,
  dtype: 'f32' | 'i32' = 'f32',
  software = true,
): Promise<unknown> {
  const metric = metricOf(spec);
  const [rows] = await evaluate((p, t) => [metric.compute(p, t)], [prediction, target], {
    dtypes: ['f32', dtype],
    software,
  });
  expect(rows.shape[0]).toBe(prediction.shape[0]);
  const count = rows.shape[0];
  const columns = rows.data.length / count;
  const sums = Float32Array.from({ length: columns }, (_, c) => {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += rows.data[row * columns + c];
    return sum;
  });
  return new Totals([metric]).add([{ sums, count }]).values('with matrices')[metric.name];
}

/** Metrics of decisions, and their float64 twins. */
const decisions = [
  ['precision', metrics.precision, reference.precision],
  ['recall', metrics.recall, reference.recall],
  ['f1', metrics.f1, reference.f1],
] as const;

const fround = (a: Array64) => map(a, Math.fround);
const [N, C] = [37, 5];
const scores = fround(random(1, [N, 1], 0, 1));
const truth = randomIntegers(2, [N], 2);
const logits = fround(random(3, [N, C], -3, 3));
const labels = randomIntegers(4, [N], C);

describe.each([true, false])('software %s', (software) => {
  it('precision, recall, F1 and AUC of probabilities', async () => {
    for (const threshold of [undefined, 0.3]) {
      for (const [name, metric, twin] of decisions) {
        const value = await valueOf(metric({ threshold }), scores, truth, 'i32', software);
        expect(value, `value of ${name}`).toBeCloseTo(twin(scores.data, truth.data, threshold), 6);
      }
    }
    for (const options of [{}, { curve: 'PR' }, { thresholds: 7 }, { thresholds: 2 }] as const) {
      const value = await valueOf(metrics.auc(options), scores, truth, 'i32', software);
      expect(value).toBeCloseTo(reference.auc(scores.data, truth.data, options), 5);
    }
  });

  it('of one class among several: above a threshold, or where it is the largest output', async () => {
    const own = map(labels, (label) => Number(label === 2));
    const column = Array.from({ length: N }, (_, n) => logits.data[n * C + 2]);
    const chosen = Array.from({ length: N }, (_, n) => {
      const row = logits.data.subarray(n * C, n * C + C);
      return Number(row.every((value) => value <= row[2]));
    });
    for (const [, metric, twin] of decisions) {
      const largest = await valueOf(metric({ class: 2, topK: 1 }), logits, labels, 'i32', software);
      const half = await valueOf(metric({ class: 2 }), logits, labels, 'i32', software);
      expect(half).toBeCloseTo(twin(column, own.data, 0.5), 6);
      expect(largest).toBeCloseTo(twin(chosen, own.data), 6);
      const above = await valueOf(
        metric({ class: 2, threshold: 0 }),
        logits,
        oneHot(labels, C),
        'f32',
        software,
      );
      expect(above).toBeCloseTo(twin(column, own.data, 0), 6);
    }
    const p = fround(softmax(logits));
    const shares = Array.from({ length: N }, (_, n) => p.data[n * C + 2]);
    const area = await valueOf(metrics.auc({ class: 2 }), p, labels, 'i32', software);
    expect(area).toBeCloseTo(reference.auc(shares, own.data), 5);
    const fromLogits = await valueOf(
      metrics.auc({ class: 2, fromLogits: true }),
      logits,
      labels,
      'i32',
      software,
    );
    expect(fromLogits).toBeCloseTo(reference.auc(shares, own.data), 2); // a score may fall on a threshold
  });

  it('top-k and the confusion matrix', async () => {
    for (const target of [labels, oneHot(labels, C)]) {
      const dtype = target === labels ? 'i32' : 'f32';
      for (const k of [1, 3, 5]) {
        const spec = metrics.topKCategoricalAccuracy({ k });
        expect(await valueOf(spec, logits, target, dtype, software)).toBeCloseTo(
          reference.topK(logits, labels, k),
          6,
        );
      }
      expect(await valueOf('confusionMatrix', logits, target, dtype, software)).toEqual(
        reference.confusionMatrix(logits, labels),
      );
    }
    const { tp, fp, fn, tn } = reference.counts(scores.data, truth.data, 0.5);
    expect(await valueOf('confusionMatrix', scores, truth, 'i32', software)).toEqual([
      [tn, fp],
      [fn, tp],
    ]);
  });

  it('errors and accuracies', async () => {
    const [x, t] = [random(5, [N, 3]), random(6, [N, 3])];
    expect(await valueOf('meanSquaredError', x, t, 'f32', software)).toBeCloseTo(
      losses.meanSquaredError(x, t).mean,
      5,
    );
    expect(await valueOf('meanAbsoluteError', x, t, 'f32', software)).toBeCloseTo(
      losses.meanAbsoluteError(x, t).mean,
      5,
    );
    expect(await valueOf('accuracy', logits, labels, 'i32', software)).toBeCloseTo(
      losses.accuracy(logits, labels),
      6,
    );
    const hits = reference.counts(scores.data, truth.data, 0.5);
    expect(await valueOf('binaryAccuracy', scores, truth, 'i32', software)).toBeCloseTo(
      (hits.tp + hits.tn) / N,
      6,
    );
  });
});

it('have the values of Keras’s documentation', async () => {
  const row = (...values: number[]) => array([values.length, 1], values);
  expect(await valueOf('precision', row(1, 0, 1, 1), row(0, 1, 1, 1))).toBeCloseTo(2 / 3, 6);
  expect(await valueOf('recall', row(1, 0, 1, 1), row(0, 1, 1, 1))).toBeCloseTo(2 / 3, 6);
  const area = metrics.auc({ thresholds: 3 });
  expect(await valueOf(area, row(0, 0.5, 0.3, 0.9), row(0, 0, 1, 1))).toBeCloseTo(0.75, 6);
  const p = array([2, 3], [0.1, 0.9, 0.8, 0.05, 0.95, 0]);
  const t = array([2, 3], [0, 0, 1, 0, 1, 0]);
  expect(await valueOf(metrics.topKCategoricalAccuracy({ k: 1 }), p, t)).toBe(0.5);
});

it('count all outputs of a sample where it has several', async () => {
  const p = fround(random(7, [6, 2, 4], 0, 1));
  const t = randomIntegers(8, [6, 2, 4], 2);
  for (const [name, , twin] of decisions) {
    expect(await valueOf(name, p, t)).toBeCloseTo(twin(p.data, t.data), 6);
  }
  expect(await valueOf('auc', p, t)).toBeCloseTo(reference.auc(p.data, t.data), 5);
  const pixels = fround(random(9, [4, 3, 3], -1, 1));
  const classes = randomIntegers(10, [4, 3], 3);
  expect(await valueOf('confusionMatrix', pixels, classes, 'i32')).toEqual(
    reference.confusionMatrix(array([12, 3], pixels.data), array([12], classes.data)),
  );
});

it('judge one of several labels per sample by itself', async () => {
  const p = fround(random(11, [N, 3], 0, 1));
  const t = randomIntegers(12, [N, 3], 2); // any number of them may be 1
  const [column, own] = [p, t].map(({ data }) => data.filter((_, i) => i % 3 === 1));
  for (const [, metric, twin] of decisions) {
    expect(await valueOf(metric({ class: 1, threshold: 0.4 }), p, t)).toBeCloseTo(twin(column, own, 0.4), 6);
  }
  expect(await valueOf(metrics.auc({ class: 1 }), p, t)).toBeCloseTo(reference.auc(column, own), 5);
});

it('are 0 where there is nothing to divide by', async () => {
  const [none, all] = [array([3, 1], [0, 0, 0]), array([3, 1], [1, 1, 1])];
  for (const name of ['precision', 'recall', 'f1', 'auc'] as const) {
    expect(await valueOf(name, none, none), `value of ${name}`).toBe(0);
  }
  expect(await valueOf('auc', all, all)).toBe(0);
  expect(await valueOf('precision', all, all)).toBe(1);
});

it('accuracy outside of a model halves at 0.5', async () => {
  const x = array([4, 1], [-1, 0.2, 3, -0.1]);
  const t = array([4], [0, 1, 1, 0]);
  const ofSigmoid = (p: Parameters<typeof metrics.accuracy>[0], y: typeof p) =>
    metrics.accuracy(sigmoid(p), y);
  expect(await valueOf(ofSigmoid, x, t, 'i32')).toBe(1);
  expect(await valueOf('accuracy', x, t, 'i32')).toBe(0.75);
});

it('are NaN where an output is, and know outputs of −Infinity', async () => {
  const several: [MetricSpec, Array64][] = [
    ['accuracy', logits],
    [metrics.topKCategoricalAccuracy({ k: 2 }), logits],
    [metrics.precision({ class: 1 }), logits],
    [metrics.recall({ class: 1, topK: 1 }), logits],
    [metrics.f1({ class: 1, threshold: 0 }), logits],
  ];
  const single: [MetricSpec, Array64][] = [
    metrics.binaryAccuracy({ threshold: 0.5 }),
    metrics.precision({ threshold: 0.5 }),
    metrics.recall({ threshold: 0.5 }),
    metrics.f1({ threshold: 0.5 }),
    metrics.auc(),
    metrics.auc({ curve: 'PR' }),
  ].map((metric) => [metric, scores]);
  // The first of class 1, so that its row counts in a recall.
  const row = labels.data.indexOf(1);
  for (const [metric, outputs] of [...several, ...single]) {
    const targets = outputs === logits ? labels : truth;
    const place = outputs === logits ? row * C + 1 : truth.data.indexOf(1);
    const broken = map(outputs, (value, i) => (i === place ? NaN : value));
    const name = typeof metric === 'string' ? metric : metricOf(metric).name;
    expect(await valueOf(metric, broken, targets, 'i32'), `${name}`).toBeNaN();
  }
  for (const [outputs, targets, classes] of [
    [logits, labels, C],
    [scores, truth, 2],
  ] as const) {
    const broken = map(outputs, (value, i) => (i === 1 ? NaN : value));
    const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(NaN));
    expect(await valueOf('confusionMatrix', broken, targets, 'i32')).toEqual(matrix);
  }
  const masked = map(logits, (value, i) => (labels.data[Math.floor(i / C)] === i % C ? value : -Infinity));
  expect(await valueOf(metrics.topKCategoricalAccuracy({ k: 1 }), masked, labels, 'i32')).toBe(1);
});

describe('refuse', () => {
  const p = input('p', [4, 3]);
  const y = input('labels', [4], 'i32');
  it.each([
    [
      'precision',
      () => metrics.precision().compute(p, y),
      /precision: the model distinguishes 3 classes; say which/,
    ],
    [
      'a class too many',
      () => metrics.f1({ class: 3 }).compute(p, y),
      /class 3 does not exist; .* from 0 to 2/,
    ],
    ['half a class', () => metrics.recall({ class: 0.5 }), /recall: class is 0.5; it must be a whole number/],
    ['no neighbours', () => metrics.topKCategoricalAccuracy({ k: 0 }), /k is 0; it must be a whole number/],
    ['one threshold', () => metrics.auc({ thresholds: 1 }), /thresholds is 1; .* at least 2/],
    ['another curve', () => metrics.auc({ curve: 'DET' as never }), /curve is "DET"; choose ROC or PR/],
    [
      'targets of another shape',
      () => metrics.topKCategoricalAccuracy().compute(p, input('t', [4, 2])),
      /predictions \[4, 3\] need class indices of shape \[4\] or distributions \[4, 3\], got f32 \[4, 2\]/,
    ],
    [
      'a matrix too large',
      () => metrics.confusionMatrix().compute(input('p', [4, 1000]), y),
      /1000 classes; a confusion matrix has at most 128/,
    ],
    [
      'no metric',
      () => metricOf({} as never),
      /The metric is an object with nothing in it, which is none; choose one of accuracy, /,
    ],
  ])('%s', (_, action, text) => expect(action).toThrow(text));
});

it('one class’s metrics have names of their own', () => {
  expect(metrics.precision({ class: 3 }).name).toBe('precisionOfClass3');
  expect(metrics.auc({ class: 3, name: 'area' }).name).toBe('area');
});
