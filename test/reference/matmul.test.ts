import { describe, expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { array, inner, random } from './array.ts';
import { matmul, matmulGrad, type MatmulOptions } from './matmul.ts';
import { transpose } from './movement.ts';

const layouts: MatmulOptions[] = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB })),
);
const [B, M, N, K] = [3, 4, 5, 6];

describe('matmul', () => {
  it('multiplies by hand', () => {
    const y = matmul(array([2, 3], [1, 2, 3, 4, 5, 6]), array([3, 2], [7, 8, 9, 10, 11, 12]));
    expect(y).toEqual(array([2, 2], [58, 64, 139, 154]));
  });

  it.each(layouts)('reads transposed operands: %j', (options) => {
    const a = random(1, [M, K]);
    const b = random(2, [K, N]);
    const stored = matmul(
      options.transposeA ? transpose(a) : a,
      options.transposeB ? transpose(b) : b,
      options,
    );
    expect(stored).toEqual(matmul(a, b));
  });

  it('multiplies each of a batch', () => {
    const a = random(3, [B, M, K]);
    const b = random(4, [B, K, N]);
    for (let i = 0; i < B; i++) {
      const single = matmul(
        array([M, K], a.data.slice(i * M * K, (i + 1) * M * K)),
        array([K, N], b.data.slice(i * K * N, (i + 1) * K * N)),
      );
      expect(matmul(a, b).data.slice(i * M * N, (i + 1) * M * N)).toEqual(single.data);
    }
  });

  it.each(layouts)('has the gradients of finite differences: %j', (options) => {
    for (const batch of [[], [2]]) {
      const a = random(5, [...batch, ...(options.transposeA ? [K, M] : [M, K])]);
      const b = random(6, [...batch, ...(options.transposeB ? [N, K] : [K, N])]);
      const dy = random(7, [...batch, M, N]);
      const [da, db] = matmulGrad(a, b, dy, options);
      const tight = { rtol: 1e-7, atol: 1e-8 };
      expect(da).toBeAllClose(
        finiteDifference((probe) => inner(matmul(probe, b, options), dy), a),
        tight,
      );
      expect(db).toBeAllClose(
        finiteDifference((probe) => inner(matmul(a, probe, options), dy), b),
        tight,
      );
    }
  });

  it('of no products is zero', () => {
    expect(matmul(array([2, 0], []), array([0, 3], []))).toEqual(array([2, 3], [0, 0, 0, 0, 0, 0]));
  });

  it('refuses operands that do not fit', () => {
    expect(() => matmul(random(1, [2, 3]), random(1, [2, 3]))).toThrow('matmul of [2,3] and [2,3]');
  });
});
