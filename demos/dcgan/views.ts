import type { Gan, Gpu } from '../../src/index.ts';
import { entropy, meanConfidence, predictedShares } from '../../src/models/digitScore.ts';
import { coalesce } from '../shared/coalesce.ts';
import type { TileRenderer } from '../shared/tiles.ts';
import type { Critic } from './critic.ts';
import { Gallery } from './gallery.ts';
import { SAMPLES } from './protocol.ts';
import type { Place } from './protocol.ts';
import type { Hooks } from './hooks.ts';
import { Walk } from './walk.ts';

/** Each view takes at most about this share of the time. */
const SHARE = 0.15;
/** The least time between two looks, on a GPU and on a CPU that plays one. */
const PAUSE_MS = {
  gallery: { gpu: 100, software: 1000 },
  classes: { gpu: 1000, software: 4000 },
  walk: { gpu: 200, software: 4000 },
};
const CLASSES = 10;

export interface Surroundings {
  readonly renderer: TileRenderer;
  readonly critic: Critic;
}

/** What there is to see of two networks: their gallery, the latent walk, and the digits that a classifier finds. */
export class Views {
  readonly #gpu: Gpu;
  readonly #gan: Gan;
  readonly #around: Surroundings;
  readonly #hooks: Hooks;
  readonly #gallery: Gallery;
  readonly #clocks = { gallery: new Due(), classes: new Due(), walk: new Due() };
  #walk: Promise<Walk> | undefined;
  /** The step at which each was last drawn. */
  #step = -1;
  #classesStep = -1;
  /** What the map of the walk was last drawn from. */
  #map = '';
  #latents: Float32Array;
  #ended = false;

  private constructor(gpu: Gpu, gan: Gan, gallery: Gallery, around: Surroundings, hooks: Hooks) {
    this.#gpu = gpu;
    this.#gan = gan;
    this.#gallery = gallery;
    this.#around = around;
    this.#hooks = hooks;
    this.#latents = gan.latents(SAMPLES);
    this.changeNoise();
    gallery.watched = hooks.wishes.watched;
    around.critic.lookAt(gan, gallery.fakes);
  }

  static async create(gpu: Gpu, gan: Gan, around: Surroundings, reals: Uint8Array, hooks: Hooks) {
    const gallery = await Gallery.create(gpu, gan, around.renderer, reals);
    return new Views(gpu, gan, gallery, around, hooks);
  }

  /** Draws what is due while training goes on. */
  async keepUp(): Promise<void> {
    if (this.#isDue('gallery')) await this.look();
    if (this.#isDue('classes')) await this.classify();
    if (this.#walk && this.#isDue('walk')) await this.stroll();
  }

  /** Brings everything to the step that the networks are at. */
  async settle(): Promise<void> {
    if (this.#step !== this.#gan.step) await this.look();
    if (this.#classesStep !== this.#gan.step) await this.classify();
    if (this.#walk) await this.stroll();
  }

  #isDue(name: keyof typeof PAUSE_MS): boolean {
    return this.#clocks[name].isDue(PAUSE_MS[name][this.#gpu.device.software ? 'software' : 'gpu']);
  }

  /** Computes and draws the gallery, and lets the page know the opinions. */
  async look(): Promise<void> {
    this.#step = this.#gan.step;
    this.#clocks.gallery.start();
    await this.#gallery.look();
    void this.#tellOpinions().catch((error) => this.#report(error));
  }

  readonly #tellOpinions = coalesce(async () => {
    const opinions = await this.#gallery.opinions();
    this.#clocks.gallery.end();
    this.#hooks.post({ type: 'opinions', ...opinions });
  });

  /** What the classifier takes the drawn samples for. */
  readonly classify = coalesce(async () => {
    const step = this.#gan.step;
    this.#clocks.classes.start();
    const probabilities = await this.#around.critic.read();
    if (!probabilities || this.#ended) return;
    this.#clocks.classes.end();
    this.#classesStep = step;
    const reading = { probabilities, classes: CLASSES };
    const rows = Array.from({ length: SAMPLES }, (_, i) =>
      probabilities.subarray(i * CLASSES, (i + 1) * CLASSES),
    );
    this.#hooks.post({
      type: 'classes',
      step,
      digits: Uint8Array.from(rows, (row) => row.indexOf(Math.max(...row))),
      confidences: Float32Array.from(rows, (row) => Math.max(...row)),
      meanConfidence: meanConfidence(reading),
      entropy: entropy(predictedShares(reading)),
      generatorUpdates: this.#gan.updates.generator,
    });
  });

  changeNoise(): void {
    this.#latents = this.#gan.latents(SAMPLES, this.#gan.seed + this.#hooks.wishes.noise);
    this.#gallery.setLatents(this.#latents);
  }

  watch(): void {
    this.#gallery.watched = this.#hooks.wishes.watched;
  }

  /** Draws the place of the latent walk, and its map where that has changed. */
  readonly stroll = coalesce(async () => {
    const { place } = this.#hooks.wishes;
    if (!place || this.#ended) return;
    this.#walk ??= Walk.create(this.#gan, this.#around.renderer);
    const walk = await this.#walk;
    this.#clocks.walk.start();
    const corners = this.#corners(place);
    const drawn = [place.corners, this.#hooks.wishes.noise, this.#gan.step].join();
    if (drawn !== this.#map) await walk.drawMap(corners);
    this.#map = drawn;
    const opinion = await walk.draw(corners, place.x, place.y);
    this.#clocks.walk.end();
    this.#hooks.post({ type: 'walked', opinion });
  });

  #corners({ corners }: Place): Float32Array[] {
    const size = this.#latents.length / SAMPLES;
    return corners.map((sample) => this.#latents.subarray(sample * size, (sample + 1) * size));
  }

  /** Lets a panel that has come show what is its to show. */
  connect(name: string): void {
    this.#gallery.connect(name);
    void this.#walk?.then((walk) => walk.connect(name));
  }

  /** Draws again where panels or colours have changed: of many at once, once. */
  readonly redraw = coalesce(async () => {
    await this.#walk;
    if (this.#ended || !this.#around.renderer.stale) return;
    await this.look();
    this.#map = '';
    if (this.#walk) await this.stroll();
  });

  /** Everything is to be drawn anew: the networks are others. */
  forget(): void {
    this.#step = this.#classesStep = -1;
    this.#map = '';
  }

  #report(error: unknown): void {
    if (!this.#ended) this.#hooks.onFailure(error);
  }

  async destroy(): Promise<void> {
    this.#ended = true;
    (await this.#walk)?.destroy();
    this.#gallery.destroy();
  }
}

/** When something that takes its time may be done again. */
class Due {
  #begun = 0;
  #next = 0;
  #took = Infinity;

  isDue(pause: number): boolean {
    return performance.now() >= Math.max(this.#next, this.#begun + pause);
  }

  start(): void {
    this.#begun = performance.now();
    if (this.#took < Infinity) this.#next = this.#begun + this.#took / SHARE;
  }

  /** The shortest time counts: in others, training steps were waited for. */
  end(): void {
    this.#took = Math.min(this.#took, performance.now() - this.#begun);
  }
}
