import type { Device } from '../device/device.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import type { Variable } from '../ops/core/leaves.ts';
import { formatShape, sizeOf } from '../ops/core/shape.ts';
import { align } from './location.ts';
import type { Location } from './location.ts';

/** Variables that lie one after the other in one buffer: an optimizer updates them in one dispatch. */
export interface Run extends Location {
  readonly variables: readonly Variable[];
  /** Of each variable in the buffer, in bytes. */
  readonly offsets: readonly number[];
}

/** On which GPUs variables are retained. */
const homes = new WeakMap<Variable, Set<VariableStore>>();

/** The stores that retain a variable, of GPUs that are not lost. */
export const holdersOf = (variable: Variable): VariableStore[] =>
  [...(homes.get(variable) ?? [])].filter((store) => !store.isLost);

/**
 * Where the variables lie on the GPU. Those allocated together share one flat buffer, each at a
 * multiple of 256 bytes; the gaps hold zeros and stay zero under every optimizer.
 */
export class VariableStore {
  readonly #device: Device;
  readonly #locations = new Map<Variable, Location>();
  #buffers: readonly GPUBuffer[] = [];
  /** How often each variable is retained. */
  readonly #holders = new Map<Variable, number>();
  readonly #claims = new Set<{ readonly variables: ReadonlySet<Variable>; readonly trainer: string }>();
  readonly #lent = new Map<Promise<void>, ReadonlySet<Variable>>();

  constructor(device: Device) {
    this.#device = device;
  }

