import { NumericError } from '../../errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { TrainContext } from './command.ts';
import { EpochTable, formatMetric } from './epochTable.ts';
import { formatClock, formatCount, formatSeconds } from './format.ts';
import { resumeCommand } from './options.ts';
import type { Recovery } from '../../nn/training/recovery.ts';
import { Progress } from './progress.ts';
import { readEarlierHistory } from './history.ts';
import type { RunHistory } from './history.ts';
import { CHECKPOINT } from './runFolder.ts';
import { RunSaver } from './runSaver.ts';
import { lastStep, stepsOfEpoch } from './stepCount.ts';
import { countSubmits, StepClock } from './stepClock.ts';
import type { Trainee, Values } from './trainee.ts';

/** What the user sees of a training run, and what is kept of it. */
export class TrainingView {
  readonly clock: StepClock;
  readonly #saver: RunSaver;
  readonly #context: TrainContext;
  readonly #model: Trainee;
  readonly #train: Dataset;
  readonly #table: EpochTable;
  readonly #epochs: Values[];
  readonly #steps: Values[];
  readonly #firstStep: number;
  /** Steps in all, as `fit` counts them. */
  readonly #end: number;
  /** The step at which the bar is empty. */
  #barStart = 0;
  #submits: () => number;
  /** Submits of work that is not training. */
  #submitsAside = 0;
  #progress: Progress | undefined;
  /** Steps and seconds at the end of the last epoch. */
  #before = { steps: 0, seconds: 0 };
  /** Where in #steps the current epoch begins. */
  #epochStart: number;

