import type { OptionTable } from '../options.ts';
import type { PipelineCache } from '../kernels/pipelineCache.ts';
import type { StepGuard } from './guard.ts';
import type { MemoryContext, MemoryOptions } from './memory.ts';

export interface ProgramContext extends MemoryContext {
  readonly pipelines: PipelineCache;
}

export interface ProgramOptions extends MemoryOptions {
  readonly seed?: number;
  /** Of a program that trains; destroyed with it if it is its own. */
  readonly guard?: { readonly guard: StepGuard; readonly own: boolean };
  readonly onProgress?: (progress: CompileProgress) => void;
}

export interface CompileProgress {
  readonly done: number;
  readonly total: number;
  readonly label: string;
}

/** Options of `Program.step`. */
export interface StepOptions {
  /**
   * Several short steps may share a submit: the step may wait until the next ones are there, this device is asked for
   * something else, or the program has nothing else to do. Default false: it is submitted at once.
   */
  readonly hold?: boolean;
}

/** Options of `Program.run`. */
export interface RunOptions {
  /** Ends the run between two steps. */
  readonly signal?: AbortSignal;
}

export const runOptions: OptionTable<RunOptions> = { signal: true };
