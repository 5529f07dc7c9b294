import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { input } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { formatShape, sameShape, sizeOf } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { checkOptions, describe, required, requireSeed } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { Precision } from '../../runtime/precision.ts';
import type { Gpu } from '../../runtime/session.ts';
import { Network } from '../network.ts';
import { fillNormal } from '../philox.ts';
import type { Saved } from '../training/checkpoint.ts';
import type { TrainingState } from '../training/state.ts';
import type { Player } from './player.ts';
import type { GanLosses } from './step.ts';

export interface GanOptions {
  /** From latent vectors, [latent], to images. */
  generator: Network;
  /** From images to one logit, [1]: positive for real. The sigmoid is part of the losses. */
  discriminator: Network;
  /** Default 'gan'. */
  name?: string;
  /** Of shuffling, latent vectors, dropout and noise; default 0. The networks have seeds of their own. */
  seed?: number;
  /**
   * Black and white as the generator's last activation reaches them: [−1, 1] for tanh (the default), [0, 1] for a
   * sigmoid. Data sets of bytes are brought to this range on the GPU; floats are taken as they are.
   */
  imageRange?: readonly [low: number, high: number];
  /** Applied to a batch of real images, in `imageRange`, before the discriminator, such as a resize. */
  prepare?: (images: Tensor) => Tensor;
}

export const ganOptions: OptionTable<GanOptions> = {
  generator: required,
  discriminator: required,
  name: true,
  seed: true,
  imageRange: true,
  prepare: true,
};

/** The two networks of a GAN and how they meet: what it computes, without the means to train it. */
export class GanNetworks {
  readonly name: string;
  readonly generator: Network;
  readonly discriminator: Network;
  readonly imageRange: readonly [low: number, high: number];
  readonly prepare: (images: Tensor) => Tensor;
  /** Of shuffling, latent vectors, dropout and noise; saved, and restored by `load`. */
  seed: number;

  /** @throws ShapeError if the networks do not fit each other, ArgumentError if an option is out of range */
  constructor(options: GanOptions) {
    checkOptions('new Gan', options, ganOptions);
    const { generator, discriminator, name = 'gan', seed = 0, imageRange = [-1, 1] } = options;
    requireSeed(name, seed);
    for (const [role, network] of Object.entries({ generator, discriminator })) {
      if (network instanceof Network) continue;
      throw new ArgumentError(
        `${name}: the ${role} is ${describe(network)}; make it with sequential(layers, { inputShape }) or model({ inputs, outputs })`,
      );
    }
    const [low, high] = Array.isArray(imageRange) ? (imageRange as [number, number]) : [NaN, NaN];
    if (!(low < high) || !Number.isFinite(low) || !Number.isFinite(high)) {
      throw new ArgumentError(
        `${name}: imageRange is ${Array.isArray(imageRange) ? `[${low}, ${high}]` : describe(imageRange)}; give black, then white, such as [-1, 1]`,
      );
    }
    if (!sameShape(generator.outputShape, discriminator.inputShape)) {
      throw new ShapeError(
        `${name}: the generator makes images of shape ${formatShape(generator.outputShape)}, but the discriminator takes ${formatShape(discriminator.inputShape)}; make them equal`,
      );
    }
    if (sizeOf(discriminator.outputShape) !== 1) {
      throw new ShapeError(
        `${name}: the discriminator gives ${formatShape(discriminator.outputShape)} per image; end it with dense({ units: 1 }) without an activation`,
      );
    }
    this.name = name;
    this.generator = generator;
    this.discriminator = discriminator;
    this.imageRange = [low, high];
    if (options.prepare !== undefined && typeof options.prepare !== 'function') {
      throw new ArgumentError(`${name}: prepare is ${describe(options.prepare)}; it must be a function`);
    }
    this.prepare = options.prepare ?? ((images) => images);
    this.seed = seed;
  }

  /** Shape of one image: [height, width, channels]. */
  get imageShape(): Shape {
    return this.generator.outputShape;
  }

  /** Shape of one latent vector: [64], say. */
  get latentShape(): Shape {
    return this.generator.inputShape;
  }

  /** Every variable of both networks. */
  get variables(): Variable[] {
    return [...this.generator.variables, ...this.discriminator.variables];
  }

  /** Number of values in all variables, moving statistics included. */
  get parameters(): number {
    return this.generator.parameters + this.discriminator.parameters;
  }

  /** Throws a ShapeError unless the data set's images, as `prepare` makes them, fit the discriminator. */
  checkData({ name, x }: Dataset): void {
    const shape = this.prepare(input(name, [1, ...x.shape])).shape.slice(1);
    if (sameShape(shape, this.imageShape)) return;
    throw new ShapeError(
      `${this.name}: works on images of shape ${formatShape(this.imageShape)}, but those of data set '${name}' become ${formatShape(shape)}; change the networks, the data, or \`prepare\``,
    );
  }

  /**
   * `count` latent vectors from N(0, I), one after the other; the same for the same seed, whatever was trained.
   *
   * @param seed default: the GAN's own
   */
  latents(count: number, seed = this.seed): Float32Array {
    return fillNormal(new Float32Array(count * sizeOf(this.latentShape)), { seed, stream: LATENT_STREAM });
  }
}

/** Far from the streams of weights, which count from 0, and of ops, which count from 2^31. */
const LATENT_STREAM = 2 ** 30;

/** What `Gan.compile` settles: everything that training, samplers and checkpoints need besides the data. */
export interface CompiledGan {
  readonly networks: GanNetworks;
  readonly gpu: Gpu;
  readonly losses: GanLosses;
  /** Of training, samplers and judges. */
  readonly precision: Precision;
  readonly players: Readonly<Record<'generator' | 'discriminator', Player>>;
  readonly state: TrainingState;
}

/** What a checkpoint of a GAN is made of. */
export function savedGan({ networks, gpu, players, state }: CompiledGan): Saved {
  const parts = Object.values(players);
  return { name: networks.name, kind: 'gan', gpu, state, parts, owner: networks };
}
