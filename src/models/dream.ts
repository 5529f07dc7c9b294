import { normalFrom, randomStream } from '../data/random.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import type { Layer } from '../nn/layers/layer.ts';
import type { Network } from '../nn/network.ts';
import { describe } from '../options.ts';
import { input, read, Variable } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { formatShape, sizeOf } from '../ops/core/shape.ts';
import type { Shape } from '../ops/core/shape.ts';
import { multiply } from '../ops/elementwise/elementwise.ts';
import { reduceSum } from '../ops/reduce/sum.ts';
import type { Location } from '../runtime/location.ts';
import type { Program } from '../runtime/program.ts';
import type { Gpu } from '../runtime/session.ts';
import { ascend, enlarge, isOutput, responseOf } from './dreamGraph.ts';

type Size = readonly [height: number, width: number];

export interface DreamOptions {
  readonly gpu: Gpu;
  /** A trained network for images, [height, width, channels], whose weights are on `gpu`. A dream does not change them. */
  readonly network: Network;
  /** The layer that is to respond more strongly: its name, its index, or itself. */
  readonly layer: string | number | Layer;
  /** How many images at once. Each climbs its own objective. */
  readonly images: number;
  /** Of the images, octave after octave; default: the network's own. Dense layers take no other. */
  readonly sizes?: readonly Size[];
  /** How far a step goes, in deviations of the gradient. Default 0.02. */
  readonly learningRate?: number;
  /** Before each step the image is rolled by up to so many pixels along both axes, at random. Default 0. */
  readonly jitter?: number;
  /** Weight of the total variation, which is subtracted from the objective. Default 0. */
  readonly totalVariation?: number;
  /** Of the jitter; default 0. */
  readonly seed?: number;
}

/** Of one size: the images, a step, and what the images are worth now. */
interface Octave {
  readonly size: Size;
  readonly images: Variable;
  readonly step: Program;
  readonly measure: Program;
  /** Takes over the images of the octave before; undefined for the first. */
  readonly enlarge: Program | undefined;
}

/**
 * Images that a trained network responds to more and more strongly, by gradient ascent on the pixels x (DeepDream: Mordvintsev et al.
 * 2015; feature visualisation: Olah et al. 2017). A step is
 *
 *   x ← clip(x + rate · g / σ(g), 0, 1),   g = d(objective − λ · total variation) / dx
 *
 * with the deviation σ over the pixels of each image: without it a step would depend on how steep the network happens to be. The
 * objective of an image is the mean over all places and chosen channels of a layer's square. Of the network's output it is the chosen
 * class's logit less the mean of the others: what all logits have in common changes no probability, and a picture of a 1 would
 * become that of a 7 as well.
 *
 * Octaves begin at a small size, where structures are large, and are enlarged (bilinear). Steps stay on the GPU, and each is one
 * submit or less.
 */
export class Dream {
  /** Channels of the layer. */
  readonly channels: number;
  readonly #gpu: Gpu;
  readonly #octaves: readonly Octave[];
  /** How much each channel counts that was not chosen. */
  readonly #others: number;
  #at = 0;

  private constructor(gpu: Gpu, channels: number, others: number, octaves: readonly Octave[]) {
    this.#gpu = gpu;
    this.channels = channels;
    this.#others = others;
    this.#octaves = octaves;
  }

  /**
   * Compiles the steps of all octaves. The images are black, and all channels count, until `write` and `choose`.
   *
   * @throws ArgumentError if an option is out of range, or the network has no such layer
   * @throws ShapeError if the layer takes no images of such a size
   */
  static async create(options: DreamOptions): Promise<Dream> {
    const settled = settleOptions(options);
    const { gpu, network, images, sizes } = settled;
    const layer = network.getLayer(settled.layer);
    const depth = network.inputShape[2];
    const variables = sizes.map(
      ([height, width]) =>
        new Variable({
          name: `dream ${height}x${width}`,
          shape: [images, height, width, depth],
          trainable: false,
          initialize: (values) => values.fill(0),
        }),
    );
    const made: Program[] = [];
    const compile = async (label: string, define: () => Readonly<Record<string, Tensor>> | void) => {
      const options = { label: `dream/${label}`, seed: settled.seed };
      const program = await gpu.compile(() => define() ?? {}, options);
      made.push(program);
      return program;
    };
    try {
      let channels = 0;
      const octaves: Octave[] = [];
      for (const [i, variable] of variables.entries()) {
        const x = read(variable);
        channels = channelsOf(network, layer, x);
        const weights = input('weights', [images, channels]);
        const objectiveOf = (image: Tensor) =>
          reduceSum(multiply(responseOf(network, layer, image), weights), { axes: [1] });
        octaves.push({
          size: sizes[i],
          images: variable,
          step: await compile('step', () => ascend(variable, objectiveOf, settled)),
          measure: await compile('measure', () => ({ objective: objectiveOf(x) })),
          enlarge: i === 0 ? undefined : await compile('enlarge', () => enlarge(variables[i - 1], variable)),
        });
      }
      gpu.variables.retain(variables);
      const others = isOutput(network, layer) && channels > 1 ? -1 / (channels - 1) : 0;
      const dream = new Dream(gpu, channels, others, octaves);
      dream.choose();
      return dream;
    } catch (error) {
      for (const program of made) program.destroy();
      throw error;
    }
  }

