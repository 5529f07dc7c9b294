import type { Gpu } from '../../src/index.ts';
import type { Range } from './kind.ts';

/** So many moments are kept; when there are more, every second one is dropped. */
const MOST = 40;

/** Copies on the GPU of what some ranges of its memory held after earlier steps. */
export class History {
  readonly #gpu: Gpu;
  readonly #ranges: readonly Range[];
  #moments: { readonly step: number; readonly buffer: GPUBuffer }[] = [];
  /** The least number of steps between two moments. */
  #apart = 1;

  constructor(gpu: Gpu, ranges: readonly Range[]) {
    this.#gpu = gpu;
    this.#ranges = ranges;
  }

  get steps(): number[] {
    return this.#moments.map(({ step }) => step);
  }

  /** Copies what there is now, if the last moment is long enough ago. The answer tells whether it was. */
  take(encoder: GPUCommandEncoder, step: number): boolean {
    const last = this.#moments.at(-1);
    if (last && step < last.step + this.#apart) return false;
    if (this.#moments.length === MOST) this.#thin();
    const bytes = this.#ranges.reduce((sum, range) => sum + range.bytes, 0);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = this.#gpu.device.createBuffer(`step ${step}`, bytes, usage);
    this.#copies(buffer).forEach((copy, i) => {
      const range = this.#ranges[i];
      encoder.copyBufferToBuffer(range.buffer, range.offset, buffer, copy.offset, copy.bytes);
    });
    this.#moments.push({ step, buffer });
    return true;
  }

  #thin(): void {
    for (const { buffer } of this.#moments.filter((_, i) => i % 2 === 1)) buffer.destroy();
    this.#moments = this.#moments.filter((_, i) => i % 2 === 0);
    this.#apart *= 2;
  }

  /** What the ranges held after this step, or after the last one before it that was kept. */
  find(step: number): readonly Range[] | undefined {
    const moment = this.#moments.findLast((each) => each.step <= step);
    return moment && this.#copies(moment.buffer);
  }

  /** Where the ranges lie in a moment's buffer: one after the other. */
  #copies(buffer: GPUBuffer): Range[] {
    let end = 0;
    return this.#ranges.map(({ bytes }) => {
      const offset = end;
      end += bytes;
      return { buffer, offset, bytes };
    });
  }

  clear(): void {
    for (const { buffer } of this.#moments) buffer.destroy();
    this.#moments = [];
    this.#apart = 1;
  }
}
