import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { input } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { formatShape, sameShape, sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { init } from '../../runtime/session.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Network } from '../network.ts';
import { adam } from '../optimizers.ts';
import type { Optimizer } from '../optimizers.ts';
import { fillNormal } from '../philox.ts';
import { optimizerOf } from '../registry.ts';
import type { OptimizerName } from '../registry.ts';
import { checkDiscriminator } from './discriminator.ts';
import { decodeGan, encodeGan } from './checkpoint.ts';
import { startGanFit } from './fit.ts';
import type { GanFit, GanFitOptions } from './fit.ts';
import { GanJudge } from './judge.ts';
import { Player } from './player.ts';
import { GanSampler } from './sampler.ts';
import type { GanSamplerOptions } from './sampler.ts';
import { lossesOf } from './step.ts';
import type { GanLosses, GanLossOptions, GanPart } from './step.ts';

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
  /** What happens to a batch of real images, in `imageRange`, before the discriminator: a resize, say. */
  prepare?: (images: Tensor) => Tensor;
}

export interface GanCompileOptions extends GanLossOptions {
  /** Where to train; a new one on the best adapter by default. */
  gpu?: Gpu;
  /** Default Adam with rate 0.0002 and β₁ 0.5 (Radford et al. 2016). */
  generatorOptimizer?: OptimizerName | Optimizer;
  discriminatorOptimizer?: OptimizerName | Optimizer;
  /**
   * Whether a discriminator is refused that gives probabilities, where the losses take logits. Default true; `false` for
   * who means it.
   */
  checkLoss?: boolean;
}

/** What `compile` settles. */
export interface CompiledGan {
  readonly gpu: Gpu;
  readonly losses: GanLosses;
  readonly players: Readonly<Record<'generator' | 'discriminator', Player>>;
}

/**
 * A generative adversarial network (Goodfellow et al. 2014): a generator G makes images of latent vectors z ~ N(0, I),
 * a discriminator D tells real images from generated ones, and each learns from the other.
 *
 * A step gathers real images, draws z, computes G(z), D(x) and D(G(z)) once, takes the gradient of each loss for its
 * own network and applies both updates: one program, one submit. Both gradients belong to the weights from before the
 * step (simultaneous gradient descent, as in TensorFlow's DCGAN tutorial).
 *
 * ```ts
 * const gan = dcgan('small');
 * await gan.compile({ gpu });
 * const sampler = await gan.sampler({ count: 64 });
 * for await (const { step, generatorLoss } of gan.fit(train, { steps: 3000 })) …
 * await sampler.draw(); // sampler.images: where they lie on the GPU
 * ```
 */
export class Gan {
  readonly name: string;
  readonly generator: Network;
  readonly discriminator: Network;
  readonly imageRange: readonly [low: number, high: number];
  readonly prepare: (images: Tensor) => Tensor;
  /** Of shuffling, latent vectors, dropout and noise; saved, and restored by `load`. */
  seed: number;
  /** Training steps done since `compile`, of whichever kind; saved, and restored by `load`. */
  step = 0;
  #compiled: CompiledGan | undefined;
  #ownGpu: Gpu | undefined;
  #fit: GanFit | undefined;
  #judge: GanJudge | undefined;

