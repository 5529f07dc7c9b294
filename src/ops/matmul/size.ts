import type { Shape } from '../core/shape.ts';
import { broadcastShapes } from '../elementwise/broadcast.ts';

export interface MatmulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** Which of an operand's matrices product i of a batch takes: number ⌊i / every⌋ mod count. */
export interface Taken {
  readonly every: number;
  readonly count: number;
}

/** The sizes of a matrix product: c[m, n] = Σ_k a[m, k] · b[k, n], `batch` times. */
export interface MatmulSize extends MatmulAttrs {
  readonly batch: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** Where an operand has fewer matrices than the batch, and is broadcast. */
  readonly takenA?: Taken;
  readonly takenB?: Taken;
}

/** The extents before the matrices, which are broadcast as NumPy does. */
export const batchOf = (a: Shape, b: Shape): number[] =>
  broadcastShapes('matmul', [a.slice(0, -2), b.slice(0, -2)]);

/** How an operand with the extents `own` before its matrices is read along those of a batch; undefined where it must be copied. */
export function takenOf(own: Shape, batch: Shape): Taken | undefined {
  const counts = { every: 1, count: 1 };
  let part: 'every' | 'count' | undefined = 'every';
  for (let axis = batch.length - 1; axis >= 0; axis--) {
    if (batch[axis] === 1) continue;
    const repeated = (own[axis - batch.length + own.length] ?? 1) === 1;
    if (part === 'every' && !repeated) part = 'count';
    if (part === 'count' && repeated) part = undefined;
    if (part) counts[part] *= batch[axis];
    else if (!repeated) return undefined;
  }
  return counts;
}

/** Reads the sizes off the shapes of the operands. */
export function matmulSize(a: Shape, b: Shape, { transposeA, transposeB }: MatmulAttrs): MatmulSize {
  const [M, K] = transposeA ? a.slice(-2).toReversed() : a.slice(-2);
  const N = b.at(transposeB ? -2 : -1)!;
  const shape = batchOf(a, b);
  const batch = shape.reduce((product, extent) => product * extent, 1);
  const [takenA, takenB] = [a, b].map((operand) => takenOf(operand.slice(0, -2), shape));
  return {
    batch,
    M,
    N,
    K,
    transposeA,
    transposeB,
    ...(takenA?.count !== batch && { takenA }),
    ...(takenB?.count !== batch && { takenB }),
  };
}
