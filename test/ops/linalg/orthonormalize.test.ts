import { describe, expect, it } from 'vitest';
import { input } from '../../../src/ops/core/leaves.ts';
import { orthonormalize } from '../../../src/ops/linalg/orthonormalize.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { array, random } from '../../reference/array.ts';
import * as reference from '../../reference/linalg.ts';

import '../../helpers/close.ts';

describe('orthonormalize', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 1],
    [5, 3],
    [16, 8],
    [63, 7],
    [64, 8],
    [65, 2],
  ])('makes %i × %i orthonormal', async (rows, columns) => {
    const x = random(rows, [rows, columns]);
    for (const software of [true, false]) {
      const [q] = await evaluate(orthonormalize, [x], { software });
      expect(q.data).toBeAllClose([...reference.orthonormalize(x).data]);
      const gram = Array.from({ length: columns * columns }, (_, at) => {
        let sum = 0;
        for (let row = 0; row < rows; row++) {
          sum += q.data[row * columns + (at % columns)] * q.data[row * columns + Math.floor(at / columns)];
        }
        return sum;
      });
      expect(gram).toBeAllClose(gram.map((_, at) => (at % (columns + 1) === 0 ? 1 : 0)));
    }
  });

  it('gives 0 for a column that depends on those before it', async () => {
    // The second column is twice the first, the third is zero.
    const x = array([3, 3], Float64Array.of(3, 6, 0, 0, 0, 0, 4, 8, 0));
    const [q] = await evaluate(orthonormalize, [x]);
    expect(q.data).toBeAllClose([0.6, 0, 0, 0, 0, 0, 0.8, 0, 0]);
  });

  it('refuses what is no tall matrix', () => {
    expect(() => orthonormalize(input('x', [2, 3]))).toThrow(/at most as many columns as rows, got \[2, 3\]/);
    expect(() => orthonormalize(input('x', [2, 2, 2]))).toThrow(/got \[2, 2, 2\]/);
  });
});
