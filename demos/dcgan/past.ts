import type { Gpu } from '../../src/index.ts';
import type { Range } from '../drawing/kind.ts';

/** So many moments are kept; when there are more, every second one goes. */
const MOST = 40;

interface Moment {
  readonly step: number;
  readonly buffer: GPUBuffer;
}

/** What was generated after earlier steps, copied on the GPU with what the discriminator thought of it. */
export class Past {
  readonly #gpu: Gpu;
  readonly #images: Range;
  readonly #opinions: Range;
  #moments: Moment[] = [];
  /** The least number of steps between two moments. */
  #apart = 1;

  constructor(gpu: Gpu, images: Range, opinions: Range) {
    this.#gpu = gpu;
    this.#images = images;
    this.#opinions = opinions;
  }

  get steps(): number[] {
    return this.#moments.map(({ step }) => step);
  }

  /** Copies what there is now, if the last moment is long enough ago. The answer tells whether it was. */
  take(encoder: GPUCommandEncoder, step: number): boolean {
    const last = this.#moments.at(-1);
    if (last && step < last.step + this.#apart) return false;
    if (this.#moments.length === MOST) this.#thin();
    const [images, opinions] = [this.#images, this.#opinions];
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffer = this.#gpu.device.createBuffer(`step ${step}`, images.bytes + opinions.bytes, usage);
    encoder.copyBufferToBuffer(images.buffer, images.offset, buffer, 0, images.bytes);
    encoder.copyBufferToBuffer(opinions.buffer, opinions.offset, buffer, images.bytes, opinions.bytes);
    this.#moments.push({ step, buffer });
    return true;
  }

  #thin(): void {
    for (const { buffer } of this.#moments.filter((_, i) => i % 2 === 1)) buffer.destroy();
    this.#moments = this.#moments.filter((_, i) => i % 2 === 0);
    this.#apart *= 2;
  }

  /** The images after this step, or after the one before it that was kept. */
  find(step: number): { images: Range; opinions: Range } | undefined {
    const moment = this.#moments.findLast((each) => each.step <= step);
    if (!moment) return undefined;
    const { buffer } = moment;
    const [images, opinions] = [this.#images.bytes, this.#opinions.bytes];
    return {
      images: { buffer, offset: 0, bytes: images },
      opinions: { buffer, offset: images, bytes: opinions },
    };
  }

  clear(): void {
    for (const { buffer } of this.#moments) buffer.destroy();
    this.#moments = [];
    this.#apart = 1;
  }
}
