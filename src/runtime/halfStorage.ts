import { HalfBuffers, mayBeHalf } from '../kernels/halfBuffers.ts';
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
 * @returns also what is stored in the place of which operand
 */
export function storeHalf(
  dispatches: readonly LoweredDispatch[],
  isFixed: (operand: Operand) => boolean,
): { readonly dispatches: LoweredDispatch[]; readonly halves: ReadonlyMap<Operand, Scratch> } {
  const excluded = new Set<Operand>();
  const halves = new Map<Operand, Scratch>();
  for (const dispatch of dispatches) {
    for (const binding of dispatch.bindings) {
      const { operand } = binding;
      if (isFixed(operand) || !fits(dispatch, binding)) excluded.add(operand);
      else if (rounds(dispatch, binding)) halves.set(operand, storedAs(operand));
    }
  }
  for (const operand of excluded) halves.delete(operand);
  const stored = dispatches.map((dispatch) => {
    const names = dispatch.bindings.filter(({ operand }) => halves.has(operand)).map(({ name }) => name);
    if (names.length === 0) return dispatch;
    const { file, specialization } = dispatch.source;
    const source = { file, specialization: { ...specialization, halves: new HalfBuffers(names) } };
    return {
      ...dispatch,
      source,
      kernel: specialize(file, source.specialization),
      bindings: dispatch.bindings.map((own) => ({ ...own, operand: halves.get(own.operand) ?? own.operand })),
    };
  });
  return { dispatches: stored, halves };
}

/** Whether a dispatch can do with f16 in a buffer: it writes it, or rounds what it reads. */
function fits(dispatch: LoweredDispatch, binding: LoweredBinding): boolean {
  const { operand, name, slice } = binding;
  const isOwn = isTensor(operand) ? operand.node.op.kind !== 'leaf' : 'scratch' in operand;
  if (!isOwn || operand.dtype !== 'f32' || slice) return false;
  const { reads = true } = usesOf(dispatch.kernel).get(name) ?? {};
  return (!reads || rounds(dispatch, binding)) && mayBeHalf(dispatch.kernel, name);
}

const storedAs = (operand: Operand): Scratch => ({
  scratch: isTensor(operand) ? operand.node.label : 'scratch' in operand ? operand.scratch : operand.resource,
  shape: operand.shape,
  dtype: 'f32',
  half: true,
});
