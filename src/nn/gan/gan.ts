import type { Dataset } from '../../data/dataset.ts';
import { requireDataset } from '../../data/requireDataset.ts';
import { asStream } from '../../data/stream.ts';
import type { TrainingData } from '../../data/stream.ts';
import { ArgumentError } from '../../errors.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { checkOptions } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { precisionOptions, requirePrecision, settlePrecision } from '../../runtime/precision.ts';
import type { PrecisionOptions } from '../../runtime/precision.ts';
import type { Gpu } from '../../runtime/session.ts';
import { adam } from '../optimizers.ts';
import type { Optimizer } from '../optimizers.ts';
import { optimizerOf, withNames } from '../registry.ts';
import type { OptimizerName } from '../registry.ts';
import { readCheckpoint } from '../training/checkpoint.ts';
import type { LoadOptions, LoadReport } from '../training/checkpoint.ts';
import { encodeCheckpoint } from '../training/encodeCheckpoint.ts';
import { Placement, placementOptions } from '../training/placement.ts';
import type { PlacementOptions } from '../training/placement.ts';
import type { TrainingState } from '../training/state.ts';
import { checkDiscriminator } from './discriminator.ts';
import { ganFitOptions, ganPrepareOptions } from './fit.ts';
import type { GanFit, GanFitOptions, GanPrepareOptions } from './fit.ts';
import { GanJudge } from './judge.ts';
import { GanNetworks, savedGan } from './networks.ts';
import type { CompiledGan } from './networks.ts';
import { Player } from './player.ts';
import { GanSampler, ganSamplerOptions } from './sampler.ts';
import type { GanSamplerOptions } from './sampler.ts';
import { startGanFit } from './startFit.ts';
import { ganLossOptions, lossesOf } from './step.ts';
import type { GanLossOptions } from './step.ts';
import { part } from '../../part.ts';

export interface GanCompileOptions extends GanLossOptions, PlacementOptions, PrecisionOptions {
  /** Default Adam with rate 0.0002 and β₁ 0.5 (Radford et al. 2016). */
  generatorOptimizer?: OptimizerName | Optimizer;
  discriminatorOptimizer?: OptimizerName | Optimizer;
  /**
   * Whether a discriminator that gives probabilities is refused, because the losses take logits. Default true; `false` allows
   * it.
   */
  checkLoss?: boolean;
}

const ganCompileOptions: OptionTable<GanCompileOptions> = {
  generatorOptimizer: true,
  discriminatorOptimizer: true,
  checkLoss: true,
  ...ganLossOptions,
  ...placementOptions,
  ...precisionOptions,
};

/**
 * A generative adversarial network (Goodfellow et al. 2014): a generator G makes images from latent vectors z ~ N(0, I),
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
 * await sampler.draw(); // sampler.images: their tensor on the GPU
 * ```
 */
