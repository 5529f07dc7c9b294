import type { Dataset } from '../../data/dataset.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import type { AugmentOptions } from '../../ops/dataset/gatherAugmented.ts';
import { multiply } from '../../ops/elementwise/elementwise.ts';
import { reduceMean } from '../../ops/reduce/reduce.ts';
import type { OptionTable } from '../../options.ts';
import type { Program } from '../../runtime/program.ts';
import type { GraphBuilder } from '../../runtime/session.ts';
import { validationName } from '../registry.ts';
import { gather } from './batch.ts';
import { checkTargets } from './checkData.ts';
import { checkFit, checkSignal } from './checks.ts';
import type { Snapshot } from './checkpoint.ts';
import { classWeights } from './classWeights.ts';
import type { ClassWeight } from './classWeights.ts';
import { trainedOutputs } from './compiled.ts';
import type { Compiled } from './compiled.ts';
import type { EvaluateOptions, Evaluation } from './evaluator.ts';
import { checkFields, checkRanges, fieldUses, inputRanges, joinRanges } from './fieldChecks.ts';
import type { FieldUses, InputRange } from './fieldChecks.ts';
import { runLoop } from './loop.ts';
import { loopOptions } from './loopOptions.ts';
import type { CallbackOptions, LoopOptions } from './loopOptions.ts';
import type { Opening } from './placement.ts';
import { runRecovering } from './recovery.ts';
import type { Run } from './recovery.ts';
import { checkBatchSize, checkRun, TrainingRun } from './run.ts';
import { savedModel } from './savedModel.ts';
import { openSource } from './source.ts';
import { sourceOf } from './sourceOf.ts';
import type { BatchOptions, StepValue, Task } from './task.ts';
import type { History, StepValues } from './values.ts';

export interface FitOptions extends LoopOptions, CallbackOptions {
  /**
   * Weights of classes in the loss of the training, for data in which some are rare: `{ 0: 1, 3: 5 }`; a class that is
   * not named has 1. The loss is the mean of weight times loss, as in Keras. Samples' own weights (`dataset`) multiply.
   */
  classWeight?: ClassWeight;
  /**
   * Shifts, turns, mirrors… the images of the (first) input as each batch is gathered, by chance and on the GPU. Targets
   * and validation data stay as they are.
   */
  augment?: AugmentOptions;
  /** Evaluated after each epoch, without class weights: a data set, or a stream that can be run once for each epoch. */
  validationData?: TrainingData;
  /** Samples per step of the validation; default: as many as train in a step. */
  validationBatchSize?: number;
  /** Called with the compiled training step, before the first one runs. */
  onReady?: (program: Program) => void | Promise<void>;
}

export const fitOptions: OptionTable<FitOptions> = {
  ...loopOptions,
  classWeight: true,
  augment: true,
  validationData: true,
  validationBatchSize: true,
  earlyStopping: true,
  reduceOnPlateau: true,
  onReady: true,
};

/** A training run under way: `await` it for the history, or iterate over its steps (see TrainingRun). */
export type Fit = TrainingRun<StepValues, History>;

/** What a training needs of the model that it trains. */
export interface FitHost {
  evaluate(data: TrainingData, options: EvaluateOptions): Promise<Evaluation>;
  /** Compiles the model for another GPU, as it was in a checkpoint. */
  recover(snapshot: Snapshot, opening: Opening): Promise<Compiled>;
  onEnd(): void;
}

