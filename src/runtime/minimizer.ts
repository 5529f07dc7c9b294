import type { Device } from '../device/device.ts';
import { ArgumentError } from '../errors.ts';
import { programState } from '../ops/core/leaves.ts';
import type { Variable } from '../ops/core/leaves.ts';
import type { Effect, LowerContext, Operand, Resource } from '../ops/core/op.ts';
import { LateKernels } from '../ops/core/late.ts';
import type { StepGuard } from './guard.ts';
import { layoutsOf } from './layout.ts';
import type { Location } from './location.ts';
import { LossScale, settleLossScale } from './lossScale.ts';
import type { LossScaleOptions } from './lossScale.ts';
import type { OptimizerOperands, OptimizerRange, OptimizerSpec, SharedOperands } from './optimizerSpec.ts';
import { isRate } from './ranges.ts';
import type { Run, VariableStore } from './variables.ts';

const constraints = /* @__PURE__ */ new LateKernels(
  'constraints',
  async () => (await import('../ops/optimizer/constrain.ts')).constrainDispatch,
);

interface FlatRun extends OptimizerRange {
  readonly run: Run;
  readonly parameters: Resource;
  readonly gradients: Resource;
  readonly slots: readonly Resource[];
}

export interface MinimizerOptions {
  /**
   * Whether it counts its updates itself, which Adam's correction and schedules depend on: for variables that some
   * programs leave alone. By default they are the steps of the program.
   */
  readonly ownCount?: boolean;
  /** Scales the loss: see LossScaleOptions. It then counts its updates itself. By default the loss is not scaled. */
  readonly lossScale?: LossScaleOptions;
}

/**
 * An optimizer bound to a set of variables: their flat gradients and slots, and its learning rate,
 * on the GPU. It outlives programs, so training can go on with another batch size.
 */
export class Minimizer {
  readonly optimizer: OptimizerSpec;
  readonly variables: readonly Variable[];
  readonly resources = new Map<Resource, Location>();
  readonly #runs: FlatRun[];
  readonly #hyper: Resource;
  /** Where it counts its own updates, u32 [8] as a program's state; undefined: they are the program's steps. */
  readonly counter: Resource | undefined;
  /** Undefined where the loss is not scaled. */
  readonly lossScale: LossScale | undefined;
  readonly #device: Device;
  readonly #store: VariableStore;
  readonly #buffers: GPUBuffer[] = [];
  #learningRate: number;
  #return: (() => void) | undefined;
  #averagesReturned: Promise<void> | undefined;

  constructor(
    device: Device,
    store: VariableStore,
    variables: readonly Variable[],
    optimizer: OptimizerSpec,
    { ownCount = false, lossScale }: MinimizerOptions = {},
  ) {
    this.#device = device;
    this.#store = store;
    this.optimizer = optimizer;
    this.variables = variables;
    this.#learningRate = optimizer.learningRate;
    const runs = store.runs(variables);
    const layouts = layoutsOf(runs);
    const tables = optimizer.hyper?.(layouts) ?? []; // before anything is made: it may refuse the variables
    this.#runs = runs.map((run, i): FlatRun => {
      const place = (name: string, location?: Location): Resource => {
        const resource: Resource = { resource: `${name} ${i}`, shape: [run.bytes / 4], dtype: 'f32' };
        this.resources.set(resource, location ?? this.#allocate(`${optimizer.name} ${name} ${i}`, run.bytes));
        return resource;
      };
      return {
        ...layouts[i],
        run,
        parameters: place('parameters', run),
        gradients: place('gradients'),
        slots: optimizer.slotNames.map((name) => place(name)),
      };
    });
    const values = new Float32Array(3 + tables.length);
    values.set([optimizer.learningRate, 0, 1]);
    values.set(tables, 3);
    this.#hyper = { resource: 'hyperparameters', shape: [values.length], dtype: 'f32' };
    const place = this.#allocate(`${optimizer.name} hyperparameters`, values.byteLength);
    this.resources.set(this.#hyper, place);
    device.write(place.buffer, 0, values);
    if (lossScale) {
      const own = this.#allocate(`${optimizer.name} loss scale`, 16);
      this.lossScale = new LossScale(device, own, settleLossScale(optimizer.name, lossScale));
      this.resources.set(this.lossScale.state, own);
    }
    if (ownCount || lossScale) {
      this.counter = { resource: 'updates', shape: [8], dtype: 'u32' };
      this.resources.set(this.counter, this.#allocate(`${optimizer.name} updates`, 32));
    }
    if (optimizer.averages) this.restartAverages();
  }

  #allocate(label: string, bytes: number): Location {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = this.#device.createBuffer(label, bytes, usage);
    this.#buffers.push(buffer);
    return { buffer, offset: 0, bytes };
  }

