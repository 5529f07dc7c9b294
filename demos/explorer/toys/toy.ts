import { optimize } from '../../../src/graph/passes/optimize.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Effect, LowerContext, Resource, Target, Tensor } from '../../../src/ops/core/op.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import type { LoweredDispatch, Variants } from '../../../src/runtime/lower.ts';

/** An operation on a few small numbers, lowered to kernels as in the engine. */
export interface Toy {
  /** The kernel to step through: the first dispatch that runs it. */
  readonly kernel: string;
  /** What is computed: `A (5 × 6) times B (6 × 7)`. */
  readonly title: string;
  readonly lower: () => readonly LoweredDispatch[];
  /** A smaller workgroup than the engine would take, so that it can be looked at. */
  readonly small?: Small;
  /** Numbers of inputs and resources, by name; others get some by rule. */
  readonly values?: Readonly<Record<string, readonly number[]>>;
  /** Tensors [height, width, inputs, outputs], by the shader's names; others of four dimensions are images. */
  readonly filters?: readonly string[];
}

export interface Small {
  readonly constants: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
}

/** A GPU with WebGPU's default limits. */
const GPU: Target = {
  software: false,
  limits: {
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65535,
    maxUniformBufferBindingSize: 65536,
  },
};
/** Invocations of a subgroup in a simulation. */
export const SUBGROUP = 4;
export const targets = {
  gpu: GPU,
  software: { ...GPU, software: true },
  subgroups: { ...GPU, software: true, subgroupSize: SUBGROUP },
  matrices: {
    ...GPU,
    subgroupSize: SUBGROUP,
    subgroupMatrices: [{ element: 'f32', M: 8, N: 16, K: 4 }],
  },
} as const satisfies Readonly<Record<string, Target>>;

interface Lowering {
  readonly variants?: Variants;
  readonly target?: Target;
}

/** The dispatches of an op, after the engine's passes. */
export const lowered = (
  output: Tensor | readonly (Tensor | undefined)[],
  { variants, target = GPU }: Lowering = {},
): LoweredDispatch[] => lowerGraph(optimize([output].flat() as Tensor[]), [], [], { target, variants });

/** The dispatches of work that changes lasting memory. */
export function effects(
  inputs: readonly Tensor[],
  lower: (context: LowerContext) => void,
  target: Target = GPU,
): LoweredDispatch[] {
  const effect: Effect = { label: 'toy', inputs, lower };
  return lowerGraph([], [effect], [inputs], { target });
}

export const tensor = (name: string, shape: readonly number[], dtype: DType = 'f32'): Tensor =>
  input(name, shape, dtype);

export const resource = (name: string, shape: readonly number[], dtype: DType = 'f32'): Resource => ({
  resource: name,
  shape,
  dtype,
});

/** For kernels in which invocation i computes element i: workgroups of `size`, as many as it takes. */
export function line(invocations: number, size = 4): Small {
  const groups = Math.ceil(invocations / size);
  return { constants: { WORKGROUP_SIZE: size, GRID_X: groups }, workgroups: [groups, 1, 1] };
}
