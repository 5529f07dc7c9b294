import type { Device } from '../device/device.ts';
import { ArgumentError } from '../errors.ts';
import { programState } from '../ops/core/leaves.ts';
import type { Effect, Resource, Tensor } from '../ops/core/op.ts';
import {
  columnsOf,
  METRICS_PER_DISPATCH,
  recordDispatches,
  RING_LAYOUT,
  sumsAt,
} from '../ops/dataset/effects.ts';
import { StepGuard } from './guard.ts';
import type { Fault } from './guard.ts';
import type { Location } from './location.ts';

/** Steps whose values fit into the ring before they are overwritten. */
export const RING_SLOTS = 256;
/** Staging buffers: one may be mapped and one be copied to while a third waits. */
const STAGING_BUFFERS = 3;

/** One value that each step records: a row of columns per sample, of which the sums are kept. */
export interface RingValue {
  readonly name: string;
  /** Default 1. */
  readonly columns?: number;
}

/** What one step recorded of one value. */
export interface Recorded {
  /** For each column the sum over the rows. */
  readonly sums: Float32Array;
  /** Rows that were summed. */
  readonly count: number;
}

/** The recorded values of one step. */
export interface RingEntry {
  readonly step: number;
  /** Means of the first columns, in the order of the values. */
  readonly values: readonly number[];
  /** All columns, in the order of the values. */
  readonly recorded: readonly Recorded[];
  /** Names of the values in which a NaN or an infinity was seen, or whose sum is one. */
  readonly notFinite: readonly string[];
  /** Why the step was not made; no entries come after one. */
  readonly fault?: Fault;
}

/**
 * The loss ring: each step writes the sums of its values into the next entry, on the GPU; every
 * few steps the entries are copied to a staging buffer and read while training goes on, and with them the guard of the
 * steps. Values are recorded before the updates, which are not made if one is NaN or infinite; in an evaluation
 * recording is the last dispatch of a step and also advances the program's step counter.
 */
export class MetricRing {
  readonly names: readonly string[];
  readonly resource: Resource;
  readonly location: Location;
  readonly #device: Device;
  readonly #columns: readonly number[];
  /** Bytes of an entry. */
  readonly #stride: number;
  readonly #staging: GPUBuffer[];
  readonly #free: GPUBuffer[];
  /** Rows of the values that do not have one per sample. */
  #rows: readonly (number | undefined)[] = [];
  #readUpTo = 0;

