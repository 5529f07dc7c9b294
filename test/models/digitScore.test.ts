import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import { NumericError, ShapeError } from '../../src/errors.ts';
import { classifierSteps, DigitClassifier } from '../../src/models/digitClassifier.ts';
import {
  entropy,
  joinReadings,
  predictedShares,
  scoreDigits,
  shareAsLabelled,
  statisticsOf,
} from '../../src/models/digitScore.ts';
import { featureStatistics, frechetDistance } from '../../src/models/frechetDistance.ts';
import { symmetricEigen, symmetricSquareRoot } from '../../src/models/symmetricEigen.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { random } from '../reference/array.ts';

const TIGHT = { rtol: 1e-10, atol: 1e-10 };
const values = (seed: number, count: number) => Float64Array.from(random(seed, [count]).data);

/** A positive definite n × n matrix. */
function covariance(seed: number, n: number): Float64Array {
  const a = values(seed, n * n);
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = i === j ? 0.1 : 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k] * a[j * n + k];
    return sum;
  });
}

describe('symmetricEigen', () => {
  it.each([1, 2, 3, 8, 33])('takes a %i × n matrix apart into rotations of a diagonal', (n) => {
    const matrix = covariance(n, n);
    const { values: lambda, vectors: v } = symmetricEigen(matrix, n);
    const rebuilt = matrix.map((_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return lambda.reduce((sum, l, k) => sum + v[i * n + k] * l * v[j * n + k], 0);
    });
    expect(rebuilt).toBeAllClose(matrix, TIGHT);
    const product = (a: number, b: number) =>
      lambda.reduce((sum, _, i) => sum + v[i * n + a] * v[i * n + b], 0);
    for (let a = 0; a < n; a++)
      for (let b = 0; b <= a; b++) expect(product(a, b)).toBeCloseTo(+(a === b), 10);
    expect([...lambda].sort((a, b) => b - a)).toEqual([...lambda]);
  });

  it('knows equal and vanishing eigenvalues', () => {
    expect([...symmetricEigen(Float64Array.of(2, 0, 0, 2), 2).values]).toEqual([2, 2]);
    expect([...symmetricEigen(new Float64Array(9), 3).values]).toEqual([0, 0, 0]);
    expect(symmetricEigen(Float64Array.of(1, 1, 1, 1), 2).values).toBeAllClose([2, 0], TIGHT);
    expect(() => symmetricEigen(Float64Array.of(1, NaN, NaN, 1), 2)).toThrow(NumericError);
  });

  it('gives the square root', () => {
    const n = 6;
    const matrix = covariance(7, n);
    const root = symmetricSquareRoot(matrix, n);
    const squared = matrix.map((_, at) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += root[Math.floor(at / n) * n + k] * root[k * n + (at % n)];
      return sum;
    });
    expect(squared).toBeAllClose(matrix, TIGHT);
  });
});

describe('frechetDistance', () => {
  const zero = (n: number) => new Float64Array(n);

  it('of independent features is the sum of (μ − μ′)² + (σ − σ′)²', () => {
    const a = { mean: Float64Array.of(1, 2), covariance: Float64Array.of(4, 0, 0, 9) };
    const b = { mean: Float64Array.of(3, 2), covariance: Float64Array.of(1, 0, 0, 25) };
    expect(frechetDistance(a, b)).toBeCloseTo(4 + 1 + 4, 10);
    expect(frechetDistance(b, a)).toBeCloseTo(9, 10);
  });

  it('is 0 for equal distributions, also where the covariance is singular', () => {
    const a = { mean: values(1, 8), covariance: covariance(2, 8) };
    expect(frechetDistance(a, a)).toBeCloseTo(0, 8);
    const flat = { mean: zero(2), covariance: Float64Array.of(1, 1, 1, 1) };
    expect(frechetDistance(flat, flat)).toBeCloseTo(0, 8);
    expect(frechetDistance(flat, { mean: zero(2), covariance: zero(4) })).toBeCloseTo(2, 8);
  });

  it('is symmetric, and as Newton’s iteration for the root of the product has it', () => {
    const n = 5;
    const [a, b] = [covariance(3, n), covariance(4, n)];
    const distance = frechetDistance({ mean: zero(n), covariance: a }, { mean: zero(n), covariance: b });
    expect(frechetDistance({ mean: zero(n), covariance: b }, { mean: zero(n), covariance: a })).toBeCloseTo(
      distance,
      8,
    );
    const trace = (m: Float64Array) => m.reduce((sum, x, at) => (at % (n + 1) === 0 ? sum + x : sum), 0);
    const times = (x: Float64Array, y: Float64Array) =>
      x.map((_, at) => {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += x[Math.floor(at / n) * n + k] * y[k * n + (at % n)];
        return sum;
      });
    // Denman and Beavers: Y → √(A B), Z → its inverse
    let [y, z] = [times(a, b), Float64Array.from({ length: n * n }, (_, at) => +(at % (n + 1) === 0))];
    for (let i = 0; i < 30; i++) {
      const [iy, iz] = [inverse(y, n), inverse(z, n)];
      [y, z] = [y.map((x, at) => (x + iz[at]) / 2), z.map((x, at) => (x + iy[at]) / 2)];
    }
    expect(distance).toBeCloseTo(trace(a) + trace(b) - 2 * trace(y), 6);
  });

  it('of samples is that of their means and covariances', () => {
    const features = Float32Array.of(0, 0, 2, 0, 0, 4, 2, 4);
    const { mean, covariance: c } = featureStatistics(features, 2);
    expect([...mean]).toEqual([1, 2]);
    expect(c).toBeAllClose([4 / 3, 0, 0, 16 / 3], TIGHT);
    expect(() => featureStatistics(features.subarray(0, 2), 2)).toThrow(ShapeError);
    expect(() => frechetDistance({ mean, covariance: c }, featureStatistics(features, 4))).toThrow(
      ShapeError,
    );
  });
});

