import type { Gpu, Program } from '../../../src/index.ts';
import type { Calls } from './protocol.ts';

/** What a lesson computes: functions that its page may call, and the programs behind them. */
export interface Lab<C extends Calls = Calls> {
  readonly programs: readonly Program[];
  readonly calls: C;
  /** The calls that leave state on the GPU, from which later ones continue. Default: none. */
  readonly leaves?: {
    /** Discards the earlier state. */
    readonly begin: keyof C;
    readonly goOn: keyof C;
  };
}

/** The outputs of a program by name, all of the same moment. */
export async function outputs<const N extends string>(
  gpu: Gpu,
  program: Program,
  names: readonly N[],
): Promise<Record<N, number[]>> {
  const data = await gpu.device.readAll(names.map((name) => program.location(name)));
  return Object.fromEntries(names.map((name, i) => [name, [...new Float32Array(data[i])]])) as Record<
    N,
    number[]
  >;
}
