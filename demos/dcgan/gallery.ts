import { gradients, ops } from '../../src/index.ts';
import type { Gan, GeneratorLoss, Gpu, Model, Program, Tensor } from '../../src/index.ts';
import { entropy, meanConfidence, predictedShares } from '../../src/models/digitScore.ts';
import type { Range } from '../drawing/kind.ts';
import type { PanelRenderer } from '../drawing/renderer.ts';
import type { TileSource } from '../drawing/tiles.ts';
import { noiseWidth } from './latentShape.ts';
import { Past } from './past.ts';
import { SAMPLES } from './protocol.ts';
import type { Pictured, Reading } from './protocol.ts';

/** The panels that show this program's buffers. */
const PANELS = ['fakes', 'reals', 'flow-noise', 'flow-fake', 'flow-real', 'flow-gradient'] as const;
const SIDE = 28;
const CLASSES = 10;
/** Latent values of this size get the full colour: few of N(0, 1) are larger. */
const LARGEST_NOISE = 2.5;

/** What the reader wants to see; it outlives networks and GPUs. */
export interface Wishes {
  watched: number;
  pictured: Pictured;
  /** The generated images as they were after this step; undefined: as they are. */
  past: number | undefined;
}

export interface GalleryParts {
  readonly gpu: Gpu;
  readonly gan: Gan;
  /** Reads digits. */
  readonly classifier: Model;
  readonly loss: GeneratorLoss;
  readonly renderer: PanelRenderer;
  readonly wishes: Readonly<Wishes>;
}

/**
 * Generated digits from fixed noise and real digits, what the discriminator thinks of both, how it wants the generated
 * pixels changed, and what a classifier reads: computed in one submit with the networks as they stand, and drawn from
 * where they lie on the GPU.
 */
export class Gallery {
  readonly #gan: Gan;
  readonly #renderer: PanelRenderer;
  readonly #wishes: Readonly<Wishes>;
  readonly #program: Program;
  readonly #latents: Range;
  readonly #past: Past;

  private constructor({ gpu, gan, renderer, wishes }: GalleryParts, program: Program, latents: Range) {
    this.#gan = gan;
    this.#renderer = renderer;
    this.#wishes = wishes;
    this.#program = program;
    this.#latents = latents;
    this.#past = new Past(gpu, program.location('fakes'), program.location('fakeOpinions'));
  }

  static async create(parts: GalleryParts): Promise<Gallery> {
    const { gpu, gan } = parts;
    const latents = ops.input('latents', [SAMPLES, ...gan.latentShape]);
    const program = await gpu.compile(() => outputs(parts, latents), { label: `${gan.name}/gallery` });
    const gallery = new Gallery(parts, program, program.location(latents));
    for (const name of PANELS) gallery.connect(name);
    return gallery;
  }

  /** @param bytes of SAMPLES images of 28 × 28 */
  set reals(bytes: Uint8Array) {
    const [low, high] = this.#gan.imageRange;
    const values = Float32Array.from(bytes, (byte) => low + ((high - low) * byte) / 255);
    this.#program.write('real', values);
  }

  /** Other latent vectors: what was made from those before is no past of theirs. */
  set latents(latents: Float32Array) {
    this.#program.write('latents', latents);
    this.forget();
  }

  forget(): void {
    this.#past.clear();
    this.connect('fakes');
  }

  /** The steps whose images are kept. */
  get moments(): readonly number[] {
    return this.#past.steps;
  }

  /** The wishes have changed. */
  refresh(): void {
    for (const name of PANELS) this.connect(name);
  }

  /** Lets a panel that has come show what is its to show. */
  connect(name: string): void {
    const source = this.#source(name);
    if (source) this.#renderer.show(name, source);
  }