  /** @param values names of values with one column, or values with their number of columns */
  constructor(device: Device, values: readonly (string | RingValue)[]) {
    this.#device = device;
    this.names = values.map((value) => (typeof value === 'string' ? value : value.name));
    this.#columns = values.map((value) => (typeof value === 'string' ? 1 : (value.columns ?? 1)));
    const words = sumsAt(this.names.length) + this.#columns.reduce((sum, columns) => sum + columns, 0);
    this.resource = { resource: 'metric ring', shape: [RING_SLOTS, words], dtype: 'u32' };
    this.#stride = words * 4;
    const bytes = RING_SLOTS * this.#stride;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    this.location = { buffer: device.createBuffer('metric ring', bytes, usage), offset: 0, bytes };
    const staging = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#staging = Array.from({ length: STAGING_BUFFERS }, (_, i) =>
      device.createBuffer(`metric ring staging ${i}`, bytes + StepGuard.bytes, staging),
    );
    this.#free = [...this.#staging];
  }

  /**
   * The effect that records values (a row per sample, or scalars, in the order of the names).
   *
   * @param batchSize rows of a batch; by default those of the first value
   * @throws ArgumentError if their number or their columns are others than the ring was made for
   */
  effect(values: readonly Tensor[], batchSize?: number): Effect {
    const columns = values.map(columnsOf);
    if (String(columns) !== String(this.#columns)) {
      throw new ArgumentError(
        `metric ring: made for the columns ${this.#columns.join(', ')} of ${this.names.join(', ')}, but the values have ${columns.join(', ')}`,
      );
    }
    const batch = batchSize ?? values[0].shape[0];
    this.#rows = values.map(({ shape: [rows = 1] }) => (rows === batch ? undefined : rows));
    return {
      label: 'record',
      first: true,
      inputs: [...values, programState()],
      lower: (context, inputs) => {
        const metrics = inputs.slice(0, -1);
        const state = inputs.at(-1)!;
        const { target } = context;
        const advance = !context.guard; // else the verdict on the step does
        const ring = this.resource;
        const dispatches = recordDispatches({ metrics, state, ring, target, batchSize, advance });
        for (const dispatch of dispatches) context.dispatch(dispatch);
      },
    };
  }

  /** Forgets what was recorded: the next entry to be read is that of `step`. */
  reset(step: number): void {
    this.#readUpTo = step;
  }

  /** Steps recorded but not asked for yet, given the number of steps submitted. */
  pending(submitted: number): number {
    return submitted - this.#readUpTo;
  }

  /**
   * Prepares to read the entries up to step `end` (exclusive): `encode` copies them at the end of
   * a step's submit, `read` afterwards resolves to them. Undefined while every staging buffer
   * is in use.
   *
   * @param guard of the steps, if they train
   */
  beginRead(
    end: number,
    guard?: StepGuard,
  ): { encode: (encoder: GPUCommandEncoder) => void; read: () => Promise<RingEntry[]> } | undefined {
    const staging = this.#free.pop();
    if (!staging) return undefined;
    const start = this.#readUpTo;
    this.#readUpTo = end;
    const slots = end - start >= RING_SLOTS ? [0, RING_SLOTS] : [start % RING_SLOTS, end % RING_SLOTS];
    const [first, last] = slots;
    const ranges =
      first <= last
        ? [[first, last]]
        : [
            [first, RING_SLOTS],
            [0, last],
          ]; // around the end
    return {
      encode: (encoder) => {
        for (const [from, to] of ranges) {
          const [offset, bytes] = [from * this.#stride, (to - from) * this.#stride];
          if (bytes > 0) encoder.copyBufferToBuffer(this.location.buffer, offset, staging, offset, bytes);
        }
        guard?.copy(encoder, staging, this.location.bytes);
      },
      read: async () => {
        await this.#device.race(staging.mapAsync(GPUMapMode.READ));
        const mapped = staging.getMappedRange();
        const fault = guard?.decode(new Uint32Array(mapped.slice(this.location.bytes)));
        const made = Math.min(end, fault ? fault.step + 1 : end);
        const entries = Array.from({ length: Math.max(0, made - start) }, (_, i) =>
          this.#entry(mapped, start + i, fault),
        );
        staging.unmap();
        this.#free.push(staging);
        return entries;
      },
    };
  }

  #entry(mapped: ArrayBuffer, step: number, fault: Fault | undefined): RingEntry {
    const offset = (step % RING_SLOTS) * this.#stride;
    const entry = mapped.slice(offset, offset + this.#stride);
    const words = new Uint32Array(entry);
    let from = sumsAt(this.names.length);
    const recorded = this.#columns.map((columns, k) => {
      const sums = new Float32Array(entry, from * 4, columns);
      from += columns;
      return { sums, count: this.#rows[k] ?? words[RING_LAYOUT.rows] };
    });
    const flag = (k: number) =>
      (words[RING_LAYOUT.flags + Math.floor(k / METRICS_PER_DISPATCH)] >> (k % METRICS_PER_DISPATCH)) & 1;
    return {
      step,
      recorded,
      values: recorded.map(({ sums, count }) => sums[0] / count),
      notFinite: this.names.filter((_, k) => flag(k)),
      ...(fault?.step === step && { fault }),
    };
  }

  destroy(): void {
    this.location.buffer.destroy();
    for (const buffer of this.#staging) buffer.destroy();
  }
}
