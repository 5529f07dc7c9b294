import type { Shape } from '../core/shape.ts';

export interface MatmulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** The sizes of a matrix product: c[m, n] = Σ_k a[m, k] · b[k, n], `batch` times. */
export interface MatmulSize extends MatmulAttrs {
  readonly batch: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Reads the sizes off the shapes of the operands. */
export function matmulSize(a: Shape, b: Shape, { transposeA, transposeB }: MatmulAttrs): MatmulSize {
  const [M, K] = transposeA ? a.slice(-2).toReversed() : a.slice(-2);
  const N = b.at(transposeB ? -2 : -1)!;
  return { batch: a.length === 3 ? a[0] : 1, M, N, K, transposeA, transposeB };
}
