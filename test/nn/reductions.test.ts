import { assert, asyncProperty, integer } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import * as losses from '../../src/nn/losses.ts';
import { lossInfoOf } from '../../src/nn/losses/define.ts';
import { masked } from '../../src/nn/masks.ts';
import * as metrics from '../../src/nn/metrics.ts';
import { Totals } from '../../src/nn/metrics/metric.ts';
import { lossTerm, metricRecording, sumOf } from '../../src/nn/recording.ts';
import type { Recording } from '../../src/nn/recording.ts';
import { loadNames, metricOf } from '../../src/nn/registry.ts';
import type { MetricSpec } from '../../src/nn/registry.ts';
import { rowsFor } from '../../src/nn/steps.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array, random, randomIntegers } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as twins from '../reference/losses.ts';
import { reduced, tversky } from '../reference/moreLosses.ts';

await loadNames();

/** Samples of two steps of four numbers, what they should be, weights and a mask of the steps. */
interface Samples {
  readonly p: Array64;
  readonly t: Array64;
  readonly labels: Array64;
  readonly w: Array64;
  readonly m: Array64;
}
const [T, C] = [2, 4];

/** Probabilities; weights of which some are 0, and a mask. */
function samplesOf(
  seed: number,
  N: number,
  { weight = (i: number) => (i * 7) % 4, perStep = false } = {},
): Samples {
  const mask = randomIntegers(seed + 3, [N, T], 2);
  return {
    p: random(seed, [N, T, C], 0.05, 0.95),
    t: randomIntegers(seed + 1, [N, T, C], 2),
    labels: randomIntegers(seed + 2, [N, T], C),
    w: array(
      perStep ? [N, T] : [N],
      Float64Array.from({ length: perStep ? N * T : N }, (_, i) => weight(i + seed)),
    ),
    m: mask,
  };
}

/** Rows of samples, in this order. */
function pick(samples: Samples, rows: readonly number[]): Samples {
  const of = (own: Array64) => {
    const stride = own.data.length / own.shape[0];
    return array(
      [rows.length, ...own.shape.slice(1)],
      rows.flatMap((row) => [...own.data.subarray(row * stride, (row + 1) * stride)]),
    );
  };
  return {
    p: of(samples.p),
    t: of(samples.t),
    labels: of(samples.labels),
    w: of(samples.w),
    m: of(samples.m),
  };
}

interface Uses {
  readonly weights?: boolean;
  readonly mask?: boolean;
  readonly sparse?: boolean;
}

interface Result {
  /** What is minimised. */
  readonly value: number;
  readonly gradient: Array64;
  readonly perSample: Array64;
  /** What is recorded in an evaluation, and how the value follows from it. */
  readonly rows: Array64;
  readonly recording: Recording;
}

async function lossOf(own: losses.LossFunction, samples: Samples, uses: Uses): Promise<Result> {
  let recording: Recording | undefined;
  const [value, gradient, perSample, rows] = await evaluate(
    (p, t, w, m) => {
      const marked = uses.mask ? masked(p, m) : p;
      const { reduction } = lossInfoOf(own)!;
      const term = lossTerm('test', own, reduction, rowsFor('test', marked, t, uses.weights ? w : undefined));
      recording = sumOf([{ ...term, weight: 1 }]);
      const mean = reduceMean(term.reduced);
      return [mean, gradients(mean, [p])[0]!, term.perSample, recording.tensor];
    },
    [samples.p, uses.sparse ? samples.labels : samples.t, samples.w, samples.m],
    { dtypes: ['f32', uses.sparse ? 'i32' : 'f32', 'f32', 'f32'] },
  );
  return { value: value.data[0], gradient, perSample, rows, recording: recording! };
}

async function metricRows(spec: MetricSpec, samples: Samples, uses: Uses) {
  let recording: Recording | undefined;
  const [rows] = await evaluate(
    (p, t, w, m) => {
      const marked = uses.mask ? masked(p, m) : p;
      const own = rowsFor('test', marked, t, uses.weights ? w : undefined);
      recording = metricRecording('test', metricOf(spec), own);
      return recording.tensor;
    },
    [samples.p, uses.sparse ? samples.labels : samples.t, samples.w, samples.m],
    { dtypes: ['f32', uses.sparse ? 'i32' : 'f32', 'f32', 'f32'] },
  );
  return { rows, recording: recording! };
}

