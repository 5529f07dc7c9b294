import { dataset, GanNetworks } from '../../src/index.ts';
import type { Gan, GanPart } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { dcganPair, SMALL } from '../../src/models/dcganSmall.ts';
import { part } from '../../src/part.ts';
import { Due } from '../frame/worker/due.ts';
import { once } from '../frame/worker/once.ts';
import { Movement } from '../frame/worker/movement.ts';
import { SlowMotion } from '../frame/worker/slowMotion.ts';
import type { ValuesOf } from '../frame/settings.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import type { Digits } from '../frame/digits/loadDigits.ts';
import type { CornerPlace } from '../drawing/latentWalk.ts';
import type { GanWalk } from '../drawing/ganWalk.ts';
import { coalesce } from '../shared/coalesce.ts';
import { Gallery } from './gallery.ts';
import type { Wishes } from './gallery.ts';
import { MAP, SAMPLES, STAGES } from './protocol.ts';
import type { Pictured, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

type Values = ValuesOf<typeof settings>;
type Here = Context<Values, Tells>;

const PIXELS = 28 * 28;
/** How long a stage stays lit, by pace. */
const STAGE_MS = { full: 0, step: 500 / STAGES.length, stage: 500 };
/** How often the map of the walk is drawn, and the share of the time that this may take. */
const WALK = { pause: 200, softwarePause: 3000, share: 0.1 };

/** What the page shows; it is kept when the network or the GPU is replaced. */
const wishes: Wishes & { place?: CornerPlace } = { watched: 0, pictured: 'images', past: undefined };

/** Presets that the page does not open with. */
const others = () => part('These networks', () => import('../../src/models/dcganPresets.ts'));

const reading = () => part('The script that reads digits', () => import('../frame/digits/digitReader.ts'));

/** A generator and a discriminator that train together, with their views. */
export class Pair implements Trainee<MnistSet> {
  readonly optimizer = 'adam';
  readonly weights: Weights;
  readonly #context: Here;
  readonly #networks: GanNetworks;
  #gan: Gan | undefined;
  readonly #gallery: Gallery;
  readonly #movement: Movement<'generator' | 'discriminator'>;
  readonly #walkDue: Due;
  readonly #openWalk = once(async (): Promise<GanWalk> => {
    const { GanWalk } = await part(
      'The script that walks between images',
      () => import('../drawing/ganWalk.ts'),
    );
    const { gpu, renderer } = this.#context;
    const walk = await GanWalk.create({ gpu, networks: this.#networks, renderer, side: MAP });
    if (this.#destroyed) walk.destroy();
    return (this.#walk = walk);
  });
  #walk: GanWalk | undefined;
  /** What the map of the walk was last drawn from. */
  #map = '';
  #latents: Float32Array;
  #batch: number;
  readonly #motion = new SlowMotion(STAGES, (stage) =>
    this.#context.tell('stage', { stage, part: this.#part }),
  );
  #part: GanPart;
  #trainSize = Infinity;
  #destroyed = false;

  private constructor(context: Here, networks: GanNetworks, weights: Weights, gallery: Gallery) {
    const { values, gpu } = context;
    this.#context = context;
    this.#networks = networks;
    this.weights = weights;
    this.#gallery = gallery;
    this.#movement = new Movement(gpu, {
      generator: networks.generator.trainableVariables,
      discriminator: networks.discriminator.trainableVariables,
    });
    const pause = gpu.device.software ? WALK.softwarePause : WALK.pause;
    this.#walkDue = new Due(pause, WALK.share);
    ({ batch: this.#batch, part: this.#part } = values);
    this.#motion.stageMs = STAGE_MS[values.pace];
    this.#latents = this.#setLatents(values.noise);
  }

  static async create(context: Here): Promise<Pair> {
    const { gpu, values, renderer } = context;
    const { preset, seed, loss } = values;
    const gan = new GanNetworks(
      preset === 'small'
        ? dcganPair(preset, SMALL, { seed })
        : (await others()).dcganNetworks(preset, { seed }),
    );
    const { generator, discriminator, latentShape } = gan;
    const weights = new Weights(gpu, { 'generator.': generator, 'discriminator.': discriminator });
    const gallery = await Gallery.create({
      gpu,
      gan,
      reader: async () => (await reading()).digitReader(gpu),
      loss,
      renderer,
      wishes,
    });
    const parameters = { generator: generator.parameters, discriminator: discriminator.parameters };
    context.tell('model', { parameters, latentSize: latentShape[0] });
    return new Pair(context, gan, weights, gallery);
  }

  async begin(): Promise<void> {
    const { compile } = await part('The script that trains these networks', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    this.#gan = await compile(gpu, this.#networks, values);
  }

  get step(): number {
    return this.#gan?.step ?? 0;
  }

  get part(): GanPart {
    return this.#part;
  }

  get batchSize(): number {
    return Math.min(this.#batch, this.#trainSize);
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    const x = new Uint8Array(PIXELS);
    const example = dataset({ name: 'example', x, y: new Uint8Array(1), inputShape: [28, 28, 1] });
    return this.#gan!.prepareFit(example, { ...options, batchSize: this.#batch, train: this.#part });
  }

  async run({ train }: MnistSet, options: RunOptions): Promise<void> {
    const { batchSize } = this;
    await this.#movement.look(this.step); // play may have been pressed: what it changes counts from here
    await this.#gan!.fit(train, { ...options, steps: Infinity, batchSize, train: () => this.#part });
  }

  complete(): Promise<void> {
    return this.#gallery.complete();
  }

  async look(): Promise<void> {
    if (await this.#gallery.look(this.step)) this.#context.tell('moments', this.#gallery.moments);
    if (wishes.place && (this.#walkDue.isDue || this.#context.renderer.stale)) await this.#stroll();
    void this.#tellReading().catch((error) => this.#destroyed || this.#context.fail(error));
  }

  readonly #tellReading = coalesce(async () => {
    if (!this.#gallery.isComplete) return;
    const { step } = this;
    const updates = this.#gan?.updates ?? { generator: 0, discriminator: 0 };
    this.#context.tell('seen', { step, updates, ...(await this.#gallery.reading()) });
  });

  async evaluate(): Promise<Readonly<Record<string, number>>> {
    await this.look();
    const { entropy, meanConfidence } = await this.#gallery.reading();
    return { diversity: entropy / Math.log(10), confidence: meanConfidence };
  }

  /** Shows the stages of a slow step. */
  approach(isWanted: () => boolean): Promise<void> {
    return this.#motion.approach(isWanted);
  }

  async rested(): Promise<void> {
    this.#motion.end();
    if (wishes.place) await this.#stroll();
    const by = await this.#movement.look(this.step);
    if (by) this.#context.tell('moved', by);
  }

  save(): Promise<Uint8Array> {
    return this.#gan!.save();
  }

  load(bytes: Uint8Array): void {
    this.#gan!.load(bytes);
    this.#movement.forget();
    this.#forget();
    this.#context.tell('moved', undefined);
  }

  set(name: string, value: unknown): void {
    if (name === 'grate' && this.#gan) this.#gan.learningRates = { generator: value as number };
    if (name === 'drate' && this.#gan) this.#gan.learningRates = { discriminator: value as number };
    if (name === 'batch') this.#batch = value as number;
    if (name === 'part') this.#part = value as GanPart;
    if (name === 'pace') this.#motion.stageMs = STAGE_MS[value as Values['pace']];
    if (name === 'noise') this.#latents = this.#setLatents(value as number);
  }

  #setLatents(noise: number): Float32Array {
    const latents = this.#networks.latents(SAMPLES, this.#networks.seed + noise);
    this.#gallery.latents = latents;
    this.#forget();
    this.#context.look();
    return latents;
  }

  /** The pictures are out of date: they come from other weights, or from other noise. */
  #forget(): void {
    this.#map = '';
    this.#gallery.forget();
    this.#context.tell('moments', []);
  }

  take({ train, test }: Digits): void {
    this.#trainSize = train?.size ?? Infinity;
    this.#gallery.reals = (test.x.data as Uint8Array).subarray(0, SAMPLES * PIXELS);
  }

  watch(index: number): void {
    this.#wish({ watched: index });
  }

  picture(pictured: Pictured): void {
    this.#wish({ pictured });
  }

  showPast(past: number | undefined): void {
    this.#wish({ past });
  }

  #wish(wish: Partial<Wishes>): void {
    Object.assign(wishes, wish);
    this.#gallery.refresh();
    this.#context.look();
  }

  async walk(place: CornerPlace): Promise<void> {
    wishes.place = place;
    try {
      await this.#stroll();
    } catch (error) {
      wishes.place = undefined; // what draws it did not load: the next look goes without
      throw error;
    }
  }

  /** Draws the place of the latent walk, and its map where that has changed. */
  readonly #stroll = coalesce(async () => {
    const { place } = wishes;
    if (!place || this.#destroyed) return;
    const walk = await this.#openWalk();
    if (this.#destroyed) return;
    await this.#walkDue.time(async () => {
      const size = this.#latents.length / SAMPLES;
      const corners = place.corners.map((sample) =>
        this.#latents.subarray(sample * size, (sample + 1) * size),
      );
      const drawn = [place.corners, this.step].join();
      if (drawn !== this.#map || this.#context.renderer.stale) await walk.drawMap(corners);
      this.#map = drawn;
      this.#context.tell('walked', await walk.draw(corners, place.x, place.y));
    });
  });

  /** Connects a new panel to its picture. */
  connect(name: string): void {
    this.#gallery.connect(name);
    this.#walk?.connect(name);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#walk?.destroy();
    this.#gallery.destroy();
    this.#gan?.destroy();
    this.weights.destroy();
  }
}
