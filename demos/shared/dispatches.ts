import type { Program } from '../../src/index.ts';

/** One kernel launch of a program. */
export interface DispatchInfo {
  readonly label: string;
  readonly kernel: string;
  readonly workgroups: readonly number[];
  readonly flops: number;
}

/** The dispatches of a program, for the page to list. */
export function dispatchInfos({ build }: Program): DispatchInfo[] {
  return build.dispatches.map(({ kernel: { name: kernel }, label, workgroups, flops }) => ({
    label,
    kernel,
    workgroups,
    flops,
  }));
}
