import type { Variable } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import type { DType } from '../../src/ops/core/shape.ts';
import { ARRAYS } from '../../src/runtime/inputData.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import type { Array64 } from '../reference/array.ts';
import { PROGRAM_SEED } from './ops/sources.ts';

/** What a program is given. */
export interface Given {
  readonly feed: ReadonlyMap<Tensor, Array64>;
  readonly variables: ReadonlyMap<Variable, Array64>;
}

/** Computes outputs by name. What it throws is a failure of the case. */
export type Runner = (
  outputs: Readonly<Record<string, Tensor>>,
  given: Given,
) => Promise<ReadonlyMap<string, ArrayLike<number>>>;

export const typed = ({ data }: Array64, dtype: DType) => ARRAYS[dtype].from(data);

/** @param errors collects what reaches the device outside any error scope */
export function onGpu(gpu: Gpu, errors: string[] = []): Runner {
  return async (outputs, { feed, variables }) => {
    gpu.variables.allocate(variables.keys(), 'fuzz'); // also those that no output needs
    const program = await gpu.compile(() => outputs, { label: 'fuzz', seed: PROGRAM_SEED });
    try {
      gpu.variables.retain(variables.keys());
      for (const [variable, value] of variables) gpu.variables.write(variable, Float32Array.from(value.data));
      const used = new Set(program.inputs);
      for (const [tensor, value] of feed) if (used.has(tensor)) program.write(tensor, typed(value, tensor.dtype)); // prettier-ignore
      await program.step();
      const found = new Map<string, ArrayLike<number>>();
      for (const name of Object.keys(outputs)) found.set(name, await program.read(name));
      if (errors.length > 0) throw new Error(`WebGPU: ${errors.join('; ')}`);
      return found;
    } finally {
      errors.length = 0;
      program.destroy();
      gpu.variables.release(variables.keys());
    }
  };
}
