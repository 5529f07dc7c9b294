import type { KernelSpec, ModelName } from './problem.ts';

/** A training that has begun. */
export interface Training {
  /** One step on a batch that lies on the GPU; gives its loss once the CPU has it. */
  step(): Promise<number>;
  /** So many steps the way the framework's own training loop makes them; waits for the last only. */
  loop(steps: number): Promise<void>;
}

/** A kernel whose operands lie on the GPU. */
export interface KernelRun {
  /** Runs it so often, one after the other, and waits for the last. */
  run(times: number): Promise<void>;
  /** Σ |element| of the result. */
  total(): Promise<number>;
}

/** A framework on a device of its own. */
export interface Contestant {
  readonly version: string;
  training(model: ModelName): Promise<Training>;
  kernel(spec: KernelSpec): Promise<KernelRun>;
}

/** Σ |value|: the same for every layout. */
export function totalOf(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += Math.abs(values[i]);
  return total;
}
