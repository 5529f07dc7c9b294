import type { Tensor } from '../ops/core/op.ts';

const masks = new WeakMap<Tensor, Tensor>();

/** What `masked` said of a tensor: f32 [batch, …], 1 where its rows count and 0 where they are padding. */
export const maskOf = (tensor: Tensor): Tensor | undefined => masks.get(tensor);

/** Says of a tensor, [batch, steps, …], which of its steps count: `mask` is f32 [batch, steps]. Undefined: all. */
export function masked(tensor: Tensor, mask: Tensor | undefined): Tensor {
  if (mask) masks.set(tensor, mask);
  return tensor;
}
