import type { Gan, GanSampler } from '../../src/index.ts';
import type { PanelRenderer } from '../drawing/renderer.ts';
import { judgedSource } from './gallery.ts';
import { MAP } from './protocol.ts';

/**
 * The latent vector at (x, y) between the four in the corners. Bilinear interpolation alone ends at vectors that are too
 * short: those of N(0, I) lie close to a sphere of radius √n, and their mean far inside it. So the result is stretched
 * to the interpolated length, which keeps to the sphere nearly as spherical interpolation does (White 2016).
 */
export function between(corners: readonly Float32Array[], x: number, y: number): Float32Array {
  const shares = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  const mean = corners[0].map((_, i) =>
    corners.reduce((sum, corner, which) => sum + shares[which] * corner[i], 0),
  );
  const length = corners.reduce((sum, corner, which) => sum + shares[which] * norm(corner), 0);
  const stretch = length / Math.max(norm(mean), 1e-6);
  return mean.map((value) => value * stretch);
}

function norm(vector: Float32Array): number {
  return Math.hypot(...vector);
}

/** Draws images between four latent vectors: a map of them all, and the one at a place. */
export class Walk {
  readonly #renderer: PanelRenderer;
  readonly #map: GanSampler;
  readonly #one: GanSampler;
  readonly #gan: Gan;

  private constructor(gan: Gan, renderer: PanelRenderer, map: GanSampler, one: GanSampler) {
    this.#gan = gan;
    this.#renderer = renderer;
    this.#map = map;
    this.#one = one;
    this.connect('map');
    this.connect('walk');
  }

  static async create(gan: Gan, renderer: PanelRenderer): Promise<Walk> {
    const map = await gan.sampler({ count: MAP * MAP });
    return new Walk(gan, renderer, map, await gan.sampler({ count: 1 }));
  }

  /** Lets a panel that has come show what is its to show. */
  connect(name: string): void {
    const sampler = { map: this.#map, walk: this.#one }[name];
    if (!sampler) return;
    const { images, probabilities, count } = sampler;
    this.#renderer.show(name, judgedSource(this.#gan, images, probabilities, { count }));
  }

  /** Draws the map between these corners. */
  async drawMap(corners: readonly Float32Array[]): Promise<void> {
    const places = Array.from({ length: MAP * MAP }, (_, i) => [i % MAP, Math.floor(i / MAP)]);
    const vectors = places.map(([column, row]) => between(corners, column / (MAP - 1), row / (MAP - 1)));
    this.#map.setLatents(Float32Array.from(vectors.flatMap((vector) => [...vector])));
    await this.#map.program.step((encoder) => this.#renderer.draw(encoder, ['map']));
  }

  /** Draws the image at a place; the answer is the discriminator's opinion of it. */
  async draw(corners: readonly Float32Array[], x: number, y: number): Promise<number> {
    this.#one.setLatents(between(corners, x, y));
    await this.#one.program.step((encoder) => this.#renderer.draw(encoder, ['walk']));
    return (await this.#one.readProbabilities())[0];
  }

  destroy(): void {
    this.#map.destroy();
    this.#one.destroy();
  }
}
