import type { Ceilings } from '../../src/runtime/roofline/rates.ts';
import type { Spread } from './stats.ts';

/** Changes whenever a reader of older files would misread a newer one. */
export const SCHEMA = 'wgrad-bench/1';

/** Where a measurement was made. */
export interface Machine {
  /** Name of the GPU, or of what stands in for it. */
  readonly device: string;
  /** Vendor and architecture. */
  readonly adapter: string;
  readonly driver: string;
  /** The CPU computes. */
  readonly software: boolean;
  /** `Node 20.19.0, linux x64, 2 cores`, or the browser's own words. */
  readonly runtime: string;
  /** Of wgrad; `+` at its end: with changes that are not committed. */
  readonly commit: string;
  readonly date: string;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

/** One thing that was timed. */
export interface Measured {
  /** Unique within a report; the same thing has the same id in every report. */
  readonly id: string;
  readonly ms: Spread;
}

export interface Report<R extends Measured = Measured> extends Machine {
  readonly schema: typeof SCHEMA;
  readonly command: string;
  /** What a reader of the figures must know. */
  readonly warnings: readonly string[];
  readonly results: readonly R[];
}

export type { Ceilings };

export type Pass = 'forward' | 'input gradient' | 'filter gradient' | 'gradient' | 'update';

/** One variant of one kernel, or of the kernels that one op takes. */
export interface KernelResult extends Measured {
  readonly op: string;
  readonly pass: Pass;
  /** Models whose training step has it; `squares`: products that only the benchmark has. */
  readonly models: readonly string[];
  readonly shapes: string;
  readonly variant: string;
  /** The variant that wgrad takes by itself. */
  readonly chosen: boolean;
  readonly kernels: readonly string[];
  readonly flops: number;
  readonly bytes: number;
  readonly gflops: number;
  readonly gbs: number;
  /** What would take longer at its ceiling. */
  readonly bound: 'arithmetic' | 'memory';
  /** Time at the nearer ceiling ÷ time, 0 … 1. */
  readonly ofCeiling: number;
  /** CPU milliseconds of the whole process for each run; undefined in a browser. */
  readonly cpuMs?: number;
  /** The first run, with what the driver compiles then. */
  readonly firstMs: number;
  /** Largest difference to float64, as a share of the largest value. */
  readonly error: number;
}

export interface KernelReport extends Report<KernelResult> {
  readonly command: 'kernels';
  readonly ceilings: Ceilings;
}

/** `step` waits for its loss; `loop` is a step of the framework's training loop. */
export type Measure = 'step' | 'loop' | 'first step' | 'first step, cold' | 'kernel';

/** One framework at one thing. The spread is that over the rounds. */
export interface PeerResult extends Measured {
  /** A model, or a kernel. */
  readonly what: string;
  readonly measure: Measure;
  readonly framework: string;
  readonly version: string;
  /** The process sleeps while it waits for the GPU, as wgrad's does by itself in Node. */
  readonly asleep: boolean;
  readonly cpuMs?: Spread;
  /** Of a step, or of a kernel. */
  readonly calls?: Calls;
  /** It has computed what wgrad has: the same losses, or the same result. */
  readonly agrees: boolean;
  readonly flops?: number;
  /** Characters that a step learns from, where a model reads text. */
  readonly tokens?: number;
}

export interface PeerReport extends Report<PeerResult> {
  readonly command: 'peers';
  readonly rounds: number;
}

/** What the GPU is asked for. */
export interface Calls {
  readonly dispatches: number;
  readonly submits: number;
  readonly uploadedBytes: number;
  readonly readBytes: number;
}

/** A report as a file, a line for each result. */
export function formatReport({ results, ...machine }: Report): string {
  const head = JSON.stringify(machine, null, 1).slice(0, -2);
  return `${head},\n "results": [\n${results.map((result) => `  ${JSON.stringify(result)}`).join(',\n')}\n ]\n}\n`;
}

/**
 * Reads a report.
 *
 * @param name of the file, for messages
 * @throws Error if the text is none
 */
export function parseReport(text: string, name: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name}: is not JSON (${(error as Error).message})`, { cause: error });
  }
  const report = (value ?? {}) as Partial<Report>;
  if (report.schema !== SCHEMA) {
    throw new Error(
      `${name}: its schema is ${JSON.stringify(report.schema)}, not "${SCHEMA}"; make it again with --json`,
    );
  }
  const { results } = report;
  const bad = Array.isArray(results) ? results.findIndex((result) => !isMeasured(result)) : 0;
  if (!Array.isArray(results) || bad >= 0) {
    throw new Error(
      `${name}: results[${bad}] has no id and times; the file is damaged, make it again with --json`,
    );
  }
  return report as Report;
}

function isMeasured(value: unknown): value is Measured {
  const { id, ms } = (value ?? {}) as Partial<Measured>;
  return typeof id === 'string' && [ms?.median, ms?.q1, ms?.q3].every((number) => Number.isFinite(number));
}
