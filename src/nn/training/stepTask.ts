import { inputsOf, targetsOf } from '../../data/fields.ts';
import type { DataField, Dataset } from '../../data/types.ts';
import { ArgumentError } from '../../errors.ts';
import { input } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Effect } from '../../ops/core/op.ts';
import { withSideEffects } from '../../ops/core/sideEffects.ts';
import { withStreams } from '../../ops/random/random.ts';
import type { Minimizer } from '../../runtime/minimizer.ts';
import { GraphBuilder } from '../../runtime/graphBuilder.ts';
import { requirePrecision } from '../../runtime/precision.ts';
import type { SettledPrecision } from '../../runtime/precision.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Optimizer } from '../optimizers.ts';
import { optimizerOf } from '../registry.ts';
import { gather, targetKinds } from './batch.ts';
import type { Batch } from './batch.ts';
import type { Saved, SavedPart } from './checkpoint.ts';
import { checkFields, checkRanges, checkScaling, fieldUses, inputRanges, joinRanges } from './fieldChecks.ts';
import type { ByteScaling, FieldUses, InputRange } from './fieldChecks.ts';
import { TrainingState } from './state.ts';
import { checkStep, isMinimizer, variableNames, variablesOf } from './step.ts';
import type { CheckedStep, Minimize, Step, StepBatch } from './step.ts';
import type { BatchOptions, StepValue, Task } from './task.ts';

export interface StepTaskOptions extends ByteScaling, SettledPrecision {
  readonly name: string;
  readonly gpu: Gpu;
  readonly seed: number;
  /** The values that the step of the validation must give, too: those of the training. */
  readonly names?: readonly string[];
}

/** The task that changes a variable now. */
const changedBy = new WeakMap<Variable, StepTask>();

/** What integers of an input are read as: bytes are scaled, unless they are looked up in a table. */
const dtypeOf = ({ data }: DataField) => (data instanceof Int32Array ? ('i32' as const) : ('f32' as const));

/** A step of the user's own, in the form that the loop takes. */
export class StepTask implements Task {
  readonly name: string;
  readonly gpu: Gpu;
  readonly state: TrainingState;
  seed: number;
  readonly #step: Step;
  readonly #options: StepTaskOptions;
  readonly #training: boolean;
  /** Optimizers in use, and those of them that are freed with the task. */
  #minimizers: readonly Minimizer[] = [];
  #own: readonly Minimizer[] = [];
  #variables: readonly Variable[] = [];
  #held: readonly Variable[] = [];
  #uses: FieldUses | undefined;
  readonly #shares = new Set<number>();
  /** What the inputs have held, in a training. */
  #ranges: readonly (InputRange | undefined)[] | undefined;

  /** @param state of the training that it belongs to; default: its own */
  constructor(step: Step, options: StepTaskOptions, training: boolean, state?: TrainingState) {
    checkScaling(options.name, options);
    requirePrecision(options.name, options.precision, options.gpu.device);
    this.name = options.name;
    this.gpu = options.gpu;
    this.seed = options.seed;
    this.#step = step;
    this.#options = options;
    this.#training = training;
    this.state = state ?? new TrainingState();
    if (!state) this.state.lifetime.endWith(options.gpu.device);
  }

  get precision() {
    return this.#options.precision;
  }

  /** The first optimizer's; setting it changes all in the same proportion. */
  get learningRate(): number {
    return this.#minimizers[0].shownRate(this.state.clock.step);
  }

  set learningRate(value: number) {
    const before = this.learningRate;
    for (const minimizer of this.#minimizers) {
      minimizer.learningRate = before > 0 ? minimizer.learningRate * (value / before) : value;
    }
    this.#minimizers[0].learningRate = value;
  }

