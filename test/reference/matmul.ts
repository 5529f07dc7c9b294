import { array, zeros, type Array64 } from './array.ts';
import { broadcastShape, broadcastTo, sumTo } from './broadcast.ts';

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

/** `matmul` of operands of any rank: batches are broadcast, and a vector is a row at the left, a column at the right. */
export function matmulOf(a: Array64, b: Array64, options: MatmulOptions = {}): Array64 {
  const [left, right, shape] = asBatches(a, b, options);
  return array(shape, matmul(left, right, options).data);
}

/** Gradients of `matmulOf`. */
export function matmulOfGrad(
  a: Array64,
  b: Array64,
  dy: Array64,
  options: MatmulOptions = {},
): [Array64, Array64] {
  const [left, right, shape, batch] = asBatches(a, b, options);
  if (`${dy.shape}` !== `${shape}`) throw new Error(`a gradient [${dy.shape}] of [${shape}]`);
  const [M, N] = [
    left.shape.at(options.transposeA ? -1 : -2)!,
    right.shape.at(options.transposeB ? -2 : -1)!,
  ];
  const gradients = matmulGrad(left, right, array([left.shape[0], M, N], dy.data), options);
  const [da, db] = gradients.map((g) => array([...batch, ...g.shape.slice(-2)], g.data));
  const matrix = (x: Array64, row: boolean) =>
    x.shape.length > 1 ? x.shape : row ? [1, ...x.shape] : [...x.shape, 1];
  return [array(a.shape, sumTo(da, matrix(a, true)).data), array(b.shape, sumTo(db, matrix(b, false)).data)];
}

/** Both as [batch, rows, columns], with the shape of the product and that of the batch. */
function asBatches(a: Array64, b: Array64, { transposeA, transposeB }: MatmulOptions) {
  const left = a.shape.length > 1 ? a : array([1, ...a.shape], a.data);
  const right = b.shape.length > 1 ? b : array([...b.shape, 1], b.data);
  const batch = broadcastShape(left.shape.slice(0, -2), right.shape.slice(0, -2));
  const whole = [left, right].map((x) => {
    const matrix = x.shape.slice(-2);
    const wide = broadcastTo(x, [...batch, ...matrix]);
    return array([wide.data.length / (matrix[0] * matrix[1]), ...matrix], wide.data);
  });
  const [M, N] = [left.shape.at(transposeA ? -1 : -2)!, right.shape.at(transposeB ? -2 : -1)!];
  const shape = [...batch, ...(a.shape.length > 1 ? [M] : []), ...(b.shape.length > 1 ? [N] : [])];
  return [whole[0], whole[1], shape, batch] as const;
}
