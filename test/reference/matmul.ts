import { zeros, type Array64 } from './array.ts';

export interface MatmulOptions {
  /** `a` is stored as [K, M]. Default false. */
  transposeA?: boolean;
  /** `b` is stored as [N, K]. Default false. */
  transposeB?: boolean;
}

/**
 * y[m, n] = Σ_k a[m, k] · b[k, n], for [M, K] × [K, N] → [M, N], or for each of a batch:
 * [B, M, K] × [B, K, N] → [B, M, N].
 */
export function matmul(a: Array64, b: Array64, options: MatmulOptions = {}): Array64 {
  const { transposeA = false, transposeB = false } = options;
  const [aRows, aCols] = a.shape.slice(-2);
  const [bRows, bCols] = b.shape.slice(-2);
  const [M, K] = transposeA ? [aCols, aRows] : [aRows, aCols];
  const [K2, N] = transposeB ? [bCols, bRows] : [bRows, bCols];
  const batchShape = a.shape.slice(0, -2);
  if (K !== K2 || `${batchShape}` !== `${b.shape.slice(0, -2)}`) {
    throw new Error(`matmul of [${a.shape}] and [${b.shape}] (transposed: ${transposeA}, ${transposeB})`);
  }

  const y = zeros([...batchShape, M, N]);
  const batch = batchShape[0] ?? 1;
  for (let i = 0; i < batch; i++) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) {
          const left = a.data[i * M * K + (transposeA ? k * M + m : m * K + k)];
          const right = b.data[i * K * N + (transposeB ? n * K + k : k * N + n)];
          sum += left * right;
        }
        y.data[(i * M + m) * N + n] = sum;
      }
    }
  }
  return y;
}

/**
 * Gradients of `matmul` with respect to `a` and `b`, each in its stored layout. With A and B the operands
 * as multiplied, dA = dY Bᵀ and dB = Aᵀ dY; a transposed operand takes the transpose of that.
 */
export function matmulGrad(
  a: Array64,
  b: Array64,
  dy: Array64,
  options: MatmulOptions = {},
): [Array64, Array64] {
  const { transposeA = false, transposeB = false } = options;
  const da = transposeA
    ? matmul(b, dy, { transposeA: transposeB, transposeB: true }) // (dY Bᵀ)ᵀ = B dYᵀ
    : matmul(dy, b, { transposeB: !transposeB });
  const db = transposeB
    ? matmul(dy, a, { transposeA: true, transposeB: transposeA }) // (Aᵀ dY)ᵀ = dYᵀ A
    : matmul(a, dy, { transposeA: !transposeA });
  return [da, db];
}
