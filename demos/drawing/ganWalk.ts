import { GanSampler } from '../../src/index.ts';
import type { GanNetworks, Gpu } from '../../src/index.ts';
import { Lifetime } from '../../src/nn/training/lifetime.ts';
import { between, mapBetween } from './latentWalk.ts';
import type { PanelRenderer } from './renderer.ts';
import { judgedSource } from './tiles.ts';

/** What a walk draws with, and into the panels `map` and `walk`. */
export interface WalkParts {
  readonly gpu: Gpu;
  readonly networks: GanNetworks;
  readonly renderer: PanelRenderer;
  /** Images on a side of the map. */
  readonly side: number;
}

/** Draws a GAN's images between four latent vectors: a map of them all, and the one at a place. */
export class GanWalk {
  readonly #parts: WalkParts;
  /** By their panels. */
  readonly #samplers: Readonly<Record<'map' | 'walk', GanSampler>>;

  private constructor(parts: WalkParts, map: GanSampler, walk: GanSampler) {
    this.#parts = parts;
    this.#samplers = { map, walk };
    for (const panel of ['map', 'walk']) this.connect(panel);
  }

  static async create(parts: WalkParts): Promise<GanWalk> {
    const { gpu, networks, side } = parts;
    const sampler = (count: number) =>
      GanSampler.create({ networks, gpu, state: { lifetime: new Lifetime() } }, { count });
    return new GanWalk(parts, await sampler(side * side), await sampler(1));
  }

  /** Connects a new panel to its picture. */
  connect(panel: string): void {
    const sampler = this.#samplers[panel as 'map' | 'walk'];
    if (!sampler) return;
    const { images, probabilities, count } = sampler;
    const { renderer, networks } = this.#parts;
    renderer.show(panel, judgedSource(networks.imageShape, images, probabilities, count));
  }

  /** Draws the map between these corners. */
  async drawMap(corners: readonly Float32Array[]): Promise<void> {
    await this.#draw('map', mapBetween(corners, this.#parts.side));
  }

  /** Draws the image at a place; the answer is the discriminator's opinion of it. */
  async draw(corners: readonly Float32Array[], x: number, y: number): Promise<number> {
    await this.#draw('walk', between(corners, x, y));
    return (await this.#samplers.walk.readProbabilities())[0];
  }

  async #draw(panel: 'map' | 'walk', latents: Float32Array): Promise<void> {
    const sampler = this.#samplers[panel];
    sampler.setLatents(latents);
    await sampler.program.step((encoder) => this.#parts.renderer.draw(encoder, [panel]));
  }

  destroy(): void {
    for (const sampler of Object.values(this.#samplers)) sampler.destroy();
  }
}
