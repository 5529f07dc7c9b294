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

/** A kernel as it was sent to the GPU: constants baked in, loops unrolled. */
export interface KernelCode {
  readonly name: string;
  readonly code: string;
}

/** The kernels of a program, each as its first dispatch has it. */
export function kernelCodes({ build }: Program): KernelCode[] {
  const codes = new Map(
    build.dispatches.toReversed().map(({ kernel: { name, code } }) => [name, { name, code }]),
  );
  return [...codes.values()];
}
