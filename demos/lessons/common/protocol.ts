import type { DispatchInfo, KernelCode } from '../../shared/dispatches.ts';

/** The functions of a lesson's worker by name. */
export type Calls = Readonly<Record<string, (...args: never[]) => unknown>>;

export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

export type ToWorker =
  /** Comes first. `without` says why there is no WebGPU, where the page knows that. */
  { readonly type: 'open'; readonly without?: string } | ({ readonly type: 'call' } & CallMessage);

/** What computes. */
export interface Computer {
  readonly description: string;
  readonly software: boolean;
  /** Why there is no GPU: its kernels run as JavaScript. */
  readonly without?: string;
}

export type FromWorker =
  | {
      readonly type: 'ready';
      readonly computer: Computer;
      /** The kernels of the lesson's programs as they were compiled, each once. */
      readonly kernels: readonly KernelCode[];
      readonly dispatches: readonly DispatchInfo[];
      /** Why the GPU before was lost. */
      readonly lost?: string;
    }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  /** Of a call, or of the worker's beginning. */
  | { readonly type: 'error'; readonly name: string; readonly message: string; readonly id?: number };
