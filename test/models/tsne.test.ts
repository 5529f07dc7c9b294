import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { neighbourAccuracy, trustworthiness } from '../../src/models/mapScores.ts';
import { Tsne } from '../../src/models/tsne.ts';
import { symmetric } from '../../src/models/tsneNeighbours.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { array, random } from '../reference/array.ts';
import * as reference from '../reference/tsne.ts';

const POINTS = 40;
const FEATURES = 5;
const PERPLEXITY = 6;
/** Four groups of ten. */
const data = Float32Array.from(random(1, [POINTS, FEATURES], -0.5, 0.5).data, (value, i) =>
  Math.floor(i / FEATURES) % 4 === i % FEATURES ? value + 3 : value,
);
const labels = Array.from({ length: POINTS }, (_, i) => i % 4);

/** p_ij of the nearest 19 of each, or of all. */
function joint(exact: boolean) {
  const distances = reference.squaredDistances(array([POINTS, FEATURES], Float64Array.from(data)));
  const count = exact ? POINTS - 1 : 3 * PERPLEXITY + 1;
  const limited = distances.data.slice();
  for (let i = 0; i < POINTS; i++) {
    const row = distances.data.subarray(i * POINTS, (i + 1) * POINTS);
    const order = Array.from(row, (d, j) => ({ d, j })).filter(({ d }) => d >= 0);
    for (const { j } of order.toSorted((a, b) => a.d - b.d).slice(count)) limited[i * POINTS + j] = -1;
  }
  return reference.joint(reference.neighbourProbabilities(array([POINTS, POINTS], limited), PERPLEXITY).p);
}

describe.each([false, true])('t-SNE, exact: %s', (exact) => {
  it('makes the steps of the definition, and tells their divergence', async () => {
    const gpu = await testGpu();
    const tsne = await Tsne.create(data, FEATURES, { gpu, perplexity: PERPLEXITY, exact, learningRate: 20 });
    const p = joint(exact);
    const start = await tsne.readMap();
    // Far enough apart for slopes that are no rounding errors.
    let y = array([POINTS, 2], Float64Array.from(start));
    expect(Math.hypot(...y.data.map((value) => value * 1e4)) / Math.sqrt(POINTS)).toBeGreaterThan(1);
    let [velocity, gains] = [new Float64Array(2 * POINTS), new Float64Array(2 * POINTS).fill(1)];
    for (let step = 0; step < 5; step++) {
      const expected = reference.divergence(y, p);
      const { force, weight } = reference.repulsion(y);
      const z = weight.data.reduce((a, b) => a + b);
      const pulls = reference.attraction(y, p).force;
      const gradient = pulls.data.map((pull, i) => 4 * (12 * pull - force.data[i] / z));
      gains = gains.map((gain, i) => Math.max(0.01, gradient[i] * velocity[i] < 0 ? gain + 0.2 : gain * 0.8));
      velocity = velocity.map((v, i) => 0.5 * v - 20 * gains[i] * gradient[i]);
      y = array([POINTS, 2], y.data.map((value, i) => value + velocity[i])); // prettier-ignore
      await tsne.run(1);
      expect(await tsne.divergence()).toBeCloseTo(expected, 4);
    }
    const found = await tsne.readMap();
    expect(array([POINTS, 2], Float64Array.from(found))).toBeAllClose(y, { rtol: 1e-2, atol: 1e-7 });
    tsne.destroy();
  });

  it('puts groups apart, in one submit for several steps and the same bits in every run', async () => {
    const gpu = await testGpu();
    const tsne = await Tsne.create(data, FEATURES, { gpu, perplexity: PERPLEXITY, exact, start: 'random' });
    await tsne.run(400);
    const map = await tsne.readMap();
    expect(neighbourAccuracy(map, labels, 3)).toBeGreaterThan(0.9); // by chance 0.25
    expect(trustworthiness(data, FEATURES, map, 5)).toBeGreaterThan(0.9);
    expect(await tsne.divergence()).toBeLessThan(0.6);
    tsne.restart();
    expect(tsne.step).toBe(0);
    expect(await tsne.divergence()).toBeUndefined();
    await tsne.run(400);
    expect(await tsne.readMap()).toEqual(map);
    tsne.destroy();
  });
});

it('the graph has each pair in both rows, once', () => {
  // Point 0 is near to 1 and 2, point 1 to 0 and 3, …
  const graph = symmetric(
    4,
    Int32Array.from([1, 2, 0, 3, 0, 1, 2, 1]),
    Float32Array.from([0.75, 0.25, 0.5, 0.5, 1, 0, 0.25, 0.75]),
  );
  expect([...graph.starts]).toEqual([0, 2, 4, 6, 8]);
  expect([...graph.neighbours]).toEqual([1, 2, 0, 3, 0, 3, 1, 2]);
  expect([...graph.p]).toEqual([1.25, 1.25, 1.25, 1.25, 1.25, 0.25, 1.25, 0.25].map((p) => p / 8));
});

it('refuses what does not fit, with the fix', async () => {
  const gpu = await testGpu();
  const of = (options: object) => Tsne.create(data, FEATURES, { gpu, ...options });
  await expect(of({ perplexity: 39 })).rejects.toThrow(/at least 1 and below the 39 other points/);
  await expect(of({ learningRate: 0 })).rejects.toThrow(ArgumentError);
  await expect(of({ start: 'pca' })).rejects.toThrow(/start is "pca"/);
  await expect(Tsne.create(data, 3, { gpu })).rejects.toThrow(/whole rows/);
});

describe('scores of a map', () => {
  /** Two groups of ten on a line, no two distances alike. */
  const line = Float32Array.from({ length: 40 }, (_, i) =>
    i % 2 === 0 ? i + 0.01 * i ** 2 + (i >= 20 ? 20 : 0) : 0,
  );

  it('are 1 where the map has the neighbours of the data', () => {
    expect(trustworthiness(line, 2, line, 3)).toBe(1);
    expect(
      neighbourAccuracy(
        line,
        Array.from({ length: 20 }, (_, i) => Number(i >= 10)),
        1,
      ),
    ).toBe(1);
  });

  it('follow the formula where it does not', () => {
    // Points 0 … 5 on a line; in the map 0 and 5 have changed places. For k = 1: the nearest in the map of 0 is 4, whose rank in
    // the data is 4; of 5 it is 1, rank 4; of 4 it is 0, as the first of two, rank 5; of 1 it is 2, rank 1.
    const own = Float32Array.from([0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0]);
    const map = Float32Array.from([5, 0, 1, 0, 2, 0, 3, 0, 4, 0, 0, 0]);
    expect(trustworthiness(own, 2, map, 1)).toBeCloseTo(1 - (2 / (6 * (12 - 3 - 1))) * (3 + 3 + 4), 10);
  });
});