/** By Gauss and Jordan, without pivoting: for positive definite matrices and products of two. */
function inverse(matrix: Float64Array, n: number): Float64Array {
  const rows = Array.from({ length: n }, (_, i) => [
    ...matrix.subarray(i * n, (i + 1) * n),
    ...Array.from({ length: n }, (__, j) => +(i === j)),
  ]);
  for (let p = 0; p < n; p++) {
    const pivot = rows[p][p];
    rows[p] = rows[p].map((x) => x / pivot);
    for (let i = 0; i < n; i++) {
      if (i === p) continue;
      const factor = rows[i][p];
      rows[i] = rows[i].map((x, k) => x - factor * rows[p][k]);
    }
  }
  return Float64Array.from(rows.flatMap((row) => row.slice(n)));
}

describe('the score', () => {
  const reading = (probabilities: number[], features: number[]) => ({
    probabilities: Float32Array.from(probabilities),
    features: Float32Array.from(features),
    classes: 2,
  });

  it('is the mean confidence, the entropy of the predicted classes, the distance of the features', () => {
    const real = reading([1, 0, 0, 1], [0, 2]);
    const same = scoreDigits(real, statisticsOf(real));
    expect(same).toEqual({ classifierConfidence: 1, classEntropy: Math.log(2), frechetDistance: 0 });
    const collapsed = reading([0.75, 0.25, 0.5, 0.5], [3, 5]);
    const score = scoreDigits(collapsed, statisticsOf(real));
    expect(score).toEqual({ classifierConfidence: 0.625, classEntropy: 0, frechetDistance: 9 });
    expect([...predictedShares(collapsed)]).toEqual([1, 0]);
    expect(
      [
        [0, 0],
        [1, 0],
        [1, 1],
      ].map((wanted) => shareAsLabelled(collapsed, wanted)),
    ).toEqual([1, 0.5, 0]);
    expect(joinReadings([real, collapsed]).features.length).toBe(4);
    expect(entropy([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(Math.log(4), 12);
  });
});

it('the classifier learns digits, always the same way, reads them on the GPU, and is kept', async () => {
  const gpu = await testGpu();
  const { train, test } = syntheticDigits({ train: 400, test: 64 });
  expect(classifierSteps(train)).toBe(125); // 20 epochs
  expect(classifierSteps({ size: 55_000 })).toBe(1500);
  const classifier = await DigitClassifier.create(gpu);
  await classifier.train(train);
  expect((await classifier.model.evaluate(test)).accuracy).toBeGreaterThan(0.8);
  const reading = await classifier.readAll(test);
  expect([reading.probabilities.length, reading.features.length]).toEqual([640, 4096]);
  const sums = Array.from({ length: 64 }, (_, i) =>
    reading.probabilities.subarray(10 * i, 10 * i + 10).reduce((a, b) => a + b, 0),
  );
  expect(sums).toBeAllClose(
    sums.map(() => 1),
    { rtol: 1e-5 },
  );

  const kept = await DigitClassifier.create(gpu);
  kept.load(await classifier.save());
  expect(await kept.readAll(test)).toEqual(reading);
  const reader = await kept.reader({ count: 2 });
  await expect(reader.read(new Uint8Array(784))).rejects.toThrow(ShapeError);
  reader.destroy();
  for (const gone of [classifier, kept]) gone.destroy();
});
