import { ArgumentError } from '../../errors.ts';
import type { Program } from '../../runtime/program.ts';
import type { TrainContext, TrainResult } from './command.ts';
import { countSubmits, StepClock } from './stepClock.ts';

/** @throws ArgumentError for options that mean nothing to a command of several short trainings */
export function refuseLongRuns({ options }: TrainContext): void {
  const meaningless = {
    '--resume': options.resume,
    '--save-every': options.saveEvery,
    '--profile': options.profile,
  };
  for (const [flag, value] of Object.entries(meaningless)) {
    if (value === undefined || value === false) continue;
    throw new ArgumentError(
      `${options.model} takes no ${flag}: it makes several trainings of seconds, one after the other; leave it out.`,
    );
  }
}

/** What the short trainings of a command cost together, and how large the last of them was. */
export class ShortTrainings {
  readonly #context: TrainContext;
  readonly #clock: StepClock;
  #size = { dispatchesPerStep: 0, planBytes: 0, parameters: 0 };
  /** Samples trained on, each as often as it was. */
  #seen = 0;
  #epochs = 0;

  constructor(context: TrainContext) {
    this.#context = context;
    this.#clock = new StepClock(countSubmits(context.gpu.device.gpu.queue));
  }

  /**
   * Options of one of the trainings, which count it and end it when the user interrupts.
   *
   * @param training.parameters of what is trained
   * @param training.samples of each step
   * @param training.onStep called with the steps done
   */
  options({
    parameters,
    samples,
    onStep,
  }: {
    parameters: number;
    samples: number;
    onStep?: (steps: number) => void;
  }) {
    return {
      signal: this.#context.interrupt.signal,
      onReady: ({ commands, planBytes }: Program) => {
        this.#size = { dispatchesPerStep: commands.length, planBytes, parameters };
      },
      beforeStep: (step: number) => this.#clock.started(step),
      onSteps: (values: readonly { readonly step: number }[]) => {
        const last = values.at(-1)!.step;
        this.#clock.finished(last);
        this.#seen += values.length * samples;
        onStep?.(last + 1);
      },
      onEpoch: () => {
        this.#clock.endEpoch();
        this.#epochs++;
      },
    };
  }

  /** What --json prints of every command: epochs and steps of all trainings together. */
  result<Test extends object>(dataset: string, test: Test): TrainResult & Test {
    const { settings, adapter, samples } = this.#context;
    const { total, steady, submitsPerStep } = this.#clock;
    const { parameters, planBytes, dispatchesPerStep } = this.#size;
    const speed = { [`${samples}PerSecond`]: round(this.#seen / total.seconds, 1) };
    return {
      model: settings.model,
      preset: settings.preset,
      dataset,
      adapter: adapter.description,
      epochs: this.#epochs,
      steps: total.steps,
      seconds: round(total.seconds, 3),
      ...(speed as Pick<TrainResult, `${string}PerSecond`>),
      stepMilliseconds: round((steady.seconds * 1000) / Math.max(1, steady.steps), 4),
      dispatchesPerStep,
      submitsPerStep: round(submitsPerStep, 3),
      ...test,
      parameters,
      planBytes,
      seed: settings.seed,
    };
  }
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
