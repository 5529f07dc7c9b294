import { programState } from '../core/leaves.ts';
import type { Tensor } from '../core/op.ts';
import { reshape, slice } from '../movement/movement.ts';

/**
 * The number of steps that the program has made before this one, u32 []: 0 in its first, and what `program.reset` sets. A
 * step of training that is not made does not count. `cast(stepCount(), 'f32')` makes a number to compute with, which is
 * exact below 2²⁴.
 */
export const stepCount = (): Tensor => reshape(slice(programState(), [0], [1]), []);
