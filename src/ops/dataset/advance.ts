import source from '../../../shaders/dataset/advance.wgsl?raw';
import type { Dispatch, Operand } from '../core/op.ts';

/** The end of a step: advances the step counter, unless the guard (see runtime/guard.ts) has stopped the step. */
export const advanceDispatch = (state: Operand, guard?: Operand): Dispatch => ({
  kernel: { name: 'dataset/advance', source },
  constants: { GUARDED: guard !== undefined },
  bindings: { state, ...(guard && { guard }) },
  workgroups: [1, 1, 1],
  advances: true,
});
