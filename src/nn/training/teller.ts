import { isPromise } from '../../options.ts';
import type { Callback, CallbackRun, Hook } from '../callbacks/callback.ts';
import { encodeCheckpoint } from './encodeCheckpoint.ts';
import type { Run } from './wholeRun.ts';
import type { Task } from './task.ts';
import type { EpochValues, RunHistory, StepValues } from './values.ts';

/** Calls the callbacks of a training: each of them once, in the order of the list. */
export class Teller {
  readonly #callbacks: readonly Callback[];
  readonly #run: Run;
  readonly #facade: CallbackRun;
  /** Values of steps whose hooks are still running. */
  #pending: Promise<void> | undefined;
  /** Hooks before a step that are still running. */
  #before: Promise<void> | undefined;

  constructor(callbacks: readonly Callback[], run: Run, task: Task) {
    this.#callbacks = callbacks;
    this.#run = run;
    const { state } = task;
    this.#facade = {
      name: task.name,
      get step() {
        return state.clock.step;
      },
      get epoch() {
        return state.clock.epoch;
      },
      get firstEpoch() {
        return run.firstEpoch;
      },
      get learningRate() {
        return task.learningRate;
      },
      set learningRate(value) {
        task.learningRate = value;
      },
      stop: () => run.stop(state.clock.step),
      save: () => encodeCheckpoint(task.saved),
    };
  }

  get isEmpty(): boolean {
    return this.#callbacks.length === 0;
  }

  /** Waits for the hooks of steps. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  trainBegin(): Promise<void> | undefined {
    return this.#tell('onTrainBegin', 0, (own) => own.onTrainBegin!(this.#facade));
  }

  trainEnd(history: RunHistory): Promise<void> | undefined {
    return this.#tell('onTrainEnd', 0, (own) => own.onTrainEnd!(history, this.#facade));
  }

  /** What comes before a step. @param begins whether it is the first of its epoch, which has not been reported */
  async before({ step, epoch }: EpochTime, begins: boolean): Promise<void> {
    await this.#pending;
    if (begins) {
      await this.#holding(this.#tell('onEpochBegin', epoch, (own) => own.onEpochBegin!(epoch, this.#facade)));
    }
    await this.#holding(
      this.#tell('onTrainBatchBegin', step, (own) => own.onTrainBatchBegin!(step, this.#facade)),
    );
  }

  /** Values of steps that are read meanwhile are reported when these hooks are done: never two at a time. */
  async #holding(told: Promise<void> | undefined): Promise<void> {
    this.#before = told?.catch(() => {}); // thrown to those who wait for `told`
    await told;
    this.#before = undefined;
    await this.#pending;
  }

  /** @returns a promise where a hook has given one: it rejects with what goes wrong there */
  batchesEnd(values: readonly StepValues[]): Promise<void> | undefined {
    for (const own of values) {
      const tell = () =>
        this.#tell('onTrainBatchEnd', own.step, (to) => to.onTrainBatchEnd!(own.step, own, this.#facade));
      const earlier = this.#pending ?? this.#before;
      this.#pending = earlier ? earlier.then(tell) : tell();
    }
    const pending = this.#pending;
    const settled = () => {
      if (this.#pending === pending) this.#pending = undefined;
    };
    pending?.then(settled, settled);
    return pending;
  }

  /** @param step the steps done, as in all that follow */
  validationBegin({ epoch, step }: EpochTime): Promise<void> | undefined {
    return this.#tell('onValidationBegin', step, (own) => own.onValidationBegin!(epoch, this.#facade));
  }

  validationEnd(
    { epoch, step }: EpochTime,
    values: Readonly<Record<string, number>>,
  ): Promise<void> | undefined {
    return this.#tell('onValidationEnd', step, (own) => own.onValidationEnd!(epoch, values, this.#facade));
  }

  epochEnd(values: EpochValues): Promise<void> | undefined {
    const { epoch, step } = values;
    return this.#tell('onEpochEnd', step, (own) => own.onEpochEnd!(epoch, values, this.#facade));
  }

  /** @param at counts up: what is not after the last reported one was reported before the loss of a GPU */
  #tell(hook: Hook, at: number, call: (own: Callback) => void | Promise<void>): Promise<void> | undefined {
    let wait: Promise<void> | undefined;
    this.#callbacks.forEach((own, i) => {
      if (!own[hook]) return;
      const tell = () => (this.#run.isNew(`${hook} ${i}`, at) ? call(own) : undefined);
      if (wait) {
        wait = wait.then(tell);
        return;
      }
      const told: unknown = tell();
      if (isPromise(told)) wait = Promise.resolve(told).then(() => {});
    });
    return wait;
  }
}

type EpochTime = Pick<EpochValues, 'epoch' | 'step'>;
