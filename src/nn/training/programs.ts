import { columnsOf } from '../../ops/dataset/effects.ts';
import type { DeviceDataset } from '../../runtime/deviceDataset.ts';
import { StepGuard } from '../../runtime/guard.ts';
import type { Program } from '../../runtime/program.ts';
import type { CompileProgress } from '../../runtime/programOptions.ts';
import { MetricRing } from '../../runtime/ring.ts';
import type { GraphBuilder } from '../../runtime/graphBuilder.ts';
import { Totals } from '../metrics/metric.ts';
import type { RecordedValue } from '../metrics/metric.ts';
import type { BatchSource } from './source.ts';
import type { Task } from './task.ts';

/** Programs for batches of unusual sizes that are kept, besides the first one's size and the rest's. */
const MAX_SIZES = 4;

export interface StepProgramOptions {
  readonly onCompile?: (progress: CompileProgress) => void;
  /** Called with the first program of each part, before it runs. */
  readonly onReady?: (program: Program, part: string) => void | Promise<void>;
}

/** What programs need of where batches come from. */
export type StepSource = Pick<BatchSource, 'data' | 'release' | 'shuffled'>;

export interface StepProgram {
  readonly program: Program;
  readonly data: DeviceDataset;
}

/**
 * The training steps of a task on one source: a program for each part of the task and each number of samples. They share
 * weights, optimizers, data and the ring, so steps of all kinds can follow each other.
 */
export class StepPrograms {
  readonly #task: Task;
  readonly #source: StepSource;
  readonly #options: StepProgramOptions;
  readonly #programs = new Map<string, Promise<StepProgram>>();
  readonly #ready = new Set<string>();
  /** Programs are defined one after the other: the first one makes ring and guard. */
  #ring: MetricRing | undefined;
  #guard: StepGuard | undefined;
  #values: readonly RecordedValue[] = [];
  #columns: readonly number[] = [];

  constructor(task: Task, source: StepSource, options: StepProgramOptions) {
    this.#task = task;
    this.#source = source;
    this.#options = options;
  }

  /** Where the steps record their values; defined once a program has been compiled. */
  get ring(): MetricRing {
    return this.#ring!;
  }

  /** Guards the steps of all programs: one that is not made stops them all. Defined once there is a ring. */
  get guard(): StepGuard {
    return this.#guard!;
  }

  /** What the steps record. */
  get values(): readonly RecordedValue[] {
    return this.#values;
  }

  /** How many columns each of them has. */
  get columns(): readonly number[] {
    return this.#columns;
  }

  /** The program that trains `part` on batches of `rows` samples; compiled if it is new. */
  async use(part: string, rows: number): Promise<StepProgram> {
    const own = await this.#program(part, rows, this.#options.onCompile);
    if (!this.#ready.has(part)) {
      this.#ready.add(part);
      await this.#options.onReady?.(own.program, part);
    }
    return own;
  }

  /** Begins to compile a program that will be wanted later. Its errors are thrown to its users. */
  prepare(part: string, rows: number): void {
    this.#program(part, rows, undefined).catch(() => {});
  }

  #program(part: string, rows: number, onProgress: StepProgramOptions['onCompile']): Promise<StepProgram> {
    const key = `${part} ${rows}`;
    const known = this.#programs.get(key);
    if (known) return known;
    const made = this.#compile(part, rows, onProgress);
    this.#programs.set(key, made);
    made.catch(() => this.#programs.delete(key)); // another try may succeed
    this.#forgetOldest(part, key);
    return made;
  }

  /** A stream may have batches of many sizes: the least recently used programs are freed. */
  #forgetOldest(part: string, newest: string): void {
    const sizes = [...this.#programs.keys()].filter((key) => key.startsWith(`${part} `));
    if (sizes.length <= MAX_SIZES) return;
    const oldest = sizes.find((key) => key !== newest && key !== sizes[0])!;
    const program = this.#programs.get(oldest)!;
    this.#programs.delete(oldest);
    program.then(
      (own) => {
        own.program.destroy();
        this.#source.release(own.data);
      },
      () => {},
    );
  }

  async #compile(
    part: string,
    rows: number,
    onProgress: StepProgramOptions['onCompile'],
  ): Promise<StepProgram> {
    const { name, gpu, seed, precision } = this.#task;
    let data: DeviceDataset | undefined;
    const label = [`${name}/train`, ...(part ? [part] : []), ...(this.#ring ? [`${rows} samples`] : [])];
    const define = (g: GraphBuilder) => this.#define(g, part, rows, (data = this.#source.data(rows)));
    try {
      const program = await gpu.compile(define, { label: label.join(' '), seed, precision, onProgress });
      return { program, data: data! };
    } catch (error) {
      if (data) this.#source.release(data);
      throw error;
    }
  }

  #define(g: GraphBuilder, part: string, rows: number, data: DeviceDataset): Record<string, never> {
    const values = this.#task.define(g, { data, rows, shuffle: this.#source.shuffled }, part);
    if (!this.#ring) {
      const columns = values.map(({ name, tensor }) => ({ name, columns: columnsOf(tensor) }));
      this.#ring = new MetricRing(this.#task.gpu.device, columns);
      this.#guard = new StepGuard(this.#task.gpu.device);
      this.#values = values.map(({ name, of, value }) => ({ name, of, value }));
      this.#columns = columns.map((own) => own.columns);
    }
    g.guard = this.#guard;
    g.resources.set(this.#ring.resource, this.#ring.location);
    g.effect(
      this.#ring.effect(
        values.map(({ tensor }) => tensor),
        rows,
      ),
    );
    return {};
  }

  totals(): Totals {
    return new Totals(this.#values);
  }

  /** Waits until every submitted step has run. */
  async finish(): Promise<void> {
    for (const own of await Promise.allSettled(this.#programs.values())) {
      if (own.status === 'fulfilled') await own.value.program.finish();
    }
  }

  /** Frees all; settles when what was still being compiled is freed, too. */
  async destroy(): Promise<void> {
    const programs = [...this.#programs.values()];
    this.#programs.clear();
    this.#ring?.destroy();
    this.#guard?.destroy();
    for (const own of await Promise.allSettled(programs)) {
      if (own.status === 'fulfilled') own.value.program.destroy();
    }
  }
}