  /** @throws ShapeError if the networks do not fit each other, ArgumentError if an option is out of range */
  constructor(options: GanOptions) {
    const { generator, discriminator, name = 'gan', seed = 0, imageRange = [-1, 1] } = options;
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ArgumentError(`${name}: seed is ${seed}; it must be a whole number from 0 to 2^53 - 1`);
    }
    const [low, high] = imageRange;
    if (!(low < high) || !Number.isFinite(low) || !Number.isFinite(high)) {
      throw new ArgumentError(
        `${name}: imageRange is [${low}, ${high}]; give black, then white, such as [-1, 1]`,
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

  /**
   * Settles losses and optimizers and gives the weights their memory. Compiling again on the same GPU keeps the
   * weights and starts the optimizers anew.
   *
   * @throws ArgumentError if an option is out of range, the discriminator gives no logits, or while the GAN is being trained
   */
  async compile(options: GanCompileOptions = {}): Promise<this> {
    this.#requireIdle('compile');
    const losses = lossesOf(this.name, options);
    if (options.checkLoss ?? true) checkDiscriminator(this.name, this.discriminator);
    const optimizers = {
      generator: optimizerOf(options.generatorOptimizer ?? defaultOptimizer()),
      discriminator: optimizerOf(options.discriminatorOptimizer ?? defaultOptimizer()),
    };
    const gpu = options.gpu ?? this.#compiled?.gpu ?? (this.#ownGpu = await init());
    const players = {
      generator: new Player(gpu, 'generator', this.generator, optimizers.generator),
      discriminator: new Player(gpu, 'discriminator', this.discriminator, optimizers.discriminator),
    };
    gpu.variables.allocate(this.variables, `${this.name} state`);
    gpu.variables.retain(this.variables);
    this.#free();
    if (this.#ownGpu !== gpu) this.#closeOwnGpu();
    this.#compiled = { gpu, losses, players };
    this.step = 0;
    return this;
  }

  get compiled(): CompiledGan {
    if (!this.#compiled) throw new ArgumentError(`${this.name}: call compile({ gpu }) first`);
    return this.#compiled;
  }

  /** Of both optimizers. */
  get learningRates(): { readonly generator: number; readonly discriminator: number } {
    const { generator, discriminator } = this.compiled.players;
    return { generator: generator.learningRate, discriminator: discriminator.learningRate };
  }

  /** Changes from the next step on; nothing is compiled again. What is left out stays. */
  set learningRates({ generator, discriminator }: { generator?: number; discriminator?: number }) {
    const { players } = this.compiled;
    if (generator !== undefined) players.generator.learningRate = generator;
    if (discriminator !== undefined) players.discriminator.learningRate = discriminator;
  }

  /** The generator's; setting it sets both. */
  get learningRate(): number {
    return this.learningRates.generator;
  }

  set learningRate(value: number) {
    this.learningRates = { generator: value, discriminator: value };
  }

  /** How often each network has been updated: `step`, unless it stood still in some. */
  get updates(): { readonly generator: number; readonly discriminator: number } {
    const { generator, discriminator } = this.compiled.players;
    return { generator: generator.updateCount, discriminator: discriminator.updateCount };
  }

  /**
   * Trains. Await it for the history, or iterate over it (`for await`) for the values of every step. The targets of
   * the data set are not used. See GanFitOptions.
   *
   * @throws ArgumentError if an option is out of range, or it is being trained already
   * @throws ShapeError if the data do not fit the discriminator
   * @throws NumericError if a loss becomes NaN or infinite
   * @throws DeviceLostError if the GPU is lost
   */
  fit(data: Dataset, options: GanFitOptions = {}): GanFit {
    this.#requireIdle('fit');
    this.checkData(data);
    const fit = startGanFit(this, data, options);
    this.#fit = fit;
    const end = () => void (this.#fit = undefined);
    fit.then(end, end);
    return fit;
  }

  /** Counts a step that has been submitted. */
  stepped(part: GanPart): void {
    this.step++;
    for (const key of ['generator', 'discriminator'] as const) {
      if (part === 'both' || part === key) this.compiled.players[key].updateCount++;
    }
  }

  /** Throws a ShapeError unless the data set's images, as `prepare` makes them, fit the discriminator. */
  checkData({ name, x }: Dataset): void {
    const shape = this.prepare(input(name, [1, ...x.shape])).shape.slice(1);
    if (sameShape(shape, this.imageShape)) return;
    throw new ShapeError(
      `${this.name}: works on images of shape ${formatShape(this.imageShape)}, but those of data set '${name}' become ${formatShape(shape)}; change the networks, the data, or \`prepare\``,
    );
  }

  /** A program that draws images with the current weights, and asks the discriminator about them. */
  async sampler(options: GanSamplerOptions = {}): Promise<GanSampler> {
    return GanSampler.create(this, options);
  }

  /**
   * `count` latent vectors from N(0, I), one after the other; the same for the same seed, whatever was trained.
   *
   * @param seed default: the GAN's own
   */
  latents(count: number, seed = this.seed): Float32Array {
    return fillNormal(new Float32Array(count * sizeOf(this.latentShape)), { seed, stream: LATENT_STREAM });
  }

  /**
   * The discriminator's probability of being real for each image, working as after training (moving statistics, no
   * dropout).
   *
   * @param images bytes, or floats in `imageRange`, of the shape that `prepare` takes; one after the other
   * @param shape of one image; default: the generator's
   */
  async judge(images: Uint8Array | Float32Array, shape: Shape = this.imageShape): Promise<Float32Array> {
    return (this.#judge ??= new GanJudge(this)).judge(images, shape);
  }

  /**
   * Weights and moving statistics of both networks, state of both optimizers, step and seed as a safetensors file.
   *
   * @throws NumericError if one of them is NaN or infinite
   */
  async save(): Promise<Uint8Array> {
    return encodeGan(this);
  }

  /**
   * Restores what `save` wrote into a compiled GAN of the same networks and optimizers: training goes on bit by bit.
   *
   * @throws FormatError if the file is damaged or of other networks; the GAN then stays as it was
   */
  load(bytes: Uint8Array, name?: string): void {
    this.#requireIdle('load');
    decodeGan(this, bytes, name);
  }

  /** Frees its memory on the GPU, the weights included, and the GPU if it opened it. Samplers are freed by themselves. */
  destroy(): void {
    this.#free();
    this.#compiled = undefined;
    this.#closeOwnGpu();
  }

  #requireIdle(what: string): void {
    if (this.#fit) {
      throw new ArgumentError(
        `${this.name}: ${what} was called while it is being trained; await the fit under way, or abort it, first`,
      );
    }
  }

  #closeOwnGpu(): void {
    this.#ownGpu?.destroy();
    this.#ownGpu = undefined;
  }

  #free(): void {
    this.#judge?.destroy();
    this.#judge = undefined;
    if (!this.#compiled) return;
    const { gpu, players } = this.#compiled;
    players.generator.destroy();
    players.discriminator.destroy();
    gpu.variables.release(this.variables);
  }
}

/** Far from the streams of weights, which count from 0, and of ops, which count from 2^31. */
const LATENT_STREAM = 2 ** 30;

const defaultOptimizer = () => adam({ learningRate: 2e-4, beta1: 0.5 });
