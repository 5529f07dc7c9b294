import type { Device } from '../../device/device.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Program } from '../../runtime/program.ts';

/** Bytes that are collected on the GPU before they are read back. */
const SEGMENT_BYTES = 16 * 2 ** 20;

interface Column {
  /** Values of one sample. */
  readonly stride: number;
  readonly staging: GPUBuffer;
  result: Float32Array<ArrayBuffer>;
}

/** Staging buffers that are kept for the next call, at most. */
const KEPT_BYTES = 2 ** 20;

/**
 * Collects the outputs of a program's steps, a batch of rows each, into arrays over all samples. One call after the other:
 * `begin`, a `makeRoom` and an `encode` for each step, `finish`.
 */
export class Collector {
  readonly #device: Device;
  readonly #program: Program;
  readonly #outputs: ReadonlyMap<string, readonly number[]>;
  readonly #batch: number;
  readonly #columns = new Map<string, Column>();
  /** Samples that fit the staging buffers. */
  #room = 0;
  /** Samples in all, where that is known. */
  #size: number | undefined;
  /** Samples read back, and those in the staging buffers. */
  #read = 0;
  #staged = 0;

  /** @param outputs by name the shapes [batch, ...] */
  constructor(device: Device, program: Program, outputs: ReadonlyMap<string, readonly number[]>) {
    this.#device = device;
    this.#program = program;
    this.#outputs = outputs;
    this.#batch = Math.max(...[...outputs.values()].map(([rows]) => rows));
  }

  /** Samples that the staging buffers should hold: all, as far as memory goes, and a batch where that is little. */
  #wanted(size = Infinity): number {
    const most = Math.max(1, ...[...this.#outputs.values()].map((shape) => sizeOf(shape.slice(1))));
    const limit = Math.floor(Math.min(SEGMENT_BYTES, this.#device.limits.maxBufferSize) / (4 * most));
    const few = Math.min(this.#batch, Math.floor(KEPT_BYTES / (4 * most)));
    return Math.max(few, Math.min(size, Math.max(this.#batch, limit)));
  }

  /** Whether `begin` needs no new buffers. */
  fits(size: number | undefined): boolean {
    return this.#wanted(size) <= this.#room;
  }

  /** @param size samples in all; undefined where unknown */
  begin(size: number | undefined): void {
    this.#read = 0;
    this.#staged = 0;
    this.#size = size;
    if (!this.fits(size)) {
      this.destroy();
      this.#allocate(this.#wanted(size));
    }
    for (const column of this.#columns.values())
      column.result = new Float32Array((size ?? 0) * column.stride);
  }

  #allocate(room: number): void {
    try {
      for (const [name, shape] of this.#outputs) {
        const stride = sizeOf(shape.slice(1));
        const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
        const staging = this.#device.createBuffer(`collected ${name}`, room * stride * 4, usage);
        this.#columns.set(name, { stride, staging, result: new Float32Array() });
      }
    } catch (error) {
      this.destroy();
      throw error;
    }
    this.#room = room;
  }

  /** Call it before the step whose first `rows` rows `encode` is to copy. */
  async makeRoom(rows: number): Promise<void> {
    if (this.#staged + rows > this.#room) await this.#drain();
  }

  /** Copies the first rows of the step's outputs, at the end of its submit. */
  encode(encoder: GPUCommandEncoder, rows: number): void {
    for (const [name, { stride, staging }] of this.#columns) {
      const { buffer, offset } = this.#program.location(name);
      encoder.copyBufferToBuffer(buffer, offset, staging, this.#staged * stride * 4, rows * stride * 4);
    }
    this.#staged += rows;
  }

  async #drain(): Promise<void> {
    if (this.#staged === 0) return;
    for (const column of this.#columns.values()) {
      const { stride, staging } = column;
      const bytes = this.#staged * stride * 4;
      await this.#device.race(staging.mapAsync(GPUMapMode.READ, 0, bytes));
      const end = (this.#read + this.#staged) * stride;
      if (end > column.result.length) column.result = longer(column.result, end);
      column.result.set(new Float32Array(staging.getMappedRange(0, bytes)), this.#read * stride);
      staging.unmap();
    }
    this.#read += this.#staged;
    this.#staged = 0;
  }

  /** All samples' values, by name. */
  async finish(): Promise<ReadonlyMap<string, Float32Array>> {
    await this.#drain();
    this.#device.check();
    const results = [...this.#columns].map(([name, column]) => {
      const { result, stride } = column;
      column.result = new Float32Array();
      return [name, this.#size === undefined ? result.slice(0, this.#read * stride) : result] as const;
    });
    const bytes = [...this.#columns.values()].reduce((sum, { staging }) => sum + staging.size, 0);
    if (bytes > KEPT_BYTES) this.destroy();
    return new Map(results);
  }

  /** Frees the staging buffers; `begin` makes new ones. */
  destroy(): void {
    for (const { staging } of this.#columns.values()) staging.destroy();
    this.#columns.clear();
    this.#room = 0;
  }
}

/** A copy with room for at least `length` values, and for as many again as there were. */
function longer(values: Float32Array, length: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(Math.max(length, 2 * values.length));
  result.set(values);
  return result;
}
