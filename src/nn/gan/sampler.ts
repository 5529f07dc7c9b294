import { ArgumentError, ShapeError } from '../../errors.ts';
import { input } from '../../ops/core/leaves.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { OptionTable } from '../../options.ts';
import { scale, shift, sigmoid } from '../../ops/elementwise/elementwise.ts';
import { reshape } from '../../ops/movement/movement.ts';
import type { Location } from '../../runtime/location.ts';
import type { Precision } from '../../runtime/precision.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Program } from '../../runtime/program.ts';
import type { CompileProgress } from '../../runtime/programOptions.ts';
import type { Lifetime } from '../training/lifetime.ts';
import type { GanNetworks } from './networks.ts';

export interface GanSamplerOptions {
  /** Images per draw; default 64. */
  count?: number;
  /** The latent vectors to begin with, count · latent values; default: `gan.latents(count)`. */
  latents?: Float32Array;
  onProgress?: (progress: CompileProgress) => void;
}

export const ganSamplerOptions: OptionTable<GanSamplerOptions> = {
  count: true,
  latents: true,
  onProgress: true,
};

/** The networks, where their weights are, and how long they stay there. */
export interface Sampled {
  readonly precision?: Precision;
  readonly networks: GanNetworks;
  readonly gpu: Gpu;
  readonly state: { readonly lifetime: Lifetime };
}

/**
 * Draws images with a GAN's current weights, as after training (moving statistics, no dropout). The images stay on the
 * GPU, in a buffer that a page can draw from; the same latent vectors are used until others are written, so drawing
 * again shows how the images evolve.
 */
export class GanSampler {
  readonly count: number;
  /** [count, height, width, channels] */
  readonly shape: Shape;
  readonly program: Program;
  readonly #latentSize: number;
  readonly #lifetime: Lifetime;

  private constructor(program: Program, count: number, { networks: gan, state }: Sampled) {
    this.program = program;
    this.#lifetime = state.lifetime;
    this.count = count;
    this.shape = [count, ...gan.imageShape];
    this.#latentSize = sizeOf(gan.latentShape);
  }

  static async create(
    compiled: Sampled,
    { count = 64, latents, onProgress }: GanSamplerOptions,
  ): Promise<GanSampler> {
    const { networks: gan, gpu, state, precision } = compiled;
    if (!Number.isInteger(count) || count < 1) {
      throw new ArgumentError(`${gan.name}: count is ${count}; it must be a whole number of at least 1`);
    }
    const [low, high] = gan.imageRange;
    const compiling = gpu.compile(
      () => {
        const drawn = gan.generator.call(input('latents', [count, ...gan.latentShape]), { training: false });
        const logits = gan.discriminator.call(drawn, { training: false });
        return {
          images: scale(shift(drawn, -low), 1 / (high - low)),
          probabilities: sigmoid(reshape(logits, [count])),
        };
      },
      { label: `${gan.name}/sample`, precision, onProgress },
    );
    const program = await state.lifetime.make(compiling, (own) => own.destroy());
    const sampler = new GanSampler(program, count, compiled);
    try {
      sampler.setLatents(latents ?? gan.latents(count));
    } catch (error) {
      sampler.destroy();
      throw error;
    }
    return sampler;
  }

  /**
   * Sets latent vectors for the draws to come: count · latent values.
   *
   * @throws ShapeError if there are more or fewer
   */
  setLatents(latents: Float32Array): void {
    if (latents.length !== this.count * this.#latentSize) {
      throw new ShapeError(
        `${this.program.label}: ${this.count} latent vectors of ${this.#latentSize} values are ${this.count * this.#latentSize} values, got ${latents.length}`,
      );
    }
    this.program.write('latents', latents);
  }

  /**
   * Draws, in one submit; await it so that only as many draws are under way as keep the GPU busy.
   *
   * @throws InterruptedError once the GAN was destroyed or compiled again: make another sampler then
   */
  async draw(latents?: Float32Array): Promise<void> {
    this.#lifetime.check();
    if (latents) this.setLatents(latents);
    await this.#lifetime.race(this.program.step());
  }

  /** The tensor of the last drawn images: f32 [count, height, width, channels], 0 black to 1 white. */
  get images(): Location {
    return this.program.location('images');
  }

  /** The tensor of the discriminator's probabilities that they are real: f32 [count]. */
  get probabilities(): Location {
    return this.program.location('probabilities');
  }

  /** The last drawn images, 0 black to 1 white. */
  async readImages(): Promise<Float32Array> {
    return (await this.program.read('images')) as Float32Array;
  }

  /** For each of them, the discriminator's probability that it is real. */
  async readProbabilities(): Promise<Float32Array> {
    return (await this.program.read('probabilities')) as Float32Array;
  }

  destroy(): void {
    this.program.destroy();
  }
}