  private constructor(
    context: TrainContext,
    model: Trainee,
    train: Dataset,
    earlier: { epochs: readonly Values[]; steps: readonly Values[] },
  ) {
    this.#context = context;
    this.#model = model;
    this.#train = train;
    this.#submits = countSubmits(context.gpu.device.gpu.queue);
    this.clock = new StepClock(() => this.#submits() - this.#submitsAside);
    this.#table = new EpochTable(context.terminal, context.settings.epochs, context.samples);
    this.#epochs = [...earlier.epochs];
    this.#steps = [...earlier.steps];
    this.#epochStart = this.#steps.length;
    this.#firstStep = model.step;
    this.#end = lastStep(model.compiled.state.clock, context.settings, train.size);
    const { folder, settings, adapter } = context;
    const { learningRate: _, ...kept } = settings;
    const run = { ...kept, data: train.name, samples: train.size, adapter: adapter.description };
    this.#saver = new RunSaver(folder, model, run, () => this.history());
  }

  static async create(context: TrainContext, model: Trainee, train: Dataset): Promise<TrainingView> {
    const { checkpoint, settings, terminal } = context;
    const none = { epochs: [], steps: [], gap: undefined };
    const earlier = checkpoint ? await readEarlierHistory(checkpoint.path, model.step, settings) : none;
    if (earlier.gap)
      terminal.warn(
        `${earlier.gap}: history and chart do not cover the whole run. The training itself is not affected.`,
      );
    // For an epoch under way there are the means of a part of it, which are reported again when it is complete.
    const { epoch } = model.compiled.state.clock;
    const epochs = earlier.epochs.filter((entry) => entry.epoch < epoch);
    return new TrainingView(context, model, train, { epochs, steps: earlier.steps });
  }

  compiling(done: number, total: number, label: string): void {
    this.#progress ??= new Progress(this.#context.terminal, 'Compiling kernels', total);
    this.#progress.update(done, label);
  }

  compiled(dispatches: number, seconds: number): void {
    this.stop();
    const { terminal } = this.#context;
    const left = this.#end - this.#firstStep;
    const work =
      left > 0 ? `training ${formatCount(left)} steps` : `all ${formatCount(this.#end)} steps are done`;
    terminal.line(`Compiled ${dispatches} dispatches per step in ${formatSeconds(seconds)}; ${work}.`);
    terminal.line();
  }

  /** Does work between two steps that is not training: its submits do not count as theirs. */
  async aside(work: () => void | Promise<void>): Promise<void> {
    const before = this.#submits();
    await work();
    this.#submitsAside += this.#submits() - before;
  }

  /** Call it before each step: takes the weights where --save-every says so. */
  async saveWhenDue(): Promise<void> {
    const { saveEvery } = this.#context.options;
    if (saveEvery && this.#saver.isDue(saveEvery)) await this.aside(() => this.#saver.take('running'));
  }

  started(step: number): void {
    this.clock.started(step);
    if (this.#progress) return;
    const { terminal, settings } = this.#context;
    const { clock } = this.#model.compiled.state;
    const { done, total } = stepsOfEpoch(clock, settings.batchSize, this.#train.size);
    this.#barStart = step - done;
    const of = settings.epochs === undefined ? '' : `/${settings.epochs}`;
    const length = Math.min(this.#end - this.#barStart, total);
    this.#progress = new Progress(terminal, `epoch ${clock.epoch + 1}${of}`, length, done);
  }

  finished(values: readonly Values[]): void {
    const last = values.at(-1);
    if (!last) return;
    this.#steps.push(...values);
    // Weights after a step that was not finite must not replace good ones; `fit` ends with the error.
    if (values.every((entry) => Object.values(entry).every(Number.isFinite)))
      this.#saver.valuesUpTo(last.step + 1);
    else this.#saver.drop();
    this.clock.finished(last.step);
    const epoch = this.#steps.slice(this.#epochStart);
    const names = Object.keys(last).filter((name) => name !== 'epoch' && name !== 'step');
    const means = names.map((name) => {
      return `${name} ${formatMetric(name, epoch.reduce((sum, entry) => sum + entry[name], 0) / epoch.length)}`;
    });
    const { steps, seconds } = this.clock.recent;
    const speed = `${formatCount((steps * this.#context.settings.batchSize) / seconds)} ${this.#context.samples}/s`;
    const left = `${formatClock(((this.#end - last.step - 1) * seconds) / steps)} left`;
    this.#progress?.update(last.step + 1 - this.#barStart, [...means, speed, left].join('  '));
  }

  async endEpoch(values: Values): Promise<void> {
    this.stop();
    this.clock.endEpoch();
    await this.#saver.take('running'); // first: if the GPU is lost now, the epoch is reported again
    this.#epochs.push(values);
    this.#epochStart = this.#steps.length;
    const { steps, seconds } = this.clock.total;
    const own = { steps: steps - this.#before.steps, seconds: seconds - this.#before.seconds };
    this.#before = { steps, seconds };
    const samplesPerSecond = (own.steps * this.#context.settings.batchSize) / own.seconds;
    this.#table.row(values, { seconds: own.seconds, samplesPerSecond });
    this.#saver.valuesUpTo(values.step);
  }

  /** After the loss of the GPU: says so. The time until the next step does not count. */
  recovered({ error, gpu, step }: Recovery): void {
    this.stop();
    this.clock.endEpoch();
    const [before, more] = [this.#submits(), countSubmits(gpu.device.gpu.queue)];
    this.#submits = () => before + more();
    this.#context.terminal.warn(
      `The GPU was lost (${error.reason}). Continuing from step ${formatCount(step)} on ${gpu.device.description}.`,
    );
  }

  /** Saves the present state and says how to continue. */
  async interrupted(): Promise<void> {
    const { terminal, options, folder } = this.#context;
    const { step } = this.#model;
    if (step === this.#firstStep) {
      terminal.line('Interrupted before the first step: nothing is saved.');
      return;
    }
    await this.save('interrupted');
    const { saved } = this.#saver;
    const how =
      saved === step ? 'saved' : saved === undefined ? 'not saved' : `step ${formatCount(saved)} is saved`;
    const on = saved === undefined ? '' : ' To continue:';
    terminal.line(`Interrupted after step ${formatCount(step)} of ${formatCount(this.#end)}; ${how}.${on}`);
    if (saved !== undefined) terminal.line(`  ${resumeCommand(options, folder.pathOf(CHECKPOINT))}`);
  }

  /**
   * After an error: writes the weights that were taken, and says where they are. After a step that was not made, because
   * something would have become NaN or infinite, these are the weights from before it.
   */
  async failed(error: unknown): Promise<void> {
    const { terminal, folder, options } = this.#context;
    this.stop();
    const diverged = error instanceof NumericError;
    if (diverged && this.#model.step > this.#firstStep) await this.#takeIfFinite();
    this.#saver.valuesUpTo(Infinity);
    await this.#saver.settle();
    const { saved } = this.#saver;
    if (saved === undefined) return;
    const path = folder.pathOf(CHECKPOINT);
    terminal.warn(`The weights after step ${formatCount(saved)} are in ${path}.`);
    if (!diverged) return;
    const learningRate = Number((this.#model.learningRate / 10).toPrecision(2));
    terminal.line('To continue, with a lower learning rate:');
    terminal.line(`  ${resumeCommand({ ...options, learningRate }, path)}`);
  }

  /** Takes the weights, unless one of them is NaN itself: the last save then stays the last. */
  async #takeIfFinite(): Promise<void> {
    try {
      await this.#saver.take('failed');
    } catch (error) {
      if (!(error instanceof NumericError)) throw error;
    }
  }

  /** Saves the weights as they are, once more, and waits for it. */
  async save(stopped: RunHistory['stopped']): Promise<void> {
    await this.#saver.take(stopped);
    this.#saver.valuesUpTo(this.#model.step);
    await this.#saver.settle();
    await this.#context.folder.retry();
  }

  history(): RunHistory {
    const { settings, adapter } = this.#context;
    const { model, preset, seed, batchSize } = settings;
    return {
      model,
      preset,
      dataset: this.#train.name,
      synthetic: this.#train.synthetic,
      adapter: adapter.description,
      seed,
      batchSize,
      learningRate: this.#model.learningRate,
      parameters: this.#model.parameters,
      stopped: 'finished',
      epochs: this.#epochs,
      steps: this.#steps,
    };
  }

  stop(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }
}
