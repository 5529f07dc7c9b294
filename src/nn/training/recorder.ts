import type { StreamOrigin } from '../../data/permutation.ts';
import type { NumericError } from '../../errors.ts';
import { isPromise } from '../../options.ts';
import type { RingEntry } from '../../runtime/ring.ts';
import { RingReader } from '../../runtime/ringReader.ts';
import type { Totals } from '../metrics/metric.ts';
import type { LoopOptions } from './loopOptions.ts';
import type { StepPrograms } from './programs.ts';
import type { Run } from './wholeRun.ts';
import type { DataPosition } from './clock.ts';
import { stepNotMade } from './stepNotMade.ts';
import type { Task } from './task.ts';
import type { Teller } from './teller.ts';
import type { StepValues } from './values.ts';

/** Where a step began. */
interface StepOrigin {
  readonly epoch: number;
  readonly place: number;
  readonly data: DataPosition | undefined;
}

/** A wait between two steps that is longer is a pause. */
const PAUSE_MS = 100;

/** Receives what the steps of a training record: adds it for the epoch, and reports it. */
export class Recorder {
  /** Of the current epoch. */
  readonly totals: Totals;
  readonly reader: RingReader;
  readonly #task: Task;
  readonly #run: Run;
  readonly #options: Pick<LoopOptions, 'onSteps' | 'keepSteps'>;
  readonly #teller: Teller;
  /** Of a single step. */
  readonly #own: Totals;
  /** Of the steps whose values have not come back yet: where their batches began. */
  readonly #places = new Map<number, StepOrigin>();
  #fault: { readonly error: NumericError; readonly place: StreamOrigin & StepOrigin } | undefined;

  constructor(
    task: Task,
    programs: StepPrograms,
    run: Run,
    options: Pick<LoopOptions, 'onSteps' | 'keepSteps'>,
    teller: Teller,
  ) {
    this.#task = task;
    this.#teller = teller;
    this.#run = run;
    this.#options = options;
    this.totals = programs.totals();
    this.#own = programs.totals();
    this.reader = new RingReader(programs.ring, (entries) => this.#receive(entries), programs.guard);
    programs.ring.reset(task.state.clock.step);
  }

  /** Why a step was not made, and where it began. */
  get fault(): { readonly error: NumericError; readonly place: StreamOrigin & StepOrigin } | undefined {
    return this.#fault;
  }

  /** Call it when a step has been submitted. @param at the clock from before it @param data where the data were */
  submitted({ step, epoch, place }: StreamOrigin, data: DataPosition | undefined): void {
    this.#places.set(step, { epoch, place, data });
  }

  /** Waits for the values of all steps that were submitted. */
  finish(): Promise<void> {
    const { gpu, state } = this.#task;
    return this.reader.finish(gpu.device, state.clock.step);
  }

  /**
   * Waits between two steps; where that takes a while, the values of the steps before it are reported meanwhile.
   *
   * @param wait of unknown length: a pause, a step by hand
   */
  async between(wait: PromiseLike<unknown> | unknown): Promise<void> {
    if (!isPromise(wait)) return;
    // Errors of the values are thrown by the next step.
    const timer = setTimeout(() => void this.finish().catch(() => {}), PAUSE_MS);
    try {
      await wait;
    } finally {
      clearTimeout(timer);
    }
  }

  /** `finish`, also after an error of earlier values. */
  async drain(): Promise<void> {
    this.reader.forgetFailure();
    await this.finish();
  }

  #receive(entries: readonly RingEntry[]): void {
    const values: StepValues[] = [];
    // Everything is counted before anything is reported: a hook may throw.
    for (const entry of entries) {
      const { step, recorded, fault } = entry;
      const at = this.#places.get(step)!;
      this.#own.clear();
      const own = { epoch: at.epoch, step, ...this.#own.add(recorded).values() } as StepValues;
      values.push(own);
      if (fault) this.#fault = { error: stepNotMade(this.#task, entry, own), place: { step, ...at } };
      else this.totals.add(recorded);
      this.#places.delete(step);
    }
    const fresh = values.filter(({ step }) => step >= this.#run.nextStep); // others were reported before a loss
    const { onSteps, keepSteps = true } = this.#options;
    if (fresh.length > 0) {
      this.#run.nextStep = fresh.at(-1)!.step + 1;
      if (keepSteps) this.#run.steps.push(...fresh);
      for (const told of [onSteps?.(fresh) as unknown, this.#teller.batchesEnd(fresh)]) {
        if (isPromise(told)) void Promise.resolve(told).catch((error: unknown) => this.reader.fail(error));
      }
    }
    if (this.#fault) throw this.#fault.error;
  }
}
