import type { Device } from '../device/device.ts';
import { programState } from '../ops/leaves.ts';
import { recordDispatch, RING_LAYOUT, RING_WORDS } from '../ops/effects.ts';
import type { Effect, Resource } from '../ops/op.ts';
import type { Tensor } from '../ops/tensor.ts';
import type { Location } from './location.ts';

/** Steps whose values fit into the ring before they are overwritten. */
export const RING_SLOTS = 256;
/** Staging buffers: one may be mapped and one be copied to while a third waits. */
const STAGING_BUFFERS = 3;

/** The recorded values of one step. */
export interface RingEntry {
  readonly step: number;
  /** Means in the order of the metrics. */
  readonly values: readonly number[];
  /** Names of the metrics in which a NaN or an infinity was seen. */
  readonly notFinite: readonly string[];
}

/**
 * The loss ring: each step writes the means of its metrics into the next entry, on the GPU; every
 * few steps the entries are copied to a staging buffer and read while training goes on. Recording is
 * the last dispatch of a step and also advances the program's step counter.
 */
export class MetricRing {
  readonly names: readonly string[];
  readonly resource: Resource = { resource: 'metric ring', shape: [RING_SLOTS, RING_WORDS], dtype: 'u32' };
  readonly location: Location;
  readonly #device: Device;
  readonly #staging: GPUBuffer[];
  readonly #free: GPUBuffer[];
  #readUpTo = 0;

  constructor(device: Device, names: readonly string[]) {
    this.#device = device;
    this.names = names;
    const bytes = RING_SLOTS * RING_WORDS * 4;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC;
    this.location = { buffer: device.createBuffer('metric ring', bytes, usage), offset: 0, bytes };
    const staging = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#staging = Array.from({ length: STAGING_BUFFERS }, (_, i) =>
      device.createBuffer(`metric ring staging ${i}`, bytes, staging),
    );
    this.#free = [...this.#staging];
  }

  /** The effect that records `metrics` (per-sample values or scalars, in the order of the names). */
  effect(metrics: readonly Tensor[]): Effect {
    return {
      label: 'record',
      inputs: [...metrics, programState()],
      lower: (context, inputs) =>
        context.dispatch(
          recordDispatch({
            metrics: inputs.slice(0, -1),
            state: inputs.at(-1)!,
            ring: this.resource,
            ringSlots: RING_SLOTS,
            target: context.target,
          }),
        ),
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
   * Prepares to read the entries up to step `end` (exclusive): `encode` copies the ring at the end of
   * a step's submit, `read` afterwards resolves to the entries. Undefined while every staging buffer
   * is in use.
   */
  beginRead(
    end: number,
  ): { encode: (encoder: GPUCommandEncoder) => void; read: () => Promise<RingEntry[]> } | undefined {
    const staging = this.#free.pop();
    if (!staging) return undefined;
    const start = this.#readUpTo;
    this.#readUpTo = end;
    const { buffer, bytes } = this.location;
    return {
      encode: (encoder) => encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes),
      read: async () => {
        await this.#device.race(staging.mapAsync(GPUMapMode.READ));
        const words = new Uint32Array(staging.getMappedRange().slice(0));
        staging.unmap();
        this.#free.push(staging);
        return Array.from({ length: end - start }, (_, i) => this.#entry(words, start + i));
      },
    };
  }

  #entry(words: Uint32Array, step: number): RingEntry {
    const entry = words.subarray(
      (step % RING_SLOTS) * RING_WORDS,
      (step % RING_SLOTS) * RING_WORDS + RING_WORDS,
    );
    const floats = new Float32Array(entry.buffer, entry.byteOffset, RING_WORDS);
    const flags = entry[RING_LAYOUT.flags];
    return {
      step,
      values: this.names.map((_, k) => floats[k]),
      notFinite: this.names.filter((_, k) => (flags >> k) & 1),
    };
  }

  destroy(): void {
    this.location.buffer.destroy();
    for (const buffer of this.#staging) buffer.destroy();
  }
}
