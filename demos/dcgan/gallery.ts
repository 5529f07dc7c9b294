import { gradients, ops } from '../../src/index.ts';
import type { GanNetworks, GeneratorLoss, Gpu, Network, Program, Tensor } from '../../src/index.ts';
import { part } from '../../src/part.ts';
import { entropy, meanConfidence, predictedShares } from '../../src/models/digitScore.ts';
import { History } from '../drawing/history.ts';
import type { PanelRenderer } from '../drawing/renderer.ts';
import { judgedSource, tilingOf } from '../drawing/tiles.ts';
import type { TileSource } from '../drawing/tiles.ts';
import { noiseWidth } from '../drawing/latentShape.ts';
import { SAMPLES } from './protocol.ts';
import type { Pictured, Reading } from './protocol.ts';

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
  readonly gan: GanNetworks;
  /** Reads digits. */
  readonly reader: Network;
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
  readonly #gan: GanNetworks;
  readonly #renderer: PanelRenderer;
  readonly #wishes: Readonly<Wishes>;
  readonly #program: Program;
  readonly #history: History;

  private constructor({ gpu, gan, renderer, wishes }: GalleryParts, program: Program) {
    this.#gan = gan;
    this.#renderer = renderer;
    this.#wishes = wishes;
    this.#program = program;
    this.#history = new History(gpu, [program.location('fakes'), program.location('fakeOpinions')]);
  }

  static async create(parts: GalleryParts): Promise<Gallery> {
    const { gpu, gan } = parts;
    const shrink =
      gan.imageShape[0] === SIDE ? undefined : await part('The script that shrinks images', shrinking);
    const program = await gpu.compile(() => outputs(parts, shrink), { label: `${gan.name}/gallery` });
    const gallery = new Gallery(parts, program);
    gallery.refresh();
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
    this.#history.clear();
    this.connect('fakes');
  }

  /** The steps whose images are kept. */
  get moments(): readonly number[] {
    return this.#history.steps;
  }

  /** The wishes have changed. */
  refresh(): void {
    for (const panel of Object.keys(this.#panels)) this.connect(panel);
  }

  /** Lets a panel that has come show what is its to show. */
  connect(panel: string): void {
    const source = this.#panels[panel];
    if (source) this.#renderer.show(panel, source());
  }

  /** What each panel shows. */
  readonly #panels: Readonly<Record<string, () => TileSource>> = {
    fakes: () => {
      const { pictured, past } = this.#wishes;
      const moment = past === undefined ? undefined : this.#history.find(past);
      if (moment) return judgedSource(this.#gan.imageShape, moment[0], moment[1], SAMPLES);
      return pictured === 'gradients' ? this.#gradients(SAMPLES) : this.#judged('fake', SAMPLES);
    },
    reals: () => this.#judged('real', SAMPLES),
    'flow-fake': () => this.#judged('fake', 1, this.#wishes.watched),
    'flow-real': () => this.#judged('real', 1, this.#wishes.watched),
    'flow-gradient': () => this.#gradients(1, this.#wishes.watched),
    'flow-noise': () => {
      const size = this.#gan.latentShape[0];
      const width = noiseWidth(size);
      return this.#tensor('noise', 'largestNoise', [size / width, width, 1], 1, this.#wishes.watched);
    },
  };

  #judged(kind: 'fake' | 'real', count: number, first = 0): TileSource {
    const [images, opinions] = [`${kind}s`, `${kind}Opinions`].map((name) => this.#program.location(name));
    return judgedSource(this.#gan.imageShape, images, opinions, count, first);
  }

  #gradients(count: number, first = 0): TileSource {
    return this.#tensor('gradients', 'largestGradient', this.#gan.imageShape, count, first);
  }

  #tensor(name: string, scale: string, shape: readonly number[], count: number, first: number): TileSource {
    const [values, largest] = [name, scale].map((output) => this.#program.location(output));
    return { kind: 'tensor', values, largest, ...tilingOf(shape, count, first) };
  }

  /** Computes and draws everything, in one submit. The answer tells whether the images of this step were kept. */
  async look(step: number): Promise<boolean> {
    let isKept = false;
    await this.#program.step((encoder) => {
      isKept = this.#history.take(encoder, step);
      if (isKept && this.#wishes.past !== undefined) this.connect('fakes');
      this.#renderer.draw(encoder, Object.keys(this.#panels));
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
    this.#history.clear();
    this.#program.destroy();
  }
}

/** To the size that the reader takes. */
const shrinking = async () => (await import('./shrink.ts')).shrink;

function outputs(
  { gan, reader, loss }: GalleryParts,
  shrink: ((images: Tensor, side: number) => Tensor) | undefined,
): Record<string, Tensor> {
  const [low, high] = gan.imageRange;
  const flat = (x: Tensor) => ops.reshape(x, [SAMPLES]);
  const judge = (images: Tensor) => flat(gan.discriminator.call(images, { training: false }));
  /** 0 black to 1 white. */
  const shown = (images: Tensor) => ops.multiply(ops.subtract(images, low), 1 / (high - low));

  const noise = ops.input('latents', [SAMPLES, ...gan.latentShape]);
  const fakes = gan.generator.call(noise, { training: false });
  const reals = gan.prepare(ops.input('real', [SAMPLES, SIDE, SIDE, 1]));
  const logits = judge(fakes);
  const [fakeOpinions, realOpinions] = [logits, judge(reals)].map((each) => ops.sigmoid(each));

  // Each image has its own loss: the gradient of their sum is that of each.
  const own = loss === 'minimax' ? ops.logSigmoid(ops.negate(logits)) : ops.negate(ops.logSigmoid(logits));
  const gradient = gradients(ops.reduceSum(own), [fakes])[0]!;
  const pull = ops.reduceMax(ops.abs(gradient), { axes: [1, 2, 3], keepDims: true });

  const images = shown(fakes);
  const small = shrink?.(images, SIDE) ?? images;
  const digits = ops.softmax(reader.call(small, { training: false }));
  return {
    fakes: images,
    reals: shown(reals),
    fakeOpinions,
    realOpinions,
    gradients: ops.divide(gradient, ops.maximum(pull, 1e-12)), // each at its own scale
    largestGradient: ops.fill([1], 1),
    noise: noise,
    largestNoise: ops.fill([1], LARGEST_NOISE),
    // Read back at once.
    reading: ops.concat([fakeOpinions, realOpinions, flat(pull), ops.reshape(digits, [SAMPLES * CLASSES])]),
  };
}
