import { beforeAll, describe, expect, it } from 'vitest';
import { dense, flatten, Gan, ops, reshape, sequential } from '../../src/index.ts';
import type { Gpu, Model } from '../../src/index.ts';
import { Gallery } from '../../demos/dcgan/gallery.ts';
import type { GalleryParts, Wishes } from '../../demos/dcgan/gallery.ts';
import { SAMPLES } from '../../demos/dcgan/protocol.ts';
import type { Range } from '../../demos/drawing/kind.ts';
import type { JudgedSource, TileSource } from '../../demos/drawing/tiles.ts';
import { testGpu } from '../helpers/evaluate.ts';

const SIDE = 64;
const PIXELS = SIDE * SIDE;

/** Networks of one layer each for images of 64 × 64, as the preset `pytorch` has them: data of 28 × 28 are resized. */
function tinyGan(): Gan {
  const generator = [dense({ units: PIXELS, activation: 'tanh' }), reshape([SIDE, SIDE, 1])];
  return new Gan({
    name: 'tiny',
    seed: 3,
    generator: sequential(generator, { inputShape: [6], name: 'generator', seed: 1 }),
    discriminator: sequential([flatten(), dense({ units: 1 })], {
      inputShape: [SIDE, SIDE, 1],
      name: 'discriminator',
      seed: 2,
    }),
    imageRange: [-1, 1],
    prepare: (images) => ops.resize2d(images, [SIDE, SIDE], { interpolation: 'bilinear' }),
  });
}

/** Keeps what the panels are to show. */
class Shown {
  readonly sources = new Map<string, TileSource>();
  readonly drawn: string[] = [];
  show(name: string, source: TileSource): void {
    this.sources.set(name, source);
  }
  draw(_: GPUCommandEncoder, names: readonly string[]): void {
    this.drawn.push(...names);
  }
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe('the gallery of a GAN whose images are larger than the data', () => {
  let gpu: Gpu;
  let gan: Gan;
  let gallery: Gallery;
  let weights: Float32Array;
  let bias: number;
  let isKept: boolean;
  /** What there was to see before the gallery was complete. */
  let first: {
    panels: string[];
    fakes: Float32Array;
    opinions: Float32Array;
    moments: readonly number[];
  };
  const shown = new Shown();
  const wishes: Wishes = { watched: 3, pictured: 'images', past: undefined };
  const read = async ({ buffer, offset, bytes }: Range) =>
    new Float32Array(await gpu.device.read(buffer, offset, bytes));
  const source = (name: string) =>
    shown.sources.get(name) as Extract<TileSource, { kind: 'tensor' | 'judged' }>;

  beforeAll(async () => {
    gpu = await testGpu();
    gan = await tinyGan().compile({ gpu });
    const reader: Model = sequential([flatten(), dense({ units: 10 })], { inputShape: [28, 28, 1], seed: 4 });
    await reader.compile({ gpu, loss: 'softmaxCrossEntropy' });
    const renderer = shown as unknown as GalleryParts['renderer'];
    gallery = await Gallery.create({
      gpu,
      gan,
      reader: async () => reader,
      loss: 'nonSaturating',
      renderer,
      wishes,
    });
    gallery.latents = gan.latents(SAMPLES, 5);
    // Each real image has one grey: so has what is resized of it.
    gallery.reals = Uint8Array.from({ length: SAMPLES * 784 }, (_, i) => 4 * Math.floor(i / 784));
    await gallery.look(gan.step);
    first = {
      panels: [...shown.sources.keys()],
      fakes: await read(source('fakes').values),
      opinions: await read((source('fakes') as JudgedSource).opinions),
      moments: gallery.moments,
    };
    await gallery.complete();
    isKept = await gallery.look(gan.step);
    const values = await gpu.variables.readAll(gan.discriminator.trainableVariables);
    const [kernel, offset] = gan.discriminator.trainableVariables.map((each) => values.get(each)!);
    [weights, bias] = [kernel, offset[0]];
  });

  it('shows the generated images and the opinions of them at a first look, the same as later', async () => {
    expect(first.panels.toSorted()).toEqual(['fakes', 'flow-fake', 'flow-noise']);
    expect(first.fakes).toEqual(await read(source('fakes').values));
    expect(first.opinions).toEqual(await read((source('fakes') as JudgedSource).opinions));
    expect(first.moments).toEqual([]);
  });

  it('shows images from 0 to 1 in the size of the networks', async () => {
    for (const name of ['fakes', 'reals']) {
      expect(source(name)).toMatchObject({ kind: 'judged', count: SAMPLES, width: SIDE, height: SIDE });
    }
    const reals = await read(source('reals').values);
    for (const image of [0, 17, 63]) expect(reals[image * PIXELS + 2080]).toBeCloseTo((4 * image) / 255, 4);
    const fakes = await read(source('fakes').values);
    expect(fakes.filter((value) => !(value > 0 && value < 1))).toHaveLength(0);
    expect(source('flow-fake')).toMatchObject({ count: 1, first: 3, width: SIDE });
    expect(source('flow-noise')).toMatchObject({ first: 3, width: 3, height: 2 });
    expect([...(await read(source('flow-noise').values))]).toEqual([...gan.latents(SAMPLES, 5)]);
    expect(new Set(shown.drawn)).toEqual(new Set(shown.sources.keys()));
  });

  it('knows the opinions, and the gradient of each image’s own loss', async () => {
    const { fake, real, pull, confidences, entropy } = await gallery.reading();
    for (const [name, opinions] of [
      ['fakes', fake],
      ['reals', real],
    ] as const) {
      const images = await read(source(name).values);
      for (const image of [0, 31, 63]) {
        let logit = bias;
        for (let i = 0; i < PIXELS; i++) logit += weights[i] * (2 * images[image * PIXELS + i] - 1);
        expect(opinions[image]).toBeCloseTo(sigmoid(logit), 4);
      }
    }
    // ∂(−log σ(l))/∂pixel = (σ(l) − 1) w
    const largest = Math.max(...weights.map(Math.abs));
    for (const image of [0, 63]) expect(pull[image]).toBeCloseTo((1 - fake[image]) * largest, 5);
    const gradients = await read(source('flow-gradient').values);
    for (const pixel of [0, 777, 4095]) {
      expect(gradients[3 * PIXELS + pixel]).toBeCloseTo(-weights[pixel] / largest, 4);
    }
    expect(entropy).toBeGreaterThanOrEqual(0);
    expect(Math.min(...confidences)).toBeGreaterThanOrEqual(0.1);
  });

  it('shows gradients of all, or what was generated before', async () => {
    wishes.pictured = 'gradients';
    gallery.refresh();
    expect(source('fakes')).toMatchObject({ kind: 'tensor', count: SAMPLES });
    wishes.past = 0;
    const before = await read(source('flow-fake').values);
    gallery.refresh();
    expect(isKept).toBe(true);
    expect(gallery.moments).toEqual([0]);
    expect(source('fakes').kind).toBe('judged');
    expect(source('fakes').values.buffer).not.toBe(source('flow-fake').values.buffer);
    const kept = await read(source('fakes').values);
    expect(kept.length === before.length && kept.every((value, i) => value === before[i])).toBe(true);
    gallery.latents = gan.latents(SAMPLES, 6); // other noise has no past
    expect(gallery.moments).toEqual([]);
    expect(source('fakes').kind).toBe('tensor');
  });
});
