import { Variable } from '../../src/ops/core/leaves.ts';
import type { Shape } from '../../src/ops/core/shape.ts';

/** A variable with given initial values; one value fills it. */
export const variable = (name: string, shape: Shape, ...values: number[]): Variable =>
  new Variable({
    name,
    shape,
    initialize: (data) => (values.length === 1 ? data.fill(values[0]) : data.set(values)),
  });

export const f32 = (...values: number[]): Float32Array<ArrayBuffer> => Float32Array.from(values);
