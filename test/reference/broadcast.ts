import { coordsOf, indexOf, sizeOf, zeros, type Array64 } from './array.ts';

/**
 * The common shape of two arrays under NumPy's rule: align at the last dimension; extents must be equal, or
 * one of them 1, or missing.
 */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const m = a[axis - rank + a.length] ?? 1;
    const n = b[axis - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) throw new Error(`shapes [${a}] and [${b}] do not broadcast`);
    return m === 1 ? n : m;
  });
}

/** Position in an array of shape `from` of what broadcasting shows at position `index` of shape `to`. */
function sourceIndex(from: readonly number[], to: readonly number[], index: number): number {
  const coords = coordsOf(to, index).slice(to.length - from.length);
  return indexOf(
    from,
    coords.map((coord, axis) => (from[axis] === 1 ? 0 : coord)),
  );
}

/** `a` repeated along its extents of 1 (and missing ones) to `shape`. */
export function broadcastTo(a: Array64, shape: readonly number[]): Array64 {
  if (`${broadcastShape(a.shape, shape)}` !== `${shape}`) {
    throw new Error(`shape [${a.shape}] does not broadcast to [${shape}]`);
  }
  const out = zeros(shape);
  for (let i = 0; i < out.data.length; i++) out.data[i] = a.data[sourceIndex(a.shape, shape, i)];
  return out;
}

/** The adjoint (gradient) of `broadcastTo`: sums `a` over the dimensions that were repeated. */
export function sumTo(a: Array64, shape: readonly number[]): Array64 {
  const out = zeros(shape);
  for (let i = 0; i < sizeOf(a.shape); i++) out.data[sourceIndex(shape, a.shape, i)] += a.data[i];
  return out;
}