/** Starts training; see `Model.fit`. */
export function startFit(first: Compiled, data: TrainingData, options: FitOptions, host: FitHost): Fit {
  const { name } = first.network;
  const { validationData, validationBatchSize } = options;
  checkSignal(name, options.signal);
  return new TrainingRun(
    async (queue, signal) => {
      const batchSize = checkRun(name, data, options);
      if (validationBatchSize !== undefined) checkBatchSize(name, validationBatchSize, 'validationBatchSize');
      const rows = validationBatchSize ?? (Number.isFinite(batchSize) ? batchSize : undefined);
      const validate =
        validationData &&
        (async () => validated(await host.evaluate(validationData, { signal, batchSize: rows })));
      const onSteps = (values: readonly StepValues[]) => {
        queue(values);
        return options.onSteps?.(values);
      };
      const work = async (compiled: Compiled, run: Run) => {
        const task = new FitTask(compiled, options);
        await run.begin(task.saved, signal);
        const callbacks = await checkFit(compiled, options);
        compiled.state.batchSize = Number.isFinite(batchSize) ? batchSize : undefined;
        const source = await openSource(compiled, name, () =>
          sourceOf(compiled.gpu.device, data, { ...options, batchSize, check: (batch) => task.check(batch) }),
        );
        const hooks = { callbacks, validate, onReady: options.onReady };
        return runLoop(task, source, { ...options, batchSize, onSteps, signal }, run, hooks);
      };
      return runRecovering(name, first, data, { ...options, signal }, { work, move: host.recover });
    },
    options.signal,
    () => host.onEnd(),
  );
}

/** A model with its objective and optimizer, as the loop sees it. */
class FitTask implements Task {
  readonly name: string;
  readonly #compiled: Compiled;
  readonly #options: FitOptions;
  /** What the batches are used for; known when a step has been defined. */
  #uses: FieldUses | undefined;
  readonly #shares = new Set<number>();
  #ranges: readonly (InputRange | undefined)[] | undefined;

  constructor(compiled: Compiled, options: FitOptions) {
    this.name = compiled.network.name;
    this.#compiled = compiled;
    this.#options = options;
  }

  get gpu() {
    return this.#compiled.gpu;
  }

  get state() {
    return this.#compiled.state;
  }

  get saved() {
    return savedModel(this.#compiled);
  }

  get seed() {
    return this.#compiled.network.seed;
  }

  get learningRate(): number {
    return this.#compiled.minimizer.learningRate;
  }

  set learningRate(value: number) {
    this.#compiled.minimizer.learningRate = value;
  }

  /** Gather, forward, backward, optimizer, metrics. */
  define(g: GraphBuilder, { data, rows, shuffle }: BatchOptions): StepValue[] {
    const { network, minimizer, objective, state } = this.#compiled;
    const { augment, classWeight, validationData } = this.#options;
    const ports = { inputs: network.inputs, outputs: trainedOutputs(network, objective) };
    const batch = gather(g, data, this.#compiled, { batchSize: rows, shuffle, ...ports, augment });
    const { inputs, targets, weights } = batch;
    const { frozen } = this.#compiled;
    const { outputs, losses } = network.callWithLosses(inputs, { training: true, frozen });
    const ofClasses =
      classWeight === undefined
        ? undefined
        : classWeights(this.name, data.dataset, targets[0], network.outputShape, classWeight);
    const both = weights && ofClasses ? multiply(weights, ofClasses) : (weights ?? ofClasses);
    const values = objective.compute(outputs, targets, both, losses);
    this.#uses = fieldUses(batch, values, this.#compiled);
    this.#checkValues(data.dataset, this.#uses);
    if (validationData && !asStream(validationData)) {
      checkRanges(this.name, validationData as Dataset, state.trainedOn!, this.#compiled);
    }
    g.minimize(reduceMean(values[0]), minimizer.variables, minimizer);
    return objective.values.map((value, k) => ({ ...value, tensor: values[k] }));
  }

  /** Whether a batch of a stream can be trained on. */
  check(batch: Dataset): void {
    const { network, objective, state } = this.#compiled;
    checkTargets(network, objective, batch);
    state.batchSize = Math.max(state.batchSize ?? 0, batch.size);
    if (this.#uses) this.#checkValues(batch, this.#uses);
  }

  /** Labels and indices, and from where to where the inputs have come. */
  #checkValues(data: Dataset, uses: FieldUses): void {
    const { state } = this.#compiled;
    checkFields(this.name, data, uses, this.#shares);
    this.#ranges = joinRanges(this.#ranges, inputRanges(data, uses, this.#compiled));
    state.trainedOn = this.#ranges;
  }
}

/** `validationLoss`, …: the numbers of an evaluation. */
function validated(validation: Evaluation): Record<string, number> {
  const named: Record<string, number> = {};
  for (const [name, value] of Object.entries(validation)) {
    if (typeof value === 'number') named[validationName(name)] = value;
  }
  return named;
}