  /** The rate that the optimizer's schedule, if it has one, multiplies; 1 where the schedule gives the rates. */
  get learningRate(): number {
    return this.#learningRate;
  }

  /**
   * Takes effect with the next step.
   *
   * @throws ArgumentError unless it is at least 0 and finite in f32, or if the optimizer's learningRate is a schedule
   */
  set learningRate(value: number) {
    if (!isRate(value)) {
      throw new ArgumentError(
        `${this.optimizer.name}: the learning rate must be a finite number of at least 0, not ${value}`,
      );
    }
    this.requireRate();
    this.#learningRate = value;
    this.#device.write(this.resources.get(this.#hyper)!.buffer, 0, Float32Array.of(value));
  }

  /** @throws ArgumentError if the optimizer's learningRate is a schedule, which cannot be set */
  requireRate(): void {
    if (!this.optimizer.givesRates) return;
    throw new ArgumentError(
      `${this.optimizer.name}: its learningRate is a schedule, which gives the rate of every step, so that it cannot be set; give the optimizer a number as learningRate, and a schedule of factors as schedule`,
    );
  }

  /** The learning rate to display: the one that can be set, or that of a step where a schedule gives the rates. */
  shownRate(step: number): number {
    return this.optimizer.givesRates ? this.learningRateAt(step) : this.#learningRate;
  }

  /** The learning rate at a step: the base rate times the schedule's factor. */
  learningRateAt(step: number): number {
    return this.#learningRate * (this.optimizer.schedule?.at(step) ?? 1);
  }

  /**
   * The norm of all gradients at the last step, before clipping; it may be above the largest f32.
   *
   * @throws ArgumentError unless the optimizer clips by it (`globalClipNorm`)
   */
  async gradientNorm(): Promise<number> {
    if (!this.optimizer.measuresNorm) {
      throw new ArgumentError(
        `${this.optimizer.name}: computes no gradient norm; set the optimizer's globalClipNorm`,
      );
    }
    const { buffer } = this.resources.get(this.#hyper)!;
    const [norm, scale] = new Float32Array(await this.#device.read(buffer, 4, 8));
    return norm / scale;
  }

  /** Where the gradient of `variable` has to be written. */
  gradientLocation(variable: Variable, store: VariableStore): Location {
    const { buffer, offset, bytes } = store.location(variable);
    const flat = this.#runs.find(({ run }) => run.buffer === buffer && run.variables.includes(variable))!;
    const gradients = this.resources.get(flat.gradients)!;
    return { buffer: gradients.buffer, offset: offset - flat.run.offset, bytes };
  }

  /** The contiguous ranges of its variables, usually one. */
  get ranges(): readonly OptimizerRange[] {
    return this.#runs;
  }

  /**
   * A trial and an update of every variable: a dispatch per range each, and before the trial those that compute what an
   * update needs to know of all of them, such as the gradients' norm. The update is made if the verdict lets it.
   *
   * @param faults receives the faults, from word `offset` on
   * @throws ArgumentError while the averages are in use
   */
  effects(guard: StepGuard, faults: Operand, offset: number): { trial: Effect; update: Effect } {
    const { optimizer } = this;
    if (this.averagesInUse) {
      throw new ArgumentError(
        `${optimizer.name}: the variables hold their moving averages; swap them back before training continues`,
      );
    }
    let operands: OptimizerOperands[] = [];
    const trial = this.#effect((shared, context) => {
      this.lossScale?.unscale(
        this.#runs.map(({ gradients }) => gradients),
        context,
      );
      const prepared = optimizer.prepare?.(this.#runs, shared, context);
      operands = this.#runs.map((range, i) => ({ ...range, ...shared, prepared: prepared?.[i] }));
      let next = offset;
      operands.forEach((own, i) => {
        const place = guard.place(this.#runs[i].run);
        context.dispatch(optimizer.update({ ...own, trial: { faults, offset: next, place } }));
        next += own.length / 4;
      });
    });
    const update = this.#effect((shared, { dispatch }) => {
      operands.forEach((own, i) => {
        dispatch(optimizer.update({ ...own, ...shared }));
        for (const after of optimizer.settle?.({ ...own, ...shared }) ?? []) dispatch(after);
        const { run } = this.#runs[i];
        run.variables.forEach(({ constraint, shape }, k) => {
          if (!constraint) return;
          const offset = (run.offsets[k] - run.offset) / 4;
          const { parameters: values } = own;
          dispatch(constraints.value({ constraint, shape, values, offset, state: shared.state }));
        });
      });
    });
    return { trial, update };
  }