  /** Gives memory and initial values to those variables that have none yet. */
  allocate(variables: Iterable<Variable>, label: string): void {
    const fresh = [...new Set(variables)].filter((variable) => !this.#locations.has(variable));
    if (fresh.length === 0) return;
    const offsets: number[] = [];
    let bytes = 0;
    for (const variable of fresh) {
      offsets.push(bytes);
      bytes += align(sizeOf(variable.shape) * 4);
    }
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = this.#device.createBuffer(label, bytes, usage);
    this.#buffers = [...this.#buffers, buffer];
    this.#device.onFailure(() => this.#forget(buffer));
    const values = new Float32Array(bytes / 4);
    fresh.forEach((variable, i) => {
      const size = sizeOf(variable.shape);
      variable.initialize(values.subarray(offsets[i] / 4, offsets[i] / 4 + size), variable.shape);
      this.#locations.set(variable, { buffer, offset: offsets[i], bytes: size * 4 });
    });
    this.#device.write(buffer, 0, values);
  }

  /** Gives those variables that have memory their initial values again. */
  initialize(variables: Iterable<Variable>): void {
    for (const variable of variables) {
      if (!this.#locations.has(variable)) continue;
      const values = new Float32Array(sizeOf(variable.shape));
      variable.initialize(values, variable.shape);
      this.write(variable, values);
    }
  }

  /** Keeps the memory of variables until they are released as often. */
  retain(variables: Iterable<Variable>): void {
    for (const variable of variables) {
      this.#holders.set(variable, this.holders(variable) + 1);
      const stores = homes.get(variable) ?? new Set();
      homes.set(variable, stores.add(this));
    }
  }

  /** How often a variable is retained. */
  holders(variable: Variable): number {
    return this.#holders.get(variable) ?? 0;
  }

  /** Whether the GPU is lost, and the variables with it. */
  get isLost(): boolean {
    return this.#device.isLost;
  }

  /** Frees the memory of the variables that are not retained any more; their values are lost. */
  release(variables: Iterable<Variable>): void {
    for (const variable of variables) {
      const holders = this.holders(variable);
      if (holders > 1) this.#holders.set(variable, holders - 1);
      if (holders !== 1) continue;
      this.#holders.delete(variable);
      homes.get(variable)?.delete(this);
      this.#locations.delete(variable);
    }
    const used = new Set([...this.#locations.values()].map(({ buffer }) => buffer));
    for (const buffer of this.#buffers.filter((own) => !used.has(own))) {
      this.#forget(buffer);
      buffer.destroy();
    }
  }

  #forget(buffer: GPUBuffer): void {
    this.#buffers = this.#buffers.filter((own) => own !== buffer);
    for (const [variable, location] of this.#locations) {
      if (location.buffer === buffer) this.#locations.delete(variable);
    }
  }

  location(variable: Variable): Location {
    const location = this.#locations.get(variable);
    if (!location) {
      throw new ArgumentError(
        `variable ${variable.name} has no memory yet; compile a program that uses it first`,
      );
    }
    return location;
  }

  /** The variables grouped into ranges without other variables between, in memory order. */
  runs(variables: readonly Variable[]): Run[] {
    const sorted = [...new Set(variables)].map((variable) => ({ variable, ...this.location(variable) }));
    const index = (buffer: GPUBuffer) => this.#buffers.indexOf(buffer);
    sorted.sort((a, b) => index(a.buffer) - index(b.buffer) || a.offset - b.offset);
    const runs: (Run & { bytes: number; variables: Variable[]; offsets: number[] })[] = [];
    for (const { variable, buffer, offset, bytes } of sorted) {
      const last = runs.at(-1);
      if (last && last.buffer === buffer && last.offset + last.bytes === offset) {
        last.variables.push(variable);
        last.offsets.push(offset);
        last.bytes += align(bytes);
      } else {
        runs.push({ buffer, offset, bytes: align(bytes), variables: [variable], offsets: [offset] });
      }
    }
    return runs;
  }

  async read(variable: Variable): Promise<Float32Array> {
    const { buffer, offset, bytes } = this.location(variable);
    return new Float32Array(await this.#device.read(buffer, offset, bytes));
  }

  /** Reads many variables as they are at the same moment, with one copy per flat buffer. */
  async readAll(variables: readonly Variable[]): Promise<Map<Variable, Float32Array>> {
    const values = new Map<Variable, Float32Array>();
    const runs = this.runs(variables).map((run) => ({
      ...run,
      places: run.variables.map((variable) => ({ variable, ...this.location(variable) })),
    }));
    const all = await this.#device.readAll(runs);
    runs.forEach((run, i) => {
      for (const { variable, offset, bytes } of run.places) {
        const start = offset - run.offset;
        values.set(variable, new Float32Array(all[i].slice(start, start + bytes)));
      }
    });
    return values;
  }

  /** Marks variables as being trained, until the returned function is called. */
  claim(variables: Iterable<Variable>, trainer: string): () => void {
    const claim = { variables: new Set(variables), trainer };
    this.#claims.add(claim);
    return () => void this.#claims.delete(claim);
  }

  /**
   * @param what would change them: `b: load was called`
   * @throws ArgumentError if a training changes one of the variables now
   */
  requireUnclaimed(variables: Iterable<Variable>, what: string): void {
    for (const variable of variables) {
      const claim = [...this.#claims].find((own) => own.variables.has(variable));
      if (!claim) continue;
      throw new ArgumentError(
        `${what} while ${claim.trainer}, which shares the variable ${variable.name}, is being trained; await that training, or abort it, first`,
      );
    }
  }

  /**
   * Marks variables as holding something else, their moving averages, until they are returned. Training, saving and other
   * loans wait for that.
   */
  lend(variables: readonly Variable[], returned: Promise<void>): void {
    this.#lent.set(returned, new Set(variables));
    void returned.then(() => this.#lent.delete(returned));
  }

  /** Settles when some of the variables that are lent are returned; undefined where none is. */
  returned(variables: () => Iterable<Variable>): Promise<void> | undefined {
    if (this.#lent.size === 0) return undefined;
    const own = [...variables()];
    for (const [returned, lent] of this.#lent)
      if (own.some((variable) => lent.has(variable))) return returned;
    return undefined;
  }

  write(variable: Variable, values: Float32Array): void {
    const { buffer, offset, bytes } = this.location(variable);
    if (values.byteLength !== bytes) {
      throw new ShapeError(
        `variable ${variable.name}: ${values.length} values do not fill its shape ${formatShape(variable.shape)}, which needs ${bytes / 4}`,
      );
    }
    this.#device.write(buffer, offset, values);
  }

  /** Bytes of all variables, alignment included. */
  get bytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  destroy(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers = [];
    this.#locations.clear();
    this.#holders.clear();
  }
}
