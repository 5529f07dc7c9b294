import { GanSampler } from '../../src/index.ts';
import type { GanNetworks, Gpu } from '../../src/index.ts';
import { Lifetime } from '../../src/nn/training/lifetime.ts';
import { between, mapBetween } from '../drawing/latentWalk.ts';
import type { PanelRenderer } from '../drawing/renderer.ts';
import { judgedSource } from './gallery.ts';
import { MAP } from './protocol.ts';

/** Draws images between four latent vectors: a map of them all, and the one at a place. */
export class Walk {
  readonly #renderer: PanelRenderer;
  readonly #gan: GanNetworks;
  /** By their panels. */
  readonly #samplers: Readonly<Record<'map' | 'walk', GanSampler>>;

  private constructor(gan: GanNetworks, renderer: PanelRenderer, map: GanSampler, walk: GanSampler) {
    this.#gan = gan;
    this.#renderer = renderer;
    this.#samplers = { map, walk };
    for (const panel of ['map', 'walk']) this.connect(panel);
  }

  static async create(gpu: Gpu, networks: GanNetworks, renderer: PanelRenderer): Promise<Walk> {
    const sampler = (count: number) =>
      GanSampler.create({ networks, gpu, state: { lifetime: new Lifetime() } }, { count });
    return new Walk(networks, renderer, await sampler(MAP * MAP), await sampler(1));
  }

  /** Connects a new panel to its picture. */
  connect(panel: string): void {
    const sampler = this.#samplers[panel as 'map' | 'walk'];
    if (!sampler) return;
    const { images, probabilities, count } = sampler;
    this.#renderer.show(panel, judgedSource(this.#gan, images, probabilities, count));
  }

  /** Draws the map between these corners. */
  async drawMap(corners: readonly Float32Array[]): Promise<void> {
    await this.#draw('map', mapBetween(corners, MAP));
  }

  /** Draws the image at a place; the answer is the discriminator's opinion of it. */
  async draw(corners: readonly Float32Array[], x: number, y: number): Promise<number> {
    await this.#draw('walk', between(corners, x, y));
    return (await this.#samplers.walk.readProbabilities())[0];
  }

  async #draw(panel: 'map' | 'walk', latents: Float32Array): Promise<void> {
    const sampler = this.#samplers[panel];
    sampler.setLatents(latents);
    await sampler.program.step((encoder) => this.#renderer.draw(encoder, [panel]));
  }

  destroy(): void {
    for (const sampler of Object.values(this.#samplers)) sampler.destroy();
  }
}
