import type { VariableAttrs } from '../../src/ops/core/leaves.ts';
import type { Operand, Target, Tensor } from '../../src/ops/core/op.ts';
import { withKernels } from '../../src/ops/core/late.ts';
import { sizeOf } from '../../src/ops/core/shape.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { build } from '../../src/runtime/build.ts';
import { ARRAYS } from '../../src/runtime/inputData.ts';
import { isTensor, ownerOf } from '../../src/runtime/lower.ts';
import { bindingSize, constantData } from '../../src/runtime/memory.ts';
import type { Answers } from '../../src/runtime/tuning/choice.ts';
import { compileKernel } from '../../src/simulator/compile.ts';
import { run } from '../../src/simulator/run.ts';
import { emulated } from '../simulator/compare.ts';
import { PROGRAM_SEED } from './ops/sources.ts';
import { typed } from './runner.ts';
import type { Given, Runner } from './runner.ts';

/** What is lowered for, and the form of the kernels. */
export interface Simulated {
  readonly target: Omit<Target, 'limits'>;
  readonly answers?: Answers;
  readonly variants?: Readonly<Record<string, string>>;
  /** The files' own loops and arrays, instead of the code that a GPU runs. */
  readonly rolled: boolean;
}

/** WebGPU's defaults. */
const LIMITS: Target['limits'] = {
  maxUniformBufferBindingSize: 65_536,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupsPerDimension: 65_535,
};
const SLAB_BYTES = 2 ** 27;
/** Memory that nobody has written: NaN, and as a whole number large. */
const UNWRITTEN = 0x7fc0_dead;
/** Races are looked for in buffers of so many words: it takes 72 bytes for each. */
const CHECKED_WORDS = 2 ** 21;

/**
 * Programs as for a GPU, dispatch by dispatch in the simulator: no adapter, no driver, any size of subgroups. Memory is
 * planned as on a GPU, and holds NaN until it is written. What throws: races, accesses outside, barriers that not all reach.
 */
export function simulator({ target, answers, variants, rolled }: Simulated): Runner {
  return async (outputs, given) => {
    const built = await withKernels(() =>
      build(
        { outputs, objectives: [], effects: [] },
        { target: { ...target, limits: LIMITS }, answers, variants, maxSlabBytes: SLAB_BYTES },
      ),
    );
    const locate = memoryOf(built.plan, given);
    for (const { label, kernel, source, bindings, workgroups } of built.dispatches) {
      const form = emulated(
        rolled ? specialize(source.file, source.specialization, { rolled: true }) : kernel,
      );
      const buffers = Object.fromEntries(
        bindings.map(({ name, operand, slice }) => {
          const { offset, bytes } = slice ?? { offset: 0, bytes: bindingSize(operand) };
          return [name, locate(operand).subarray(offset / 4, (offset + bytes) / 4)];
        }),
      );
      const checks = Object.values(buffers).every(({ length }) => length <= CHECKED_WORDS);
      const { races } = run(compileKernel(form, { checks, outside: 'poison' }), {
        buffers,
        workgroups,
        subgroupSize: target.subgroupSize,
      });
      if (races.length > 0) throw new Error(`${label}: ${races.map(({ message }) => message).join('; ')}`);
    }
    return new Map(
      Object.entries(built.outputs).map(([name, tensor]) => {
        const { buffer, byteOffset } = locate(ownerOf(tensor));
        return [name, new ARRAYS[tensor.dtype](buffer as ArrayBuffer, byteOffset, sizeOf(tensor.shape))];
      }),
    );
  };
}

/** The words of each operand: at its planned place, or where its data are. */
function memoryOf(
  { slabBytes, placements }: ReturnType<typeof build>['plan'],
  { feed, variables }: Given,
): (operand: Operand) => Uint32Array {
  const slabs = slabBytes.map((bytes) => new Uint32Array(Math.ceil(bytes / 4)).fill(UNWRITTEN));
  const others = new Map<Operand, Uint32Array>();
  return (operand) => {
    const words = bindingSize(operand) / 4;
    const planned = placements.get(operand);
    if (planned) return slabs[planned.slab].subarray(planned.offset / 4, planned.offset / 4 + words);
    const known = others.get(operand) ?? new Uint32Array(words);
    if (!others.has(operand)) {
      const { buffer, byteOffset, byteLength } = leafData(operand as Tensor, { feed, variables });
      new Uint8Array(known.buffer).set(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
      others.set(operand, known);
    }
    return known;
  };
}

function leafData(tensor: Tensor, { feed, variables }: Given): ArrayBufferView {
  if (!isTensor(tensor)) throw new Error(`nobody gave a place to ${JSON.stringify(tensor)}`);
  const { op, attrs } = tensor.node;
  if (op.name === 'input') return typed(feed.get(tensor)!, tensor.dtype);
  if (op.name === 'variable')
    return Float32Array.from(variables.get((attrs as VariableAttrs).variable)!.data);
  if (op.name === 'programState')
    return Uint32Array.of(0, PROGRAM_SEED % 2 ** 32, Math.floor(PROGRAM_SEED / 2 ** 32), 0, 0, 0, 0, 0);
  return constantData(tensor);
}
