import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { constant, input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import {
  neighbourProbabilities,
  tsneAttraction,
  tsneExactAttraction,
  tsneRepulsion,
} from '../../../src/ops/tsne/tsne.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { array, map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/tsne.ts';

const tolerance = { rtol: 2e-5, atol: 2e-6 };
const joint = (x: Array64, perplexity: number) =>
  reference.joint(reference.neighbourProbabilities(reference.squaredDistances(x), perplexity).p);

describe('probabilities of neighbours', () => {
  it.each([
    { rows: 1, columns: 2, perplexity: 1.5 },
    { rows: 3, columns: 65, perplexity: 20 },
    { rows: 70, columns: 91, perplexity: 30 },
    { rows: 5, columns: 7, perplexity: 1 },
    { rows: 2, columns: 1000, perplexity: 5 },
  ])('of $rows × $columns have the perplexity $perplexity', async ({ rows, columns, perplexity }) => {
    const d = map(random(1, [rows, columns], 0.5, 40), (value, i) => (i % 11 === 5 ? -1 : value));
    const [p, scales] = await evaluate((t) => Object.values(neighbourProbabilities(t, perplexity)), [d]);
    const expected = reference.neighbourProbabilities(d, perplexity);
    if (perplexity > 1) expect(p).toBeAllClose(expected.p, { rtol: 1e-3, atol: 1e-6 });
    for (let i = 0; i < rows; i++) {
      const row = p.data.slice(i * columns, (i + 1) * columns);
      expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      const entropy = -row.reduce((sum, q) => sum + (q > 0 ? q * Math.log(q) : 0), 0);
      expect(entropy).toBeCloseTo(Math.log(perplexity), 4);
      // The scales give the same numbers.
      row.forEach((own, j) => {
        const distance = d.data[i * columns + j];
        const again = distance < 0 ? 0 : Math.exp(scales.data[2 * i + 1] - scales.data[2 * i] * distance);
        expect(Math.abs(own - again)).toBeLessThan(2e-5);
      });
    }
  });

  it('of neighbours that are all as near are equal', async () => {
    const d = array([2, 4], [3, 3, 3, -1, 0, 0, 0, 0]);
    const [p, scales] = await evaluate((t) => Object.values(neighbourProbabilities(t, 2)), [d]);
    expect(p).toBeAllClose(array([2, 4], [1 / 3, 1 / 3, 1 / 3, 0, 0.25, 0.25, 0.25, 0.25]), tolerance);
    expect(scales.data[0]).toBe(0);
  });
});

describe.each(['naive', 'tiled'])('repulsion, %s', (variant) => {
  it.each([1, 2, 63, 65, 700])('of %i points', async (points) => {
    const y = random(2, [points, 2], -8, 8);
    const found = await evaluate((t) => Object.values(tsneRepulsion(t)), [y], {
      variants: { tsneRepulsion: variant },
      simulated: variant === 'tiled' && points < 100, // the simulator looks for races
    });
    const { force, weight } = reference.repulsion(y);
    expect(found[0]).toBeAllClose(force, { rtol: 1e-4, atol: 1e-4 });
    expect(found[1]).toBeAllClose(weight, { rtol: 1e-4, atol: 1e-4 });
  });
});

/** Rows of all pairs with p above 0, compressed. */
function graphOf(p: Array64) {
  const [points] = p.shape;
  const starts = [0];
  const neighbours: number[] = [];
  for (let i = 0; i < points; i++) {
    for (let j = 0; j < points; j++) if (p.data[i * points + j] > 0) neighbours.push(j);
    starts.push(neighbours.length);
  }
  const values = p.data.filter((own) => own > 0);
  return {
    starts: constant(Int32Array.from(starts), [points + 1]),
    neighbours: constant(Int32Array.from(neighbours), [neighbours.length]),
    p: constant(Float32Array.from(values), [values.length]),
  };
}

describe('attraction', () => {
  it.each([2, 5, 66])('of %i points to neighbours', async (points) => {
    const y = random(3, [points, 2], -5, 5);
    // Some pairs are no neighbours, the last point has none.
    const p = map(random(4, [points, points], 0.001, 1), (value, place) => {
      const [i, j] = [Math.floor(place / points), place % points];
      return i === j || (i * j) % 3 === 2 || i === points - 1 ? 0 : value / points ** 2;
    });
    const found = await evaluate((t) => Object.values(tsneAttraction(t, graphOf(p))), [y]);
    const { force, cost } = reference.attraction(y, p);
    expect(found[0]).toBeAllClose(force, tolerance);
    expect(found[1]).toBeAllClose(cost, tolerance);
  });

  it.each([
    [2, 1],
    [33, 50],
    [130, 3],
    [258, 5],
  ])('of %i points with %i features to all others', async (points, features) => {
    const x = random(5, [points, features], -2, 2);
    const y = random(6, [points, 2], -5, 5);
    const perplexity = Math.min(10, points / 2);
    const distances = reference.squaredDistances(x);
    const { betas } = reference.neighbourProbabilities(distances, perplexity);
    const scales = array(
      [points, 2],
      betas.flatMap((beta, i) => {
        const row = distances.data.slice(i * points, (i + 1) * points).filter((d) => d >= 0);
        return [beta, -Math.log(row.reduce((sum, d) => sum + Math.exp(-beta * d), 0))];
      }),
    );
    const found = await evaluate((...own) => Object.values(tsneExactAttraction(...(own as [Tensor, Tensor, Tensor]))), [y, x, scales]); // prettier-ignore
    const { force, cost } = reference.attraction(y, joint(x, perplexity));
    expect(found[0]).toBeAllClose(force, { rtol: 1e-3, atol: 2e-5 });
    expect(found[1]).toBeAllClose(cost, { rtol: 1e-3, atol: 2e-5 });
  });
});

it('the gradient of the divergence is four times attraction minus repulsion', () => {
  const x = random(7, [20, 4], -2, 2);
  const y = random(8, [20, 2], -1, 1);
  const p = joint(x, 5);
  const { force, weight } = reference.repulsion(y);
  const z = weight.data.reduce((a, b) => a + b);
  const pulls = reference.attraction(y, p);
  for (let k = 0; k < 40; k++) {
    const at = (step: number) =>
      reference.divergence(
        map(y, (value, i) => value + (i === k ? step : 0)),
        p,
      );
    const difference = (at(1e-5) - at(-1e-5)) / 2e-5;
    expect(4 * (pulls.force.data[k] - force.data[k] / z)).toBeCloseTo(difference, 6);
  }
  const cost = pulls.cost.data.reduce((a, b) => a + b);
  expect(cost + Math.log(z)).toBeCloseTo(reference.divergence(y, p), 10);
});

it('refuses what does not fit', () => {
  const y = input('y', [4, 2]);
  expect(() => tsneRepulsion(input('y', [4, 3]))).toThrow(ShapeError);
  expect(() => neighbourProbabilities(input('d', [4, 3]), 3)).toThrow(ArgumentError);
  expect(() => neighbourProbabilities(input('d', [4, 3]), 0.5)).toThrow(/at least 1 and below the 3/);
  expect(() => neighbourProbabilities(input('d', [4]), 2)).toThrow(ShapeError);
  expect(() => tsneExactAttraction(y, input('x', [3, 4]), y)).toThrow(ShapeError);
  const graph = { starts: input('s', [4], 'i32'), neighbours: input('n', [6], 'i32'), p: input('p', [6]) };
  expect(() => tsneAttraction(y, graph)).toThrow('starts are [5]');
});