  get #octave(): Octave {
    return this.#octaves[this.#at];
  }

  /** Height and width of the images now. */
  get size(): Size {
    return this.#octave.size;
  }

  /** Where they are on the GPU, f32 [images, height, width, channels of the network's input]. */
  get location(): Location {
    return this.step.location(read(this.#octave.images));
  }

  /** The compiled step of this octave. */
  get step(): Program {
    return this.#octave.step;
  }

  /**
   * Begins with images of the first octave's size, and with the jitter's first shift.
   *
   * @param images [images, height, width, channels], from 0 to 1
   * @throws ShapeError if their number of values is another one
   */
  write(images: Float32Array): void {
    const [{ images: first }] = this.#octaves;
    if (images.length !== sizeOf(first.shape)) {
      throw new ShapeError(
        `dream: takes images ${formatShape(first.shape)}, which are ${sizeOf(first.shape)} values, got ${images.length}`,
      );
    }
    this.#gpu.variables.write(first, images);
    this.#at = 0;
    for (const { step } of this.#octaves) step.reset(0);
  }

  /**
   * Which channels of the layer count: all by default, one for all images, or one for each image.
   *
   * @throws ArgumentError if the layer has no such channel, or there is not one for each image
   */
  choose(channels?: number | readonly number[]): void {
    const [images] = this.#octave.images.shape;
    const weights = new Float32Array(images * this.channels);
    if (channels === undefined) weights.fill(1 / this.channels);
    else {
      const list = typeof channels === 'number' ? Array<number>(images).fill(channels) : channels;
      const known = (channel: number) => Number.isInteger(channel) && channel >= 0 && channel < this.channels;
      if (list.length !== images || !list.every(known)) {
        throw new ArgumentError(
          `dream: the channels are ${describe(channels)}; give one from 0 to ${this.channels - 1}, or a list of ${images}, one for each image`,
        );
      }
      weights.fill(this.#others);
      list.forEach((channel, image) => (weights[image * this.channels + channel] = 1));
    }
    for (const { step, measure } of this.#octaves) {
      step.write('weights', weights);
      measure.write('weights', weights);
    }
  }

  /** Makes `count` steps in this octave; several short ones share a submit. */
  async run(count: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await this.step.run(count, { signal });
    await this.step.finish();
  }

  /**
   * Goes on to the next octave, with the images enlarged.
   *
   * @throws ArgumentError if this is the last
   */
  async enlarge(): Promise<void> {
    const next = this.#octaves[this.#at + 1];
    if (!next) {
      throw new ArgumentError(
        `dream: ${formatShape(this.size)} is the last octave; give more sizes to create, or write other images`,
      );
    }
    await next.enlarge!.step();
    await next.enlarge!.finish();
    this.#at++;
  }

  /** The images, [images, height, width, channels]. */
  async read(): Promise<Float32Array> {
    return this.#gpu.variables.read(this.#octave.images);
  }

  /** The objective of each image as it is now: neither jitter nor total variation count. */
  async objectives(): Promise<Float32Array> {
    const { measure } = this.#octave;
    await measure.step();
    return (await measure.read('objective')) as Float32Array;
  }

  destroy(): void {
    for (const { step, measure, enlarge } of this.#octaves) {
      for (const program of [step, measure, enlarge]) program?.destroy();
    }
    this.#gpu.variables.release(this.#octaves.map(({ images }) => images));
  }
}

/** @throws ShapeError if the layer takes no images of that size */
function channelsOf(network: Network, layer: Layer, x: Tensor): number {
  try {
    return responseOf(network, layer, x).shape.at(-1)!;
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause;
    const [own, size] = [network.inputShape, x.shape.slice(1)].map(formatShape);
    throw new ShapeError(
      `dream: the layer ${layer.name} takes no images ${size}, only those of the network, ${own}; leave out sizes, or choose a layer before the dense ones (${cause.message})`,
      { cause },
    );
  }
}

/** Deviation of the noise that a picture of a class begins with. */
const NOISE = 0.1;

/** Grey images to begin with, 0.5 with normal noise and clipped to 0 … 1, the same for the same seed. */
export function greyNoise(shape: Shape, seed = 0): Float32Array {
  const random = randomStream(seed);
  return Float32Array.from({ length: sizeOf(shape) }, () =>
    Math.min(1, Math.max(0, 0.5 + NOISE * normalFrom(random))),
  );
}

function settleOptions(options: DreamOptions) {
  const { gpu, network, layer, images, learningRate = 0.02, jitter = 0 } = options;
  const { totalVariation = 0, seed = 0 } = options;
  const own: Shape = network.inputShape;
  if (own.length !== 3) {
    throw new ArgumentError(
      `dream: ${network.name} takes ${formatShape(own)}; a dream needs a network for images, [height, width, channels]`,
    );
  }
  const sizes = options.sizes ?? [[own[0], own[1]] as const];
  const whole = (value: number, least: number) => Number.isInteger(value) && value >= least;
  const checks: Readonly<Record<string, readonly [value: unknown, fits: boolean, fix: string]>> = {
    images: [images, whole(images, 1), 'a whole number of at least 1'],
    sizes: [
      sizes,
      sizes.length > 0 && sizes.every((size) => size.length === 2 && size.every((side) => whole(side, 2))),
      'a list of [height, width], each at least 2',
    ],
    learningRate: [learningRate, learningRate > 0 && Number.isFinite(learningRate), 'a number above 0'],
    jitter: [jitter, whole(jitter, 0), 'a whole number of pixels, 0 for none'],
    totalVariation: [
      totalVariation,
      totalVariation >= 0 && totalVariation < Infinity,
      'a number of at least 0',
    ],
  };
  for (const [name, [value, fits, fix]] of Object.entries(checks)) {
    if (!fits) throw new ArgumentError(`dream: ${name} is ${describe(value)}; it must be ${fix}`);
  }
  return { gpu, network, layer, images, sizes, learningRate, jitter, totalVariation, seed };
}