export class Gan extends GanNetworks {
  readonly #placement = new Placement<CompiledGan>(this, 'compile({ gpu })', {
    end: (_compiled, recovers) => {
      this.#judge?.destroy();
      this.#judge = undefined;
      if (!recovers) this.#fit = undefined;
    },
    free: ({ players }) => {
      players.generator.destroy();
      players.discriminator.destroy();
    },
  });
  #fit: GanFit | undefined;
  #judge: GanJudge | undefined;

  /** Training steps done since `compile`, of whichever kind; saved, and restored by `load`. */
  get step(): number {
    return this.#placement.current?.state.clock.step ?? 0;
  }

  /** Epochs done since `compile`; saved, and restored by `load`. */
  get epoch(): number {
    return this.#placement.current?.state.clock.epoch ?? 0;
  }

  /**
   * Sets losses and optimizers and gives the weights their memory. Compiling again keeps the weights, also on another
   * GPU, and starts the optimizers again; work under way on the GAN ends with an InterruptedError. Weights that were lost
   * with their GPU are gone: the GAN then works after `load` only, or after `compile({ weights: 'initial' })`.
   *
   * @throws ArgumentError if an option is out of range, or the discriminator gives no logits
   * @throws AdapterError if mixed precision is asked for, and the GPU has no f16
   * @throws DeviceLostError if the GPU is lost
   */
  async compile(options: GanCompileOptions = {}): Promise<this> {
    checkOptions('compile', options, ganCompileOptions);
    const losses = lossesOf(this.name, options);
    const { precision, lossScale } = settlePrecision(this.name, options);
    if (options.checkLoss ?? true) checkDiscriminator(this.name, this.discriminator);
    const make = withNames(() => {
      const [generatorOptimizer, discriminatorOptimizer] = [
        options.generatorOptimizer,
        options.discriminatorOptimizer,
      ].map((given) => optimizerOf(given ?? defaultOptimizer()));
      return (gpu: Gpu, state: TrainingState): CompiledGan => {
        requirePrecision(this.name, precision, gpu.device);
        const player = (role: Player['role'], optimizer: Optimizer) =>
          new Player(gpu, role, this[role], optimizer, { lossScale });
        const players = {
          generator: player('generator', generatorOptimizer),
          discriminator: player('discriminator', discriminatorOptimizer),
        };
        return { networks: this, gpu, losses, precision, players, state };
      };
    });
    await this.#placement.compile(options, make);
    return this;
  }

  get compiled(): CompiledGan {
    return this.#placement.compiled;
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

  /**
   * How often each network has been updated: `step`, less the steps in which it was not trained. Updates that were skipped, since
   * a scaled loss had overflowed, count here until the GAN is saved.
   */
  get updates(): { readonly generator: number; readonly discriminator: number } {
    const { generator, discriminator } = this.compiled.players;
    return { generator: generator.updates, discriminator: discriminator.updates };
  }

  /**
   * Trains. Await it for the history, or iterate over it (`for await`) for the values of every step. The targets of
   * the data set or stream are not used. See GanFitOptions.
   *
   * @throws ArgumentError if an option is out of range, or it is being trained already
   * @throws ShapeError if the data do not fit the discriminator
   * @throws NumericError if a loss, a weight, a gradient or an update becomes NaN or infinite: that step is not made, nor
   *   any after it, for either network; the weights are those from before it, and `step` is its number
   * @throws DeviceLostError if the GPU is lost
   */
  fit(data: TrainingData, options: GanFitOptions = {}): GanFit {
    checkOptions('fit', options, ganFitOptions, 'data, ');
    const compiled = this.#placement.usable();
    this.#requireIdle('fit');
    const stream = asStream(data);
    if (!stream) {
      requireDataset(this.name, data);
      this.checkData(data);
    }
    const fit = startGanFit(compiled, stream ?? data, options, {
      recover: this.#placement.recovery(savedGan),
      onEnd: () => {
        if (this.#fit === fit) this.#fit = undefined;
      },
    });
    this.#fit = fit;
    return fit;
  }

  /**
   * Compiles the training step ahead of `fit`, while the data still load (`Model.prepare` of a pair of networks). Of `data`
   * only shapes and types count: one image will do, even a black one.
   *
   * @param options those of `fit` that its step depends on; batchSize is 64 by default
   * @throws as `fit` does of its data and options
   */
  async prepareFit(data: Dataset, options: GanPrepareOptions = {}): Promise<void> {
    checkOptions('prepareFit', options, ganPrepareOptions, 'data, ');
    const compiled = this.#placement.usable();
    this.#requireIdle('prepareFit');
    requireDataset('prepareFit', data);
    this.checkData(data);
    const { prepareGanFit } = await part('The part of wgrad that trains', () => import('./runFit.ts'));
    await prepareGanFit(compiled, data, options);
  }

  /** A program that draws images with the current weights, and asks the discriminator about them. */
  async sampler(options: GanSamplerOptions = {}): Promise<GanSampler> {
    checkOptions('sampler', options, ganSamplerOptions);
    return GanSampler.create(this.#placement.usable(), options);
  }

  /**
   * The discriminator's probability of being real for each image, working as after training (moving statistics, no
   * dropout).
   *
   * @param images bytes, or floats in `imageRange`, of the shape that `prepare` takes; one after the other
   * @param shape of one image; default: the generator's
   */
  async judge(images: Uint8Array | Float32Array, shape: Shape = this.imageShape): Promise<Float32Array> {
    return (this.#judge ??= new GanJudge(this.#placement.usable())).judge(images, shape);
  }

  /**
   * Weights and moving statistics of both networks, state of both optimizers, and how far the training has come, as a
   * safetensors file. Also while the GAN is being trained: the training waits between two steps, and the file is of that
   * moment.
   *
   * @throws NumericError if one of them is NaN or infinite
   */
  async save(): Promise<Uint8Array> {
    return encodeCheckpoint(savedGan(this.#placement.usable()));
  }

  /**
   * Restores what `save` wrote into a GAN of the same networks and optimizers: training continues with the same bits by
   * `fit(…, { resume: true })`. Before `compile` the file is checked at once and takes effect when the GAN is compiled;
   * `loaded` then reports the result.
   *
   * @throws FormatError if the file is damaged or of other networks; the GAN then stays as it was
   */
  load(bytes: Uint8Array, options: string | LoadOptions = {}): LoadReport {
    this.#placement.current?.gpu.device.check();
    this.#requireIdle('load');
    if (this.#judge?.busy) {
      throw new ArgumentError(`${this.name}: load was called while it judges images; await that first`);
    }
    return this.#placement.load(
      readCheckpoint(bytes, typeof options === 'string' ? { name: options } : options),
      () => {
        const parts = (['generator', 'discriminator'] as const).map((role) => ({
          prefix: `${role}.`,
          variables: this[role].variableKeys(),
          trained: this[role].trainableVariables,
          counts: true,
        }));
        return { name: this.name, kind: 'gan', parts };
      },
      savedGan,
    );
  }

  /** What the last `load` has restored; undefined before it, and after the weights were reset to their initial values. */
  get loaded(): LoadReport | undefined {
    return this.#placement.loaded;
  }

  /**
   * Frees its memory on the GPU, the weights included, and the GPU if it opened it. Work under way ends with an
   * InterruptedError. Samplers are freed by themselves.
   */
  destroy(): void {
    this.#placement.destroy();
  }

  #requireIdle(what: string): void {
    if (this.#fit) {
      throw new ArgumentError(
        `${this.name}: ${what} was called while it is being trained; await the fit under way, or abort it, first`,
      );
    }
  }
}

const defaultOptimizer = () => adam({ learningRate: 2e-4, beta1: 0.5 });
