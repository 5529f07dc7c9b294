import type { GanNetworks, GeneratorLoss, Gpu, Network } from '../../src/index.ts';
import { part } from '../../src/part.ts';
import type { History } from '../drawing/history.ts';
import type { PanelRenderer } from '../drawing/renderer.ts';
import { Staged } from '../drawing/staged.ts';
import { judgedSource, tilingOf } from '../drawing/tiles.ts';
import type { TileSource } from '../drawing/tiles.ts';
import { noiseWidth } from '../drawing/latentShape.ts';
import { generated, inputsOf, SIDE } from './generated.ts';
import type { Inputs } from './generated.ts';
import { SAMPLES } from './protocol.ts';
import type { Pictured, Reading } from './protocol.ts';

/** The panels of a first look. */
const FIRST: readonly string[] = ['fakes', 'flow-fake', 'flow-noise'];

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
  /** Loads what reads digits. */
  readonly reader: () => Promise<Network>;
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
  readonly #parts: GalleryParts;
  readonly #inputs: Inputs;
  readonly #staged: Staged;
  /** Undefined until everything is computed. */
  #history: History | undefined;
  #readingOf: ((all: Float32Array) => Reading) | undefined;

  private constructor(parts: GalleryParts, inputs: Inputs, staged: Staged) {
    this.#parts = parts;
    this.#inputs = inputs;
    this.#staged = staged;
    this.refresh();
  }

  /** The generated images, with the opinions of them: the rest comes by `complete`. */
  static async create(parts: GalleryParts): Promise<Gallery> {
    const { gpu, gan } = parts;
    const inputs = inputsOf(gan);
    const define = () => generated(gan, inputs).outputs;
    return new Gallery(parts, inputs, await Staged.create(gpu, define, { label: labelOf(gan) }));
  }

  async complete(): Promise<void> {
    const { gpu, gan, reader, loss } = this.#parts;
    const isLarge = gan.imageShape[0] !== SIDE;
    const [{ everything, History, readingOf }, own, shrink] = await Promise.all([
      part('The script that judges images', () => import('./everything.ts')),
      reader(),
      isLarge ? part('The script that shrinks images', shrinking) : undefined,
    ]);
    const define = () => everything({ gan, loss, reader: own, shrink }, this.#inputs);
    await this.#staged.complete(define, () => {
      const { program } = this.#staged;
      this.#readingOf = readingOf;
      this.#history = new History(gpu, [program.location('fakes'), program.location('fakeOpinions')]);
      this.refresh();
    });
  }

  /** @param bytes of SAMPLES images of 28 × 28 */
  set reals(bytes: Uint8Array) {
    const [low, high] = this.#parts.gan.imageRange;
    const values = Float32Array.from(bytes, (byte) => low + ((high - low) * byte) / 255);
    this.#staged.write(this.#inputs.reals, values);
  }

  /** Other latent vectors: what was made from those before is no past of theirs. */
  set latents(latents: Float32Array) {
    this.#staged.write(this.#inputs.latents, latents);
    this.forget();
  }

  forget(): void {
    this.#history?.clear();
    this.connect('fakes');
  }

  /** The steps whose images are kept. */
  get moments(): readonly number[] {
    return this.#history?.steps ?? [];
  }

  /** The wishes have changed. */
  refresh(): void {
    for (const panel of Object.keys(this.#panels)) this.connect(panel);
  }

  /** Lets a panel that has come show what is its to show. */
  connect(panel: string): void {
    const source = this.#panels[panel];
    if (source && (this.isComplete || FIRST.includes(panel))) this.#parts.renderer.show(panel, source());
  }

  /** What each panel shows. */
  readonly #panels: Readonly<Record<string, () => TileSource>> = {
    fakes: () => {
      const { pictured, past } = this.#parts.wishes;
      const moment = past === undefined ? undefined : this.#history?.find(past);
      if (moment) return judgedSource(this.#parts.gan.imageShape, moment[0], moment[1], SAMPLES);
      return pictured === 'gradients' && this.isComplete
        ? this.#gradients(SAMPLES)
        : this.#judged('fake', SAMPLES);
    },
    reals: () => this.#judged('real', SAMPLES),
    'flow-fake': () => this.#judged('fake', 1, this.#parts.wishes.watched),
    'flow-real': () => this.#judged('real', 1, this.#parts.wishes.watched),
    'flow-gradient': () => this.#gradients(1, this.#parts.wishes.watched),
    'flow-noise': () => {
      const size = this.#parts.gan.latentShape[0];
      const width = noiseWidth(size);
      return this.#tensor('noise', 'largestNoise', [size / width, width, 1], 1, this.#parts.wishes.watched);
    },
  };

  #judged(kind: 'fake' | 'real', count: number, first = 0): TileSource {
    const [images, opinions] = [`${kind}s`, `${kind}Opinions`].map((name) =>
      this.#staged.program.location(name),
    );
    return judgedSource(this.#parts.gan.imageShape, images, opinions, count, first);
  }

  #gradients(count: number, first = 0): TileSource {
    return this.#tensor('gradients', 'largestGradient', this.#parts.gan.imageShape, count, first);
  }

  #tensor(name: string, scale: string, shape: readonly number[], count: number, first: number): TileSource {
    const [values, largest] = [name, scale].map((output) => this.#staged.program.location(output));
    return { kind: 'tensor', values, largest, ...tilingOf(shape, count, first) };
  }

  /** Computes and draws everything, in one submit. The answer tells whether the images of this step were kept. */
  async look(step: number): Promise<boolean> {
    let isKept = false;
    await this.#staged.program.step((encoder) => {
      isKept = this.#history?.take(encoder, step) ?? false;
      if (isKept && this.#parts.wishes.past !== undefined) this.connect('fakes');
      this.#parts.renderer.draw(encoder, Object.keys(this.#panels));
    });
    return isKept;
  }

  /** Whether it computes everything. */
  get isComplete(): boolean {
    return this.#history !== undefined;
  }

  /** What the last look has found, where it computed everything. */
  async reading(): Promise<Reading> {
    return this.#readingOf!((await this.#staged.program.read('reading')) as Float32Array);
  }

  destroy(): void {
    this.#history?.clear();
    this.#staged.destroy();
  }
}

/** To the size that the reader takes. */
const shrinking = async () => (await import('./shrink.ts')).shrink;

const labelOf = ({ name }: GanNetworks) => `${name}/gallery`;
