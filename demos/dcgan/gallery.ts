import { ops } from '../../src/index.ts';
import type { Gan, Gpu, Program } from '../../src/index.ts';
import type { Range, TileRenderer, TileSource } from '../shared/tiles.ts';
import { noiseWidth } from './latentShape.ts';
import { SAMPLES } from './protocol.ts';

/** The panels that show this program's buffers. */
export const GALLERY_PANELS = ['fakes', 'reals', 'flow-noise', 'flow-fake', 'flow-real'] as const;

/** Latent values of this size get the full colour: few of N(0, 1) are larger. */
const LARGEST_NOISE = 2.5;

/**
 * Generated digits from fixed noise, real digits, and what the discriminator thinks of both, computed in one submit with
 * the networks as they stand, and drawn from where they lie on the GPU.
 */
export class Gallery {
  readonly #gan: Gan;
  readonly #program: Program;
  readonly #renderer: TileRenderer;
  readonly #latents: Range;
  #watched = 0;

  private constructor(gan: Gan, program: Program, renderer: TileRenderer, latents: Range) {
    this.#gan = gan;
    this.#program = program;
    this.#renderer = renderer;
    this.#latents = latents;
    for (const name of GALLERY_PANELS) this.connect(name);
  }

  /** @param reals the bytes of SAMPLES images of 28 × 28 */
  static async create(gpu: Gpu, gan: Gan, renderer: TileRenderer, reals: Uint8Array): Promise<Gallery> {
    const latents = ops.input('latents', [SAMPLES, ...gan.latentShape]);
    const given = ops.input('reals', [SAMPLES, 28, 28, 1]);
    const [low, high] = gan.imageRange;
    const shown = (images: ReturnType<typeof ops.input>) =>
      ops.multiply(ops.subtract(images, low), 1 / (high - low));
    const program = await gpu.compile(
      () => {
        const judge = (images: ReturnType<typeof ops.input>) =>
          ops.sigmoid(ops.reshape(gan.discriminator.call(images, { training: false }), [SAMPLES]));
        const fakes = gan.generator.call(latents, { training: false });
        const prepared = gan.prepare(given);
        const [fakeOpinions, realOpinions] = [judge(fakes), judge(prepared)];
        return {
          fakes: shown(fakes),
          reals: shown(prepared),
          fakeOpinions,
          realOpinions,
          opinions: ops.concat([fakeOpinions, realOpinions]), // read back at once
          largestNoise: ops.fill([1], LARGEST_NOISE),
        };
      },
      { label: `${gan.name}/gallery` },
    );
    program.write(
      given,
      Float32Array.from(reals, (byte) => low + ((high - low) * byte) / 255),
    );
    const gallery = new Gallery(gan, program, renderer, program.location(latents));
    gallery.setLatents(gan.latents(SAMPLES));
    return gallery;
  }

  setLatents(latents: Float32Array): void {
    this.#program.write('latents', latents);
  }

  /** The sample whose way through the networks is shown. */
  set watched(index: number) {
    this.#watched = index;
    for (const name of GALLERY_PANELS.slice(2)) this.connect(name);
  }

  /** Where the generated images lie: f32 [SAMPLES, height, width, 1], 0 black to 1 white. */
  get fakes(): Range {
    return this.#program.location('fakes');
  }

  /** Lets a panel that has come show what is its to show. */
  connect(name: string): void {
    const source = this.#source(name);
    if (source) this.#renderer.show(name, source);
  }

  #source(name: string): TileSource | undefined {
    const first = this.#watched;
    switch (name) {
      case 'fakes':
      case 'reals':
        return this.#judged(name, 0, SAMPLES);
      case 'flow-fake':
        return this.#judged('fakes', first, 1);
      case 'flow-real':
        return this.#judged('reals', first, 1);
      case 'flow-noise': {
        const size = this.#gan.latentShape[0];
        const width = noiseWidth(size);
        const tiling = { count: 1, width, height: size / width, tileStride: size, rowStride: width };
        const largest = this.#program.location('largestNoise');
        return { kind: 'tensor', values: this.#latents, largest, ...tiling, columnStride: 1, first };
      }
    }
    return undefined;
  }

  #judged(name: 'fakes' | 'reals', first: number, count: number): TileSource {
    const opinions = this.#program.location(name === 'fakes' ? 'fakeOpinions' : 'realOpinions');
    return judgedSource(this.#gan, this.#program.location(name), opinions, { first, count });
  }

  /** Computes and draws everything, in one submit. */
  async look(): Promise<void> {
    await this.#program.step((encoder) => this.#renderer.draw(encoder, GALLERY_PANELS));
  }

  /** The discriminator's probabilities of the last look. */
  async opinions(): Promise<{ fake: Float32Array; real: Float32Array }> {
    const both = (await this.#program.read('opinions')) as Float32Array;
    return { fake: both.subarray(0, SAMPLES), real: both.subarray(SAMPLES) };
  }

  destroy(): void {
    this.#program.destroy();
  }
}

/** Images of a GAN with their probabilities, as a panel draws them. */
export function judgedSource(
  { imageShape }: Gan,
  values: Range,
  opinions: Range,
  { first = 0, count }: { first?: number; count: number },
): TileSource {
  const [height, width, channels] = imageShape;
  const strides = {
    tileStride: height * width * channels,
    rowStride: width * channels,
    columnStride: channels,
  };
  return { kind: 'judged', values, opinions, width, height, first, count, ...strides };
}
