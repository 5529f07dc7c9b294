import type { Dataset } from '../../data/dataset.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import type { AugmentOptions } from '../../ops/dataset/gatherAugmented.ts';
import { reduceMean } from '../../ops/reduce/reduce.ts';
import type { GraphBuilder } from '../../runtime/graphBuilder.ts';
import { product } from '../steps.ts';
import { gather } from './batch.ts';
import { checkTargets } from './checkData.ts';
import { classWeights } from './classWeights.ts';
import type { ClassWeight } from './classWeights.ts';
import { trainedOutputs } from './compiled.ts';
import type { Compiled } from './compiled.ts';
import { checkFields, checkRanges, fieldUses, inputRanges, joinRanges } from './fieldChecks.ts';
import type { FieldUses, InputRange } from './fieldChecks.ts';
import { savedModel } from './savedModel.ts';
import type { BatchOptions, StepValue, Task } from './task.ts';

/** The options of a training that its steps depend on; see FitOptions. */
export interface FitTaskOptions {
  readonly classWeight?: ClassWeight;
  readonly augment?: AugmentOptions;
  readonly validationData?: TrainingData;
}

/** A model with its objective and optimizer, in the form that the loop takes. */
export class FitTask implements Task {
  readonly name: string;
  readonly #compiled: Compiled;
  readonly #options: FitTaskOptions;
  /** What the batches are used for; known when a step has been defined. */
  #uses: FieldUses | undefined;
  readonly #shares = new Set<number>();
  #ranges: readonly (InputRange | undefined)[] | undefined;

  constructor(compiled: Compiled, options: FitTaskOptions) {
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
    return this.#compiled.minimizer.shownRate(this.#compiled.state.clock.step);
  }

  get precision() {
    return this.#compiled.precision;
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
    const context = { training: true, frozen: this.#compiled.frozen };
    const { outputs, losses } = network.callWithLosses(inputs, context);
    const ofClasses =
      classWeight === undefined
        ? undefined
        : classWeights(this.name, data.dataset, targets[0], network.outputShape, classWeight);
    const added = { weights: product(ofClasses, weights), penalties: losses };
    const { loss, values } = objective.compute(outputs, targets, 'training', added);
    const results = [loss, ...values.map(({ tensor }) => tensor)];
    this.#uses = fieldUses(batch, results, this.#compiled);
    this.#checkValues(data.dataset, this.#uses);
    if (validationData && !asStream(validationData)) {
      checkRanges(this.name, validationData as Dataset, state.trainedOn!, this.#compiled);
    }
    g.minimize(reduceMean(loss), minimizer.variables, minimizer);
    return [...values];
  }

  /** Whether a batch of a stream can be trained on. */
  check(batch: Dataset): void {
    const { network, objective, state } = this.#compiled;
    checkTargets(network, objective, batch);
    state.batchSize = Math.max(state.batchSize ?? 0, batch.size);
    if (this.#uses) this.#checkValues(batch, this.#uses);
  }

  /** Labels and indices, and the range of the inputs. */
  #checkValues(data: Dataset, uses: FieldUses): void {
    const { state } = this.#compiled;
    checkFields(this.name, data, uses, this.#shares);
    this.#ranges = joinRanges(this.#ranges, inputRanges(data, uses, this.#compiled));
    state.trainedOn = this.#ranges;
  }
}