/** The value of rows that come in batches of a size. */
function inBatches({ rows, recording }: Pick<Result, 'rows' | 'recording'>, size: number): number[] {
  const totals = new Totals([{ ...recording, name: 'value' }]);
  const [N] = rows.shape;
  const columns = rows.data.length / N;
  for (let from = 0; from < N; from += size) {
    const to = Math.min(N, from + size);
    const sums = new Float32Array(columns);
    for (let row = from; row < to; row++) {
      for (let c = 0; c < columns; c++) sums[c] += rows.data[row * columns + c];
    }
    totals.add([{ sums, count: to - from }]);
  }
  return [totals.values('with matrices').value as unknown as number | number[][]].flat(2) as number[];
}

const REDUCTIONS = ['mean', 'meanWithSampleWeight', 'sum'] as const;
const close = { rtol: 1e-4, atol: 1e-5 };

describe('a loss of steps is Keras’s', () => {
  const cases = REDUCTIONS.flatMap((reduction) =>
    [false, true].flatMap((weights) =>
      [false, true].map((mask) => ({ reduction, weights, mask, perStep: weights && mask })),
    ),
  );
  it.each(cases)('%j', async ({ reduction, weights, mask, perStep }) => {
    const samples = samplesOf(11, 5, { perStep });
    const { value, rows, recording, gradient } = await lossOf(
      losses.binaryCrossentropy({ reduction }),
      samples,
      { weights, mask },
    );
    const flat = [array([5 * T, C], samples.p.data), array([5 * T, C], samples.t.data)] as const;
    const each = twins.binaryCrossentropy(...flat);
    const perRow = Float64Array.from(
      { length: 5 * T },
      (_, i) => samples.w.data[perStep ? i : Math.floor(i / T)],
    );
    const options = { reduction, ...(weights && { weights: perRow }), ...(mask && { mask: samples.m.data }) };
    const expected = reduced(each.perSample.data, options);
    expect(value).toBeCloseTo(expected, 4);
    expect(inBatches({ rows, recording }, 5)).toBeAllClose([expected], close);
    // the gradient of a row's value is that of a mean of one row, times what the value counts in the loss
    const counts = each.perSample.data.map((_, i) => {
      const one = new Float64Array(5 * T);
      one[i] = 1;
      return reduced(one, options);
    });
    const slopes = each.gradient.data.map((slope, i) => slope * 5 * T * counts[Math.floor(i / C)]);
    expect(gradient.data).toBeAllClose(slopes, close);
  });

  it('ignores a class, in what it is divided by, too', async () => {
    const samples = samplesOf(3, 6);
    for (const [ignoreClass, fromLogits] of [
      [1, false],
      [0, true],
    ] as const) {
      // prettier-ignore
      const own = losses.sparseCategoricalCrossentropy({ ignoreClass, fromLogits });
      for (const weights of [false, true]) {
        const found = await lossOf(own, samples, { weights, sparse: true });
        const flat = [array([6 * T, C], samples.p.data), array([6 * T], samples.labels.data)] as const;
        const hot = array([6 * T, C], Float64Array.from({ length: 6 * T * C }, (_, i) => Number(flat[1].data[Math.floor(i / C)] === i % C))); // prettier-ignore
        const each = (fromLogits ? twins.softmaxCrossEntropy : twins.categoricalCrossentropy)(flat[0], hot);
        const expected = reduced(each.perSample.data, {
          mask: samples.labels.data.map((label) => Number(label !== ignoreClass)),
          ...(weights && {
            weights: Array.from({ length: 6 * T }, (_, i) => samples.w.data[Math.floor(i / T)]),
          }),
        });
        expect(found.value).toBeCloseTo(expected, 5);
        for (const size of [1, 4, 6]) expect(inBatches(found, size)).toBeAllClose([expected], close);
      }
    }
  });

  it('ignores a number that is no class', async () => {
    const samples = samplesOf(5, 4);
    const labels = array(
      [4, T],
      samples.labels.data.map((label, i) => (i % 3 === 0 ? 255 : label)),
    );
    const own = losses.softmaxCrossEntropy({ ignoreClass: 255, labelSmoothing: 0.1 });
    const { value, gradient } = await lossOf(own, { ...samples, labels }, { sparse: true });
    const known = (i: number) => i % 3 !== 0;
    const rows = Array.from({ length: 4 * T }, (_, i) => i).filter(known);
    const kept = await lossOf(losses.softmaxCrossEntropy({ labelSmoothing: 0.1 }), {
      ...samples,
      p: array([rows.length, C], rows.flatMap((i) => [...samples.p.data.subarray(i * C, (i + 1) * C)])),
      labels: array([rows.length], rows.map((i) => labels.data[i])),
    }, { sparse: true }); // prettier-ignore
    expect(value).toBeCloseTo(kept.value, 5);
    expect(gradient.data.filter((_, i) => known(Math.floor(i / C)))).toBeAllClose(kept.gradient.data);
    expect(gradient.data.filter((_, i) => !known(Math.floor(i / C))).every((slope) => slope === 0)).toBe(
      true,
    );
  });

  it('of nothing that counts is 0', async () => {
    const samples = samplesOf(4, 3, { weight: () => 0 });
    const none = { ...samples, m: array([3, T], new Float64Array(3 * T)) };
    for (const reduction of REDUCTIONS) {
      const own = losses.meanSquaredError({ reduction });
      const { value, gradient, ...found } = await lossOf(own, none, { weights: true, mask: true });
      expect(value).toBe(0);
      expect(inBatches(found, 2)).toEqual([0]);
      expect(gradient.data.every((slope) => slope === 0)).toBe(true);
    }
  });

  it('of all samples together is that, in batches of any size', async () => {
    const samples = samplesOf(8, 7);
    const found = await lossOf(losses.tversky({ alpha: 0.3 }), samples, {});
    const expected = tversky(samples.p, samples.t, { alpha: 0.3 }).perSample.data[0];
    expect(found.value).toBeCloseTo(expected, 5);
    for (const size of [1, 3, 7]) expect(inBatches(found, size)).toBeAllClose([expected], close);
    // weights are factors of the loss, as in Keras
    const weighed = await lossOf(losses.tversky({ alpha: 0.3 }), samples, { weights: true });
    const mean = samples.w.data.reduce((a, b) => a + b, 0) / 7;
    expect(weighed.value).toBeCloseTo(expected * mean, 5);
    expect(inBatches(weighed, 3)).toBeAllClose([expected * mean], close);
    const own = losses.tversky({ alpha: 0.3, reduction: 'sum' });
    expect((await lossOf(own, samples, {})).value).toBeCloseTo(expected, 5);
    const summed = await lossOf(own, samples, { weights: true });
    expect(summed.value).toBeCloseTo(expected * mean * 7, 4);
    expect(inBatches(summed, 7)).toBeAllClose([expected * mean * 7], close);
    const places = await lossOf(losses.dice({ axis: 0 }), samples, {});
    for (const size of [2, 7]) expect(inBatches(places, size)).toBeAllClose([places.value], close);
  });

  it('is added to others, to values of samples and to numbers', async () => {
    const samples = samplesOf(6, 5);
    for (const mask of [false, true]) {
      let recording: Recording | undefined;
      const [rows] = await evaluate(
        (p, t, w, m) => {
          const term = lossTerm('test', losses.huber, 'mean', rowsFor('test', mask ? masked(p, m) : p, t));
          const penalties = [w, reduceMean(w)].map((tensor) => ({ recording: { tensor }, weight: 1 }));
          recording = sumOf([{ ...term, weight: 2 }, ...penalties]);
          return recording.tensor;
        },
        [samples.p, samples.t, samples.w, samples.m],
      );
      const { value } = await lossOf(losses.huber(), samples, { mask });
      const mean = samples.w.data.reduce((a, b) => a + b, 0) / 5;
      const found = inBatches({ rows, recording: recording! }, 2);
      expect(found).toBeAllClose([2 * value + 2 * mean], close);
    }
  });

  it('sums over a batch: over several it is their mean, weighted by their samples', async () => {
    const samples = samplesOf(9, 5);
    const found = await lossOf(losses.meanSquaredError({ reduction: 'sum' }), samples, {});
    const parts = await Promise.all(
      [[0, 1], [2, 3], [4]].map((rows) => lossOf(losses.meanSquaredError({ reduction: 'sum' }), pick(samples, rows), {})),
    ); // prettier-ignore
    const expected = (2 * parts[0].value + 2 * parts[1].value + parts[2].value) / 5;
    expect(inBatches(found, 2)).toBeAllClose([expected], close);
  });
});

