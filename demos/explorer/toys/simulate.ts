import { loadAllKernels } from '../../../src/ops/allKernels.ts';
import { programState } from '../../../src/ops/core/leaves.ts';
import type { ConstantAttrs, FillAttrs } from '../../../src/ops/core/leaves.ts';
import type { Operand, Tensor } from '../../../src/ops/core/op.ts';
import { sizeOf } from '../../../src/ops/core/shape.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import type { LoweredDispatch } from '../../../src/runtime/lower.ts';
import { compileKernel, run, specialize } from '../../../src/simulator/index.ts';
import type { BufferData, SpecializedKernel } from '../../../src/simulator/index.ts';
import type { Steppable } from '../../widgets/step/steppable.ts';
import { nameOf } from '../names.ts';
import { SUBGROUP } from './toy.ts';
import type { Toy } from './toy.ts';

await loadAllKernels(); // toys are lowered at once

/** A toy's dispatch with its numbers, ready to be stepped through. */
export interface Prepared extends Steppable {
  readonly toy: Toy;
}

const isTensor = (operand: Operand): operand is Tensor => 'node' in operand;

function array(dtype: DType, values: ArrayLike<number>): BufferData {
  if (dtype === 'f32') return Float32Array.from(values);
  if (dtype === 'i32') return Int32Array.from(values);
  return Uint32Array.from(values);
}

/** Small numbers that are easy to follow. */
const NUMBERS = [2, -1, 3, 0.5, -2, 1, 4, -3, 1.5, 0, -0.5, 2.5, 5, -4];

/** What lies in the memory that the dispatches share. */
class Numbers {
  readonly #toy: Toy;
  readonly #known = new Map<Operand, BufferData>();

  constructor(toy: Toy) {
    this.#toy = toy;
  }

  of(operand: Operand): BufferData {
    const known = this.#known.get(operand);
    if (known) return known;
    const made = this.#make(operand);
    this.#known.set(operand, made);
    return made;
  }

  #make(operand: Operand): BufferData {
    const { shape, dtype } = operand;
    const size = dtype === 'u8' ? Math.ceil(sizeOf(shape) / 4) : sizeOf(shape);
    const given = this.#toy.values?.[nameOf(operand)];
    if (given)
      return array(
        dtype,
        Array.from({ length: size }, (_, i) => given[i % given.length]),
      );
    if (!isTensor(operand)) return array(dtype, new Float32Array(size));
    if (operand === programState()) return new Uint32Array(8);
    const { op, attrs } = operand.node;
    if (op.name === 'constant') return array(dtype, (attrs as ConstantAttrs).data);
    if (op.name === 'fill') return array(dtype, new Float32Array(size).fill((attrs as FillAttrs).value));
    if (op.name !== 'input') return array(dtype, new Float32Array(size));
    const start = nameOf(operand).length * 5 + nameOf(operand).charCodeAt(0);
    const value = (i: number) => NUMBERS[(start + i * 5 + Math.floor(i / 14)) % NUMBERS.length];
    return array(
      dtype,
      Array.from({ length: size }, (_, i) => (dtype === 'f32' ? value(i) : i % 3)),
    );
  }
}

/** The kernel of a dispatch with the file's own lines. `source` stands for the file's text. */
export function rolled({ source }: LoweredDispatch, toy?: Toy, text = source.file.source): SpecializedKernel {
  const { specialization, file } = source;
  const constants = { ...specialization.constants, ...toy?.small?.constants };
  return specialize({ ...file, source: text }, { ...specialization, constants }, { rolled: true });
}

/**
 * Runs the dispatches before the one of the toy's kernel, so that its buffers hold what they hold in the engine.
 *
 * @param text the text to run instead of the kernel's file
 * @throws KernelError, SimulationError where that text is wrong; GeneratedCodeError where the page's policy forbids it all
 */
export function prepare(toy: Toy, text?: string): Prepared {
  const dispatches = toy.lower();
  const at = dispatches.findIndex(({ kernel }) => kernel.name === toy.kernel);
  if (at < 0) throw new Error(`${toy.title}: none of its dispatches is ${toy.kernel}`);
  const numbers = new Numbers(toy);
  const data = ({ bindings }: LoweredDispatch) =>
    Object.fromEntries(
      bindings.map(({ name, operand, slice }) => {
        const all = numbers.of(operand);
        return [name, slice ? all.subarray(slice.offset / 4, (slice.offset + slice.bytes) / 4) : all];
      }),
    );
  for (const dispatch of dispatches.slice(0, at)) {
    const simulation = compileKernel(rolled(dispatch), { checks: false, outside: 'poison' });
    run(simulation, { buffers: data(dispatch), workgroups: dispatch.workgroups, subgroupSize: SUBGROUP });
  }
  const dispatch = dispatches[at];
  const own = data(dispatch);
  return {
    toy,
    kernel: rolled(dispatch, toy, text),
    workgroups: toy.small?.workgroups ?? dispatch.workgroups,
    buffers: dispatch.bindings.map(({ name, operand, access, slice }) => ({
      name,
      of: nameOf(operand),
      shape: slice ? [own[name].length] : operand.shape,
      dtype: operand.dtype,
      writes: access === 'read_write',
      data: own[name],
    })),
    subgroupSize: SUBGROUP,
    filters: toy.filters,
    filledIn: {
      ...dispatch.source.specialization.aliases,
      ...dispatch.source.specialization.constants,
      ...toy.small?.constants,
    },
  };
}

/** Iterations and statements of a run, after which a loop is taken for endless. */
const BUDGET = 5_000_000;

/**
 * What a prepared dispatch leaves in its buffers, and the races in it.
 *
 * @throws SimulationError where it goes wrong, or does not end
 */
export function runWhole({ kernel, workgroups, buffers, subgroupSize }: Steppable) {
  const own = Object.fromEntries(buffers.map(({ name, data }) => [name, data.slice()]));
  const simulation = compileKernel(kernel, { outside: 'poison' });
  const { races } = run(simulation, { buffers: own, workgroups, subgroupSize, budget: BUDGET });
  return { buffers: own, races };
}
