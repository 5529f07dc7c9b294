import { describe, expect, it } from 'vitest';
import { ownAxes, principalComponents, signsBy } from '../../src/models/principalComponents.ts';
import { symmetricEigen } from '../../src/models/symmetricEigen.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { array, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';

/** Rows whose variances fall off along axes that are mixed up, around a mean that is not 0. */
function rowsOf(rows: number, d: number): Array64 {
  const mix = random(5, [d, d]).data;
  const own = random(9, [rows, d]).data;
  const data = new Float64Array(rows * d);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < d; column++) {
      let sum = 3 * Math.sin(column);
      for (let i = 0; i < d; i++) sum += own[row * d + i] * 0.7 ** i * mix[i * d + column];
      data[row * d + column] = sum;
    }
  }
  return array([rows, d], data);
}

/** Mean and covariance in float64, and the eigenvectors of the covariance. */
function reference({ shape: [rows, d], data }: Array64) {
  const mean = Array.from({ length: d }, (_, i) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += data[row * d + i];
    return sum / rows;
  });
  const covariance = Float64Array.from({ length: d * d }, (_, at) => {
    const [i, j] = [Math.floor(at / d), at % d];
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += (data[row * d + i] - mean[i]) * (data[row * d + j] - mean[j]);
    return sum / rows;
  });
  return { mean, ...symmetricEigen(covariance, d) };
}

describe('principal components', () => {
  it.each([
    [50, 3, 1],
    [200, 16, 4],
    [300, 64, 4],
  ])('of %i × %i: the first %i', async (rows, d, components) => {
    const x = rowsOf(rows, d);
    const { mean, values, vectors } = reference(x);
    const [ownMean, directions, deviations, scores] = await evaluate(
      (t) => {
        const found = principalComponents(t, components);
        return [found.mean, found.directions, found.deviations, found.scores];
      },
      [x],
    );
    expect(ownMean.data).toBeAllClose(mean);
    expect(deviations.data).toBeAllClose([...values.subarray(0, components)].map(Math.sqrt), {
      rtol: 1e-3,
      atol: 1e-4,
    });
    for (let i = 0; i < components; i++) {
      // cos of the angle between the direction and the eigenvector: 1, or −1
      let cosine = 0;
      for (let row = 0; row < d; row++)
        cosine += directions.data[row * components + i] * vectors[row * d + i];
      expect(Math.abs(cosine)).toBeGreaterThan(1 - 1e-4);
      const column = Array.from({ length: rows }, (_, row) => scores.data[row * components + i]);
      expect(column.reduce((sum, value) => sum + value * value, 0) / rows).toBeCloseTo(1, 3);
    }
  });

  it('are finite for rows that are all alike', async () => {
    const x = array([4, 5], new Float64Array(20).fill(0.3));
    const [scores] = await evaluate((t) => principalComponents(t, 2).scores, [x]);
    expect([...scores.data].every(Number.isFinite)).toBe(true);
  });

  it('can be the own axes', async () => {
    const x = rowsOf(40, 2);
    const { mean } = reference(x);
    const [scores, deviations] = await evaluate(
      (t) => {
        const { scores: own, deviations: spread } = ownAxes(t);
        return [own, spread];
      },
      [x],
    );
    const expected = Array.from(x.data, (value, at) => (value - mean[at % 2]) / deviations.data[at % 2]);
    expect(scores.data).toBeAllClose(expected, { rtol: 1e-3, atol: 1e-4 });
  });

  it('are turned round by the classes of one’s choice', async () => {
    const centres = array([3, 2], Float64Array.of(-1, 5, 2, -4, 3, 0));
    const [signs] = await evaluate((t) => signsBy(t, [0, 1]), [centres]);
    expect([...signs.data]).toEqual([-1, -1]);
    expect([...(await evaluate((t) => signsBy(t, [1, 2]), [centres]))[0].data]).toEqual([1, 1]);
  });

  it('refuse what they cannot do', () => {
    expect(() => principalComponents(input('x', [3, 4]), 5)).toThrow('components is 5');
    expect(() => principalComponents(input('x', [3]), 1)).toThrow('takes rows [N, d], got [3]');
  });
});