const METRICS: [name: string, spec: () => MetricSpec, sparse: boolean][] = [
  ['meanSquaredError', () => 'meanSquaredError', false],
  ['accuracy', () => 'accuracy', true],
  ['precision', () => metrics.precision({ threshold: 0.5 }), false],
  ['recall of a class', () => metrics.recall({ class: 1 }), true],
  ['macro F1', () => metrics.f1Score({ average: 'macro' }), true],
  ['auc', () => metrics.auc({ thresholds: 20 }), false],
  ['r2Score', () => metrics.r2Score(), false],
  ['meanIoU', () => metrics.meanIoU(), true],
  ['rootMeanSquaredError', () => metrics.rootMeanSquaredError(), false],
  ['truePositives', () => metrics.truePositives(), false],
  ['confusionMatrix', () => metrics.confusionMatrix(), true],
  ['dice', () => 'dice', false],
  ['cosineSimilarity', () => 'cosineSimilarity', false],
];

describe.each(METRICS)('%s', (_, spec, sparse) => {
  const value = async (samples: Samples, uses: Uses, size = samples.p.shape[0]) =>
    inBatches(await metricRows(spec(), samples, { ...uses, sparse }), size);
  const seeds = integer({ min: 0, max: 1000 });
  const runs = { numRuns: 3 };

  it('counts a masked step as if it were not there', () =>
    assert(
      asyncProperty(seeds, async (seed) => {
        const samples = samplesOf(seed, 6);
        const rows = Array.from({ length: 6 * T }, (_row, i) => i).filter((i) => samples.m.data[i] === 1);
        if (rows.length === 0) return;
        const steps = {
          ...samples,
          p: array([6 * T, C], samples.p.data),
          t: array([6 * T, C], samples.t.data),
          labels: array([6 * T], samples.labels.data),
          w: array([6 * T], new Float64Array(6 * T)),
          m: array([6 * T, 1], samples.m.data),
        };
        expect(await value(samples, { mask: true })).toBeAllClose(await value(pick(steps, rows), {}), close);
      }),
      runs,
    ));

  it('counts a sample of weight 0 not at all, and one of weight 2 twice', () =>
    assert(
      asyncProperty(seeds, async (seed) => {
        const samples = samplesOf(seed, 6);
        const rows = Array.from(samples.w.data, (weight, i) => Array<number>(weight).fill(i)).flat();
        expect(await value(samples, { weights: true })).toBeAllClose(
          await value(pick(samples, rows), {}),
          close,
        );
      }),
      runs,
    ));

  it('is the same in any order and in batches of any size', () =>
    assert(
      asyncProperty(seeds, integer({ min: 1, max: 6 }), async (seed, size) => {
        const samples = samplesOf(seed, 6);
        const uses = { weights: true, mask: true };
        const other = pick(samples, [3, 1, 5, 0, 4, 2]);
        const expected = await value(samples, uses);
        expect(await value(other, uses, size)).toBeAllClose(expected, close);
      }),
      runs,
    ));
});