  /** Builds the step without a program. */
  #trace(example: Dataset) {
    const batch = (field: DataField, dtype: 'f32' | 'i32') => input('batch', [2, ...field.shape], dtype);
    const kinds = targetKinds(example, []);
    const inputs = inputsOf(example).map((field) => batch(field, dtypeOf(field)));
    const targets = targetsOf(example).map((field, i) => batch(field, kinds[i] === 'labels' ? 'i32' : 'f32'));
    const weights = example.weights && batch(example.weights, 'f32');
    const effects: Effect[] = [];
    const checked = withStreams(() =>
      withSideEffects(
        (effect) => effects.push(effect),
        () => this.#build(new GraphBuilder(this.gpu), { inputs, targets, weights, kinds }, 2),
      ),
    );
    return { ...checked, effects };
  }

  /**
   * Builds the step once without a program, and creates its optimizers' state.
   *
   * @returns what it records
   */
  inspect(example: Dataset): CheckedStep['values'] {
    const { values, minimize, uses, effects } = this.#trace(example);
    this.#uses = uses;
    this.check(example);
    const results = [...values.map(({ tensor }) => tensor), ...minimize.map(({ loss }) => loss)];
    const variables = variablesOf(results, effects);
    variableNames(this.name, variables);
    this.#variables = variables;
    this.#start(minimize);
    return values;
  }

  #start(minimize: readonly Minimize[]): void {
    const changed = minimize.flatMap(({ variables }) => variables);
    const taken = changed.find((variable) => changedBy.has(variable));
    if (taken) {
      throw new ArgumentError(
        `${this.name}: another training under way changes the variable "${taken.name}", too; await or destroy that one first`,
      );
    }
    for (const variable of changed) changedBy.set(variable, this);
    const own: Minimizer[] = [];
    this.#own = own;
    this.#minimizers = minimize.map(({ variables, optimizer }) => {
      if (isMinimizer(optimizer)) return optimizer;
      const { lossScale } = this.#options;
      const made = this.gpu.minimizer(variables, optimizerOf(optimizer), { lossScale });
      own.push(made);
      return made;
    });
    this.gpu.variables.allocate(this.#variables, `${this.name} state`);
    // Those of a model stay while it trains, whatever becomes of the model; other ones are the caller's, and stay.
    if (!this.#training) return;
    this.#held = this.#variables.filter((variable) => this.gpu.variables.holders(variable) > 0);
    this.gpu.variables.retain(this.#held);
  }

  #build(g: GraphBuilder, batch: Batch, rows: number): CheckedStep & { readonly uses: FieldUses } {
    const { inputs, targets, weights } = batch;
    const own: StepBatch = { x: inputs[0], y: targets[0], inputs, targets, weights };
    const checked = checkStep(
      this.name,
      this.#step(g, own, { training: this.#training }),
      rows,
      this.#training,
    );
    const { names } = this.#options;
    const given = checked.values.map(({ name }) => name);
    if (names && String(names) !== String(given)) {
      throw new ArgumentError(
        `${this.name}: the step gives ${given.join(', ')} for the validation, where training is false, but ${names.join(', ')} in the training; give values of the same names, in the same order, in both`,
      );
    }
    if (g.objectives.length > 0) {
      for (const { minimizer } of g.objectives) this.gpu.release(minimizer);
      throw new ArgumentError(
        `${this.name}: the step called g.minimize; return { losses, minimize: { loss, variables, optimizer } } instead, so that batches of all sizes share one optimizer`,
      );
    }
    const results = [
      ...checked.values.map(({ tensor }) => tensor),
      ...checked.minimize.map(({ loss }) => loss),
    ];
    return { ...checked, uses: fieldUses(batch, results, this.#options) };
  }

  /** Gather, the user's graph, gradients, updates. */
  define(g: GraphBuilder, { data, rows, shuffle }: BatchOptions): StepValue[] {
    const known = this.#uses ?? this.#trace(data.dataset).uses;
    const ports = inputsOf(data.dataset).map((field, i) => ({
      dtype: dtypeOf(field),
      indices: known.inputs[i].choices !== undefined,
    }));
    const batch = gather(g, data, this.#options, { batchSize: rows, shuffle, inputs: ports });
    const { values, minimize, uses } = this.#build(g, batch, rows);
    this.#uses = uses;
    this.check(data.dataset);
    minimize.forEach(({ loss, variables }, i) => g.minimize(loss, variables, this.#minimizers[i]));
    return values.map(({ name, tensor }) => ({ name, tensor }));
  }

  /** Whether a batch can be trained on, or validated with after what was trained on. */
  check(batch: Dataset): void {
    if (!this.#uses) return;
    checkFields(this.name, batch, this.#uses, this.#shares);
    if (this.#training) {
      this.#ranges = joinRanges(this.#ranges, inputRanges(batch, this.#uses, this.#options));
      this.state.trainedOn = this.#ranges;
    } else if (this.state.trainedOn) {
      checkRanges(this.name, batch, this.state.trainedOn, this.#options);
    }
  }

  /** What a checkpoint is made of. With several optimizers, the names in it begin with `minimize0.`, `minimize1.`, …. */
  get saved(): Saved {
    const names = variableNames(this.name, this.#variables);
    const trained = new Set(this.#minimizers.flatMap(({ variables }) => variables));
    const rest = this.#variables.filter((own) => !trained.has(own));
    const parts = this.#minimizers.map((minimizer, i): SavedPart => {
      const all = [...minimizer.variables, ...(i === 0 ? rest : [])];
      return {
        prefix: this.#minimizers.length > 1 ? `minimize${i}.` : '',
        variables: new Map(all.map((own) => [own, names.get(own)!])),
        trained: minimizer.variables,
        minimizer,
        optimizer: minimizer.optimizer as Optimizer,
        network: {
          toJSON: () => {
            throw new ArgumentError(`${this.name}: is a step of your own, which a file cannot hold`);
          },
        },
      };
    });
    const { name, gpu, state } = this;
    return { name, kind: 'step', gpu, state, parts, owner: this };
  }

  /** @throws ArgumentError if an optimizer in use is its caller's, which cannot move to another GPU */
  requireMovable(): void {
    const stranger = this.#minimizers.find((minimizer) => !this.#own.includes(minimizer));
    if (!stranger) return;
    throw new ArgumentError(
      `${this.name}: recover creates the optimizers again on another GPU, but the step minimizes with a Minimizer, which is bound to one; return an optimizer, such as ${stranger.optimizer.name}(), in its place`,
    );
  }

  /** Lets other trainings change its variables. */
  release(): void {
    for (const variable of this.#variables) {
      if (changedBy.get(variable) === this) changedBy.delete(variable);
    }
  }

  /** Frees the optimizers that it made. */
  destroy(): void {
    this.release();
    for (const minimizer of this.#own) this.gpu.release(minimizer);
    this.gpu.variables.release(this.#held);
    this.#own = this.#held = [];
  }
}
