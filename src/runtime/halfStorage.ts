import { mayBeHalf } from '../kernels/halfBuffers.ts';
import { specialize } from '../kernels/specialize.ts';
import { usesOf } from '../kernels/uses.ts';
import type { Operand, Scratch } from '../ops/core/op.ts';
import { isTensor } from './lower.ts';
import type { LoweredBinding, LoweredDispatch } from './lower.ts';

/** Whether a kernel rounds what it reads of a buffer to f16, as it copies it into its tiles, and does nothing else with it. */
function rounds({ source }: LoweredDispatch, { name, access }: LoweredBinding): boolean {
  const { Left } = source.specialization.aliases ?? {};
  return Left === 'vec4h' && access === 'read' && !name.startsWith('extra_');
}

/**
 * Stores as f16 what only kernels read that round it to f16 anyway: half the bytes, and the same bits in all that is computed.
 * The kernels that compute it round it as they store it.
 *
 * @param isFixed what others read or place: outputs, gradients
 */
export function storeHalf(
  dispatches: readonly LoweredDispatch[],
  isFixed: (operand: Operand) => boolean,
): LoweredDispatch[] {
  const halves = new Map<Operand, Scratch | undefined>();
  const fits = (dispatch: LoweredDispatch, binding: LoweredBinding): boolean => {
    const { operand, name, slice } = binding;
    const isOwn = isTensor(operand) ? operand.node.op.kind !== 'leaf' : 'scratch' in operand;
    if (!isOwn || operand.dtype !== 'f32' || slice || isFixed(operand)) return false;
    const { reads = true } = usesOf(dispatch.kernel).get(name) ?? {};
    return (!reads || rounds(dispatch, binding)) && mayBeHalf(dispatch.kernel, name);
  };
  const isRead = new Set<Operand>();
  for (const dispatch of dispatches) {
    for (const binding of dispatch.bindings) {
      const { operand } = binding;
      if (rounds(dispatch, binding)) isRead.add(operand);
      if (halves.has(operand) && !halves.get(operand)) continue;
      const label = isTensor(operand) ? operand.node.label : 'scratch' in operand ? operand.scratch : '';
      const stored: Scratch = { scratch: label, shape: operand.shape, dtype: 'f32', half: true };
      halves.set(operand, fits(dispatch, binding) ? (halves.get(operand) ?? stored) : undefined);
    }
  }
  const storedAs = (operand: Operand) => (isRead.has(operand) ? halves.get(operand) : undefined);
  return dispatches.map((dispatch) => {
    const names = dispatch.bindings.filter(({ operand }) => storedAs(operand)).map(({ name }) => name);
    if (names.length === 0) return dispatch;
    const { file, specialization } = dispatch.source;
    const source = { file, specialization: { ...specialization, halves: names } };
    return {
      ...dispatch,
      source,
      kernel: specialize(file, source.specialization),
      bindings: dispatch.bindings.map((own) => ({ ...own, operand: storedAs(own.operand) ?? own.operand })),
    };
  });
}
