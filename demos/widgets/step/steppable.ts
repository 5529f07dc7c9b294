import { specialize } from '../../../src/simulator/index.ts';
import type { BufferData, SpecializedKernel } from '../../../src/simulator/index.ts';
import type { InspectedDispatch } from '../../../src/index.ts';

/** A buffer of a dispatch, with what it holds before that. */
export interface StepBuffer {
  /** The shader's name of it. */
  readonly name: string;
  /** The graph's name of it, where that says more. */
  readonly of: string;
  readonly shape: readonly number[];
  readonly dtype: 'f32' | 'i32' | 'u32' | 'u8';
  readonly writes: boolean;
  /** Bytes (u8) lie four in a word. */
  readonly data: BufferData;
}

/** One dispatch with its numbers, ready to be stepped through. */
export interface Steppable {
  /** In its rolled form, whose lines are those of the file. */
  readonly kernel: SpecializedKernel;
  readonly workgroups: readonly [number, number, number];
  readonly buffers: readonly StepBuffer[];
  readonly subgroupSize: number;
  /** What the engine has put in place of the file's constants and aliases. */
  readonly filledIn: Readonly<Record<string, unknown>>;
  /** Tensors [height, width, inputs, outputs], by the shader's names; others of four dimensions are images. */
  readonly filters?: readonly string[];
}

/** Invocations of a subgroup where the device does not have a fixed number: kernels then use none. */
const SUBGROUP = 8;

/**
 * A dispatch of a running program, as `program.inspect` gives it.
 *
 * @param text what to run instead of the kernel's file
 */
export function steppable(
  { source: { file, specialization }, bindings, workgroups, subgroupSize = SUBGROUP }: InspectedDispatch,
  text = file.source,
): Steppable {
  return {
    kernel: specialize({ ...file, source: text }, specialization, { rolled: true }),
    workgroups,
    subgroupSize,
    buffers: bindings.map(({ name, tensor, shape, dtype, access, data }) => ({
      name,
      of: tensor,
      shape: shape ?? [data.length],
      dtype,
      writes: access === 'read_write',
      data,
    })),
    filledIn: { ...specialization.aliases, ...specialization.constants },
    filters: ['weights', 'dw'],
  };
}

/** Elements in a word of memory. */
export const perWord = ({ dtype }: Pick<StepBuffer, 'dtype'>): number => (dtype === 'u8' ? 4 : 1);
