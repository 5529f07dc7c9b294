import type { Device } from '../device/device.ts';
import { programState } from '../ops/leaves.ts';
import type { Variable } from '../ops/leaves.ts';
import type { Dispatch, Effect, Operand, Resource } from '../ops/op.ts';
import type { Location } from './location.ts';
import type { Run, VariableStore } from './variables.ts';

/** What the runtime needs to know of an optimizer; src/nn/optimizers.ts has them all. */
export interface OptimizerSpec {
  readonly name: string;
  /** f32 values kept per parameter: 2 for Adam's moments. */
  readonly slots: number;
  /** The first learning rate; `setLearningRate` changes it without compiling again. */
  readonly learningRate: number;
  update(operands: OptimizerOperands): Dispatch;
}

export interface OptimizerOperands {
  readonly parameters: Operand;
  readonly gradients: Operand;
  readonly slots: readonly Operand[];
  /** u32: [step, …]; the first update runs at step 0. */
  readonly state: Operand;
  /** f32: [learning rate, …] */
  readonly hyper: Operand;
  /** Elements, a multiple of 64. */
  readonly length: number;
}

/** Values of `hyper`, of which the first is the learning rate. */
export const HYPER_VALUES = 16;

interface FlatRun {
  readonly run: Run;
  readonly parameters: Resource;
  readonly gradients: Resource;
  readonly slots: readonly Resource[];
}

/**
 * An optimizer at work on a set of variables: their flat gradients and slots, and its learning rate,
 * on the GPU. It outlives programs, so training can go on with another batch size.
 */
export class Minimizer {
  readonly optimizer: OptimizerSpec;
  readonly variables: readonly Variable[];
  readonly resources = new Map<Resource, Location>();
  readonly #runs: FlatRun[];
  readonly #hyper: Resource = { resource: 'hyperparameters', shape: [HYPER_VALUES], dtype: 'f32' };
  readonly #device: Device;
  readonly #buffers: GPUBuffer[] = [];
  #learningRate: number;

  constructor(
    device: Device,
    store: VariableStore,
    variables: readonly Variable[],
    optimizer: OptimizerSpec,
  ) {
    this.#device = device;
    this.optimizer = optimizer;
    this.variables = variables;
    this.#learningRate = optimizer.learningRate;
    this.#runs = store.runs(variables).map((run, i) => {
      const place = (name: string, location?: Location): Resource => {
        const resource: Resource = { resource: `${name} ${i}`, shape: [run.bytes / 4], dtype: 'f32' };
        this.resources.set(resource, location ?? this.#allocate(`${optimizer.name} ${name} ${i}`, run.bytes));
        return resource;
      };
      return {
        run,
        parameters: place('parameters', run),
        gradients: place('gradients'),
        slots: Array.from({ length: optimizer.slots }, (_, slot) => place(`slot ${slot} of`)),
      };
    });
    this.resources.set(this.#hyper, this.#allocate(`${optimizer.name} hyperparameters`, HYPER_VALUES * 4));
    this.learningRate = optimizer.learningRate;
  }

  #allocate(label: string, bytes: number): Location {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = this.#device.createBuffer(label, bytes, usage);
    this.#buffers.push(buffer);
    return { buffer, offset: 0, bytes };
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  /** Takes effect with the next step. */
  set learningRate(value: number) {
    this.#learningRate = value;
    const { buffer } = this.resources.get(this.#hyper)!;
    this.#device.gpu.queue.writeBuffer(buffer, 0, new Float32Array([value]));
  }

  /** Where the gradient of `variable` has to be written. */
  gradientLocation(variable: Variable, store: VariableStore): Location {
    const { buffer, offset, bytes } = store.location(variable);
    const flat = this.#runs.find(({ run }) => run.buffer === buffer && run.variables.includes(variable))!;
    const gradients = this.resources.get(flat.gradients)!;
    return { buffer: gradients.buffer, offset: offset - flat.run.offset, bytes };
  }

  /** One update of every variable: a dispatch per contiguous range of them, which is usually one. */
  effects(): Effect[] {
    return this.#runs.map(({ run, parameters, gradients, slots }) => ({
      label: `optimizer/${this.optimizer.name}`,
      inputs: [programState()],
      lower: (context, [state]) =>
        context.dispatch(
          this.optimizer.update({
            parameters,
            gradients,
            slots,
            state,
            hyper: this.#hyper,
            length: run.bytes / 4,
          }),
        ),
    }));
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
    this.#device.gpu.queue.writeBuffer(buffer, offset, values as Float32Array<ArrayBuffer>);
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
  }
}
