import type { Device } from '../../device/device.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Program } from '../../runtime/program.ts';

/** Bytes that are collected on the GPU before they are read back. */
const SEGMENT_BYTES = 16 * 2 ** 20;

interface Column {
  readonly result: Float32Array;
  /** Values of one sample. */
  readonly stride: number;
  readonly staging: GPUBuffer;
}

/** Collects the outputs of a program's steps, a batch of rows each, into arrays over all samples. */
export class Collector {
  readonly #device: Device;
  readonly #program: Program;
  readonly #columns: ReadonlyMap<string, Column>;
  /** Samples that fit the staging buffers. */
  readonly #room: number;
  /** Samples read back, and those in the staging buffers. */
  #read = 0;
  #staged = 0;

  /** @param outputs by name the shapes [batch, ...]; @param size samples in all */
  constructor(
    device: Device,
    program: Program,
    outputs: ReadonlyMap<string, readonly number[]>,
    size: number,
  ) {
    this.#device = device;
    this.#program = program;
    const strides = [...outputs.values()].map((shape) => sizeOf(shape.slice(1)));
    const batch = Math.max(...[...outputs.values()].map(([rows]) => rows));
    const limit = Math.min(SEGMENT_BYTES, device.limits.maxBufferSize);
    this.#room = Math.min(size, Math.max(batch, Math.floor(limit / (4 * Math.max(1, ...strides)))));
    const columns = new Map<string, Column>();
    this.#columns = columns;
    try {
      for (const [name, shape] of outputs) {
        const stride = sizeOf(shape.slice(1));
        const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
        const staging = device.createBuffer(`collected ${name}`, this.#room * stride * 4, usage);
        columns.set(name, { result: new Float32Array(size * stride), stride, staging });
      }
    } catch (error) {
      this.destroy();
      throw error;
    }
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
    for (const { result, stride, staging } of this.#columns.values()) {
      const bytes = this.#staged * stride * 4;
      await this.#device.race(staging.mapAsync(GPUMapMode.READ, 0, bytes));
      result.set(new Float32Array(staging.getMappedRange(0, bytes)), this.#read * stride);
      staging.unmap();
    }
    this.#read += this.#staged;
    this.#staged = 0;
  }

  /** All samples' values, by name. */
  async finish(): Promise<ReadonlyMap<string, Float32Array>> {
    await this.#drain();
    this.#device.check();
    return new Map([...this.#columns].map(([name, { result }]) => [name, result]));
  }

  destroy(): void {
    for (const { staging } of this.#columns.values()) staging.destroy();
  }
}