describe('a loss', () => {
  const seeds = integer({ min: 0, max: 1000 });
  it.each(REDUCTIONS)('reduced by %s is the same in any order, and where evaluated in batches', (reduction) =>
    assert(
      asyncProperty(seeds, integer({ min: 1, max: 5 }), async (seed, size) => {
        const samples = samplesOf(seed, 5);
        const own = losses.huber({ reduction });
        const uses = { weights: true, mask: true };
        const found = await lossOf(own, samples, uses);
        const other = await lossOf(own, pick(samples, [3, 1, 4, 0, 2]), uses);
        expect(other.value).toBeCloseTo(found.value, 4);
        if (reduction !== 'sum') expect(inBatches(other, size)).toBeAllClose([found.value], close);
      }),
      { numRuns: 3 },
    ),
  );

  it.each(REDUCTIONS)('reduced by %s counts weights as repetitions and zeros as absence', (reduction) =>
    assert(
      asyncProperty(seeds, async (seed) => {
        const samples = samplesOf(seed, 5);
        const rows = Array.from(samples.w.data, (weight, i) => Array<number>(weight).fill(i)).flat();
        const own = losses.categoricalHinge({ reduction });
        const found = await lossOf(own, samples, { weights: true });
        const repeated = await lossOf(own, pick(samples, rows), {});
        // the mean is divided by the number of samples, whatever their weights are
        const factor = reduction === 'mean' ? rows.length / 5 : 1;
        expect(found.value).toBeCloseTo(repeated.value * factor, 4);
      }),
      { numRuns: 3 },
    ),
  );
});
