import { dataset } from '../../src/index.ts';
import type { Model } from '../../src/index.ts';
import { vae, VAE_PRESETS, vaeData } from '../../src/models/vae.ts';
import type { Vae } from '../../src/models/vae.ts';
import { part } from '../../src/part.ts';
import type { Mapped, Place } from '../drawing/codes.ts';
import { TestDigits } from '../drawing/testDigits.ts';
import type { Digits } from '../frame/digits/loadDigits.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { FittedModel } from '../frame/worker/fitted.ts';
import type { Context } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import { coalesce } from '../shared/coalesce.ts';
import type { Cloud } from './cloud.ts';
import { PIXELS, SHOWN, YOURS } from './protocol.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';
import { View } from './view.ts';

type Here = Context<ValuesOf<typeof settings>, Tells>;

const { epochs } = VAE_PRESETS.bernoulli;

/** What the reader has drawn and chosen; it is kept when the network or the GPU is replaced. */
const yours = { drawing: new Uint8Array(PIXELS), place: [0, 0] as Place };

/** The variational autoencoder in training, with its views. */
export class VaeTrainee extends FittedModel<Digits> {
  readonly #context: Here;
  readonly #vae: Vae;
  readonly #view: View;
  #values: Here['values'];
  readonly #digits: TestDigits;
  #cloud: Cloud | undefined;
  /** The step and the axes whose codes are on the map. */
  #mapped = '';
  #isComplete = false;
  #destroyed = false;

  private constructor(context: Here, network: Vae, weights: Weights, view: View) {
    const { batch } = context.values;
    const example = () => {
      const [x, y] = [new Uint8Array(PIXELS), new Uint8Array(1)];
      return vaeData(dataset({ name: 'example', x, y, inputShape: [28, 28, 1] }), network);
    };
    const training = ({ train }: Digits) => vaeData(train!, network);
    super(context.renderer, { weights, optimizer: 'adam', batch, epochs, example, training });
    this.#context = context;
    this.#values = context.values;
    this.#vae = network;
    this.#view = view;
    this.#digits = new TestDigits(context.gpu);
    this.#showAll();
  }

  static async create(context: Here): Promise<VaeTrainee> {
    const { gpu, values } = context;
    const { latent, seed } = values;
    const network = vae({ latent, seed });
    const weights = new Weights(gpu, { '': network.network });
    context.tell('model', { parameters: network.network.parameters, latent });
    return new VaeTrainee(context, network, weights, await View.create(gpu, network));
  }

  protected async train(): Promise<Model> {
    const { compile } = await part('The script that trains this network', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return compile(gpu, this.#vae, values);
  }

  async evaluate({ test }: Digits): Promise<Readonly<Record<string, number>>> {
    const { reconstructionLoss, klLoss } = await this.model.evaluate(vaeData(test, this.#vae));
    const [testReconstruction, testKl] = [reconstructionLoss as number, klLoss as number];
    return { testElbo: testReconstruction + testKl, testReconstruction, testKl };
  }

  /** The map of the codes: a first look does without. */
  async complete(): Promise<void> {
    await Promise.all([this.#openCloud(), this.#view.complete(() => this.#showAll())]);
    this.#isComplete = true;
  }

  async #openCloud(): Promise<void> {
    const { images } = this.#digits;
    if (!images) return;
    const { Cloud } = await part('The map of codes', () => import('./cloud.ts'));
    const cloud = await Cloud.create(this.#context.gpu, this.#vae, images);
    if (this.#destroyed || images !== this.#digits.images) return cloud.destroy();
    this.#cloud = cloud;
    this.#mapped = '';
    this.#showAll();
  }

  async look(): Promise<void> {
    if (this.#isComplete && !this.#cloud) await this.#openCloud();
    const { right, up } = this.#axes;
    const mapped = `${this.step} ${right} ${up}`;
    if (this.#cloud && this.#mapped !== mapped) {
      this.#mapped = mapped;
      await this.#cloud.step();
      this.#tell(this.#tellCloud());
    }
    await this.#view.program.step((encoder) => this.drawPanels(encoder));
    this.#tell(this.#tellReading());
  }

  #tell(telling: Promise<void>): void {
    void telling.catch((error) => this.#destroyed || this.#context.fail(error));
  }

  readonly #tellCloud = coalesce(async () => {
    const cloud = this.#cloud;
    if (cloud) this.#context.tell('cloud', await cloud.read());
  });

  readonly #tellReading = coalesce(async () => this.#context.tell('reading', await this.#view.read()));

  take({ test }: Partial<Digits>): void {
    if (this.#digits.take(test, () => this.#freeCloud())) this.#showAll();
  }

  #freeCloud(): void {
    this.#cloud?.destroy();
    this.#cloud = undefined;
  }

  /** The numbers of a code that are shown, from 0 on: what an address asks for may be beyond the code, or twice the same. */
  get #axes() {
    const last = this.#vae.latent - 1;
    const right = Math.min(this.#values.right - 1, last);
    const up = Math.min(this.#values.up - 1, last);
    return { right, up: up === right ? (right + 1) % this.#vae.latent : up };
  }

  /** Writes the inputs of the views into the programs, and draws these on the panels. */
  #showAll(): void {
    const { a, b, set } = this.#values;
    const shown = this.#digits.show(this.#view, SHOWN, set);
    if (shown) this.#context.tell('shown', shown);
    this.#view.write(YOURS, yours.drawing);
    this.#view.walk(a, b);
    this.#view.place(this.#axes, yours.place);
    this.#cloud?.place(this.#axes);
    const map = this.#cloud ? [['map', this.#cloud.source] as const] : [];
    this.showPanels([...this.#view.sources, ...map]);
  }

  draw(pixels: Uint8Array): void {
    yours.drawing = pixels as Uint8Array<ArrayBuffer>;
    this.#view.write(YOURS, pixels);
    this.#context.look();
  }

  again(): void {
    this.#context.look(); // each step of the view draws anew
  }

  choose(place: Place): void {
    yours.place = place;
    this.#view.place(this.#axes, place);
    this.#context.look();
  }

  async nearest(place: Place): Promise<Mapped | undefined> {
    return this.#mapped === '' ? undefined : this.#cloud?.nearest(place);
  }

  override set(name: string, value: unknown): void {
    super.set(name, value);
    const same = this.#values[name as keyof Here['values']] === value;
    this.#values = { ...this.#values, [name]: value };
    if (same || !['a', 'b', 'set', 'right', 'up'].includes(name)) return;
    this.#showAll();
    this.#context.look();
  }

  override load(bytes: Uint8Array): void {
    super.load(bytes);
    this.#mapped = '';
  }

  override destroy(): void {
    this.#destroyed = true;
    this.#freeCloud();
    this.#digits.destroy();
    this.#view.destroy();
    super.destroy();
  }
}