  #effect(lower: (shared: SharedOperands, context: LowerContext) => void): Effect {
    const hyper = this.#hyper;
    return {
      label: `optimizer/${this.optimizer.name}`,
      inputs: [programState()],
      lower: (context, [state]) => lower({ state: this.counter ?? state, hyper }, context),
    };
  }

  /** The updates made, where it counts them itself. */
  async readCount(): Promise<number> {
    const { buffer } = this.resources.get(this.counter!)!;
    return new Uint32Array(await this.#device.read(buffer, 0, 4))[0];
  }

  /** Sets the count of its own. */
  writeCount(count: number): void {
    this.#device.write(
      this.resources.get(this.counter!)!.buffer,
      0,
      Uint32Array.of(count, 0, 0, 0, 0, 0, 0, 0),
    );
  }

  /** Whether the variables hold their moving averages now, and the averages' slot the variables. */
  get averagesInUse(): boolean {
    return this.#averagesReturned !== undefined;
  }

  /**
   * Exchanges the variables with their moving averages (the optimizer's `ema`): to evaluate or save these, and again
   * to train on. Steps submitted before are not affected; none may follow while the averages are in use.
   *
   * @throws ArgumentError if the optimizer keeps no averages
   */
  swapAverages(): void {
    this.#requireAverages();
    this.#copy((copy, parameters, averages, gradients) => {
      // Between two steps the gradients are scrap: the next one writes them before it reads them.
      copy(parameters, gradients);
      copy(averages, parameters);
      copy(gradients, averages);
    });
    if (!this.#averagesReturned) {
      this.#averagesReturned = new Promise((resolve) => (this.#return = resolve));
      this.#store.lend(this.variables, this.#averagesReturned);
    } else {
      this.#averagesReturned = undefined;
      this.#return!();
    }
  }

  /**
   * Restarts the moving averages from the present variables.
   *
   * @throws ArgumentError if the optimizer keeps none
   */
  restartAverages(): void {
    this.#requireAverages();
    this.#copy((copy, parameters, averages) => copy(parameters, averages));
  }

  #requireAverages(): void {
    if (this.optimizer.averages) return;
    throw new ArgumentError(
      `${this.optimizer.name}: keeps no moving averages of the weights; give the optimizer ema: { decay: 0.999 }`,
    );
  }

  /** Copies between the parameters, averages and gradients of every range. */
  #copy(
    copies: (copy: (from: Location, to: Location) => void, ...places: [Location, Location, Location]) => void,
  ): void {
    this.#device.submit(`${this.optimizer.name} averages`, (encoder) => {
      for (const { parameters, gradients, slots } of this.#runs) {
        const [own, average, scrap] = [parameters, slots.at(-1)!, gradients].map((resource) =>
          this.resources.get(resource)!,
        );
        const copy = (from: Location, to: Location) =>
          encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, own.bytes);
        copies(copy, own, average, scrap);
      }
    });
  }

  /** The optimizer's memory per variable and slot, for checkpoints. */
  async readSlots(store: VariableStore): Promise<Map<Variable, Float32Array[]>> {
    const result = new Map<Variable, Float32Array[]>(this.variables.map((v) => [v, []]));
    for (const { run, slots } of this.#runs) {
      for (const slot of slots) {
        const data = await this.#device.read(this.resources.get(slot)!.buffer, 0, run.bytes);
        for (const variable of run.variables) {
          const { offset, bytes } = store.location(variable);
          const start = offset - run.offset;
          result.get(variable)!.push(new Float32Array(data.slice(start, start + bytes)));
        }
      }
    }
    return result;
  }

  writeSlot(store: VariableStore, variable: Variable, slot: number, values: Float32Array): void {
    const flat = this.#runs.find(({ run }) => run.variables.includes(variable))!;
    const { buffer } = this.resources.get(flat.slots[slot])!;
    const offset = store.location(variable).offset - flat.run.offset;
    this.#device.write(buffer, offset, values);
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }
}
