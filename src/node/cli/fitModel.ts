import type { Dataset } from '../../data/dataset.ts';
import type { TrainContext, TrainResult } from './command.ts';
import { formatCount, formatSeconds } from './format.ts';
import { encodeHistory } from './history.ts';
import type { RunHistory } from './history.ts';
import { CHECKPOINT, HISTORY, LOSS_CHART } from './runFolder.ts';
import type { StepClock } from './stepClock.ts';
import type { Trainee } from './trainee.ts';
import { TrainingView } from './trainingView.ts';

/** How training went; the history holds what came before a resumed run too. */
export interface FitOutcome {
  readonly history: RunHistory;
  /** Passes over the training data, fractions included. */
  readonly epochs: number;
  readonly clock: StepClock;
  readonly dispatchesPerStep: number;
  readonly planBytes: number;
  readonly interrupted: boolean;
}

/**
 * Trains a compiled model and shows the user its progress: compilation, a bar with loss, metrics, speed and time left, a
 * row per epoch. Saves after each epoch, at the intervals of --save-every, and at the end, also when interrupted. A file
 * that cannot be written does not end the training: the folder keeps it in memory. Nor does the loss of the GPU: training
 * continues from the end of the last epoch, on the GPU that the context then has.
 *
 * @param hooks.beforeStep work between two steps; `step` are done by then
 * @param hooks.onRecover creates again what was on the lost GPU
 */
export async function fitModel(
  context: TrainContext,
  model: Trainee,
  data: { train: Dataset; validation?: Dataset },
  hooks: { beforeStep?: (step: number) => Promise<void>; onRecover?: () => Promise<void> } = {},
): Promise<FitOutcome> {
  const { settings, interrupt } = context;
  const view = await TrainingView.create(context, model, data.train);
  const size = { dispatchesPerStep: 0, planBytes: 0 };
  const before = passes(model, data.train);
  let interrupted = false;
  const started = performance.now();
  try {
    const { stopped } = await model.fit(data.train, {
      epochs: settings.epochs,
      steps: settings.steps,
      batchSize: settings.batchSize,
      resume: true,
      ...(data.validation && { validationData: data.validation }), // a GAN has no such option
      signal: interrupt.signal,
      onCompile: ({ done, total, label }) => view.compiling(done, total, label),
      onReady: ({ commands, planBytes }) => {
        size.dispatchesPerStep = commands.length;
        size.planBytes = planBytes;
        view.compiled(commands.length, (performance.now() - started) / 1000);
      },
      beforeStep: async (step) => {
        if (hooks.beforeStep) await view.aside(() => hooks.beforeStep?.(step));
        await view.saveWhenDue();
        view.started(step);
      },
      onSteps: (values) => view.finished(values),
      onEpoch: (values) => view.endEpoch(values),
      recover: true,
      onRecover: async (recovery) => {
        context.gpu = recovery.gpu;
        view.recovered(recovery);
        await hooks.onRecover?.();
      },
    });
    if (stopped === 'aborted') interrupt.signal.throwIfAborted();
    view.stop();
    await view.save('finished');
  } catch (error) {
    view.stop();
    // Only the signal's own reason is an interruption; whatever else was thrown is an error.
    interrupted = interrupt.signal.aborted && error === interrupt.signal.reason;
    if (!interrupted) {
      await view.failed(error);
      throw error;
    }
    await view.interrupted();
  } finally {
    view.stop();
  }
  const epochs = passes(model, data.train) - before;
  return { ...size, clock: view.clock, history: view.history(), epochs, interrupted };
}

/** How often the training has seen the data, since the beginning of the model's life. */
function passes({ compiled }: Trainee, { size }: Dataset): number {
  const { epoch, place } = compiled.state.clock;
  return epoch + place / size;
}

/** Loads the checkpoint to go on from, if there is one. */
export function resumeModel({ terminal, options, checkpoint, adapter }: TrainContext, model: Trainee): void {
  if (!checkpoint) return;
  model.load(checkpoint.bytes, checkpoint.path);
  if (options.learningRate !== undefined) model.learningRate = options.learningRate;
  terminal.line(`Continuing from ${checkpoint.path}, step ${formatCount(checkpoint.step)}.`);
  const before = checkpoint.run?.adapter;
  if (before && before !== adapter.description) {
    terminal.warn(`It was trained on another adapter, ${before}: the last bits may differ.`);
  }
}

/** Completes the history with the results of the test, and says where everything is. */
export async function finishRun(
  { terminal, folder }: TrainContext,
  { history, clock }: FitOutcome,
  test: Readonly<Record<string, number>>,
): Promise<void> {
  await folder.write(HISTORY, encodeHistory({ ...history, test }));
  const { total, steady } = clock;
  if (total.steps > 0) {
    const each = `${((steady.seconds / steady.steps) * 1000).toFixed(2)} ms per step`;
    terminal.line(`Trained ${formatCount(total.steps)} steps in ${formatSeconds(total.seconds)}, ${each}.`);
  }
  await folder.retry();
  const [first, ...others] = folder.saved([
    CHECKPOINT,
    HISTORY,
    ...(history.steps.length > 0 ? [LOSS_CHART] : []),
  ]);
  if (first) terminal.line(`Saved ${[folder.pathOf(first), ...others].join(', ')}.`);
}

/** What --json prints, given what the model's own test gave. */
export function resultOf<Test extends object>(
  { settings, samples, adapter }: TrainContext,
  model: Trainee,
  train: Dataset,
  { epochs, clock, dispatchesPerStep, planBytes }: FitOutcome,
  test: Test,
): TrainResult & Test {
  const { total, steady } = clock;
  const seen = epochs * train.size;
  const per = (amount: number, by: number) => (by > 0 ? amount / by : 0);
  const speed = { [`${samples}PerSecond`]: round(per(seen, total.seconds), 1) };
  return {
    model: settings.model,
    preset: settings.preset,
    dataset: train.name,
    adapter: adapter.description,
    epochs: round(epochs, 2),
    steps: total.steps,
    seconds: round(total.seconds, 3),
    ...(speed as Pick<TrainResult, `${string}PerSecond`>),
    stepMilliseconds: round(per(steady.seconds * 1000, steady.steps), 4),
    dispatchesPerStep,
    submitsPerStep: round(clock.submitsPerStep, 3),
    ...test,
    parameters: model.parameters,
    planBytes,
    seed: settings.seed,
  };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