  #source(name: string): TileSource | undefined {
    const { watched: first, pictured, past } = this.#wishes;
    switch (name) {
      case 'fakes': {
        const moment = past === undefined ? undefined : this.#past.find(past);
        if (moment) return judgedSource(this.#gan, moment.images, moment.opinions, { count: SAMPLES });
        return pictured === 'gradients' ? this.#gradients(0, SAMPLES) : this.#judged('fake', 0, SAMPLES);
      }
      case 'reals':
        return this.#judged('real', 0, SAMPLES);
      case 'flow-fake':
        return this.#judged('fake', first, 1);
      case 'flow-real':
        return this.#judged('real', first, 1);
      case 'flow-gradient':
        return this.#gradients(first, 1);
      case 'flow-noise': {
        const size = this.#gan.latentShape[0];
        const width = noiseWidth(size);
        const tiling = { count: 1, width, height: size / width, tileStride: size, rowStride: width, first };
        const largest = this.#program.location('largestNoise');
        return { kind: 'tensor', values: this.#latents, largest, ...tiling, columnStride: 1 };
      }
    }
    return undefined;
  }

  #judged(kind: 'fake' | 'real', first: number, count: number): TileSource {
    const [images, opinions] = [`${kind}s`, `${kind}Opinions`].map((name) => this.#program.location(name));
    return judgedSource(this.#gan, images, opinions, { first, count });
  }

  #gradients(first: number, count: number): TileSource {
    const values = this.#program.location('gradients');
    const largest = this.#program.location('largestGradient');
    return { kind: 'tensor', values, largest, ...tilingOf(this.#gan, first, count) };
  }

  /** Computes and draws everything, in one submit. The answer tells whether the images of this step were kept. */
  async look(): Promise<boolean> {
    let isKept = false;
    await this.#program.step((encoder) => {
      isKept = this.#past.take(encoder, this.#gan.step);
      if (isKept && this.#wishes.past !== undefined) this.connect('fakes');
      this.#renderer.draw(encoder, PANELS);
    });
    return isKept;
  }

  /** What the last look has found. */
  async reading(): Promise<Reading> {
    const all = (await this.#program.read('reading')) as Float32Array;
    const [fake, real, pull] = [0, 1, 2].map((part) => all.slice(part * SAMPLES, (part + 1) * SAMPLES));
    const probabilities = all.subarray(3 * SAMPLES);
    const rows = Array.from(fake, (_, i) => probabilities.subarray(i * CLASSES, (i + 1) * CLASSES));
    return {
      fake,
      real,
      pull,
      digits: Uint8Array.from(rows, (row) => row.indexOf(Math.max(...row))),
      confidences: Float32Array.from(rows, (row) => Math.max(...row)),
      meanConfidence: meanConfidence({ probabilities, classes: CLASSES }),
      entropy: entropy(predictedShares({ probabilities, classes: CLASSES })),
    };
  }

  destroy(): void {
    this.#past.clear();
    this.#program.destroy();
  }
}

function outputs({ gan, classifier, loss }: GalleryParts, latents: Tensor): Record<string, Tensor> {
  const [low, high] = gan.imageRange;
  const flat = (x: Tensor) => ops.reshape(x, [SAMPLES]);
  const judge = (images: Tensor) => flat(gan.discriminator.call(images, { training: false }));
  /** 0 black to 1 white. */
  const shown = (images: Tensor) => ops.multiply(ops.subtract(images, low), 1 / (high - low));

  const fakes = gan.generator.call(latents, { training: false });
  const reals = gan.prepare(ops.input('real', [SAMPLES, SIDE, SIDE, 1]));
  const logits = judge(fakes);
  const [fakeOpinions, realOpinions] = [logits, judge(reals)].map((each) => ops.sigmoid(each));

  // Each image has its own loss: the gradient of their sum is that of each.
  const own = loss === 'minimax' ? ops.logSigmoid(ops.negate(logits)) : ops.negate(ops.logSigmoid(logits));
  const gradient = gradients(ops.reduceSum(own), [fakes])[0]!;
  const pull = ops.reduceMax(ops.abs(gradient), { axes: [1, 2, 3], keepDims: true });

  const images = shown(fakes);
  const small = gan.imageShape[0] === SIDE ? images : ops.resize2d(images, [SIDE, SIDE]);
  const digits = ops.softmax(classifier.call(small, { training: false }));
  return {
    fakes: images,
    reals: shown(reals),
    fakeOpinions,
    realOpinions,
    gradients: ops.divide(gradient, ops.maximum(pull, 1e-12)), // each at its own scale
    largestGradient: ops.fill([1], 1),
    largestNoise: ops.fill([1], LARGEST_NOISE),
    // Read back at once.
    reading: ops.concat([fakeOpinions, realOpinions, flat(pull), ops.reshape(digits, [SAMPLES * CLASSES])]),
  };
}

function tilingOf({ imageShape }: Gan, first: number, count: number) {
  const [height, width, channels] = imageShape;
  const strides = { tileStride: height * width * channels, rowStride: width * channels };
  return { width, height, first, count, ...strides, columnStride: channels };
}

/** Images of a GAN with their probabilities, as a panel draws them. */
export function judgedSource(
  gan: Gan,
  values: Range,
  opinions: Range,
  { first = 0, count }: { first?: number; count: number },
): TileSource {
  return { kind: 'judged', values, opinions, ...tilingOf(gan, first, count) };
}
