import { dataset } from '../../src/index.ts';
import type { Model } from '../../src/index.ts';
import { AUTOENCODER_FACTS } from '../../src/models/autoencoderFacts.ts';
import { VERSION_NAMES, versionsData, versionsNetwork } from '../../src/models/versionsNetwork.ts';
import type { AutoencoderVersion, VersionsNetwork } from '../../src/models/versionsNetwork.ts';
import { part } from '../../src/part.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { FittedModel } from '../frame/worker/fitted.ts';
import type { Context } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import type { Digits } from '../frame/digits/loadDigits.ts';
import { coalesce } from '../shared/coalesce.ts';
import { MOST_AXES } from '../drawing/codes.ts';
import type { Mapped, Place } from '../drawing/codes.ts';
import type { CodeSpace } from '../drawing/codeSpace.ts';
import type { DataImages } from '../drawing/dataImages.ts';
import { TestDigits } from '../drawing/testDigits.ts';
import { PIXELS, SHOWN, YOURS } from './protocol.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';
import { View } from './view.ts';

type Here = Context<ValuesOf<typeof settings>, Tells>;

/** Standard deviation of the noise on the inputs. */
const NOISE = 0.5;
const { epochs } = AUTOENCODER_FACTS.classroom;

/** What the reader has drawn; it is kept when the network or the GPU is replaced. */
const yours = { drawing: new Uint8Array(PIXELS), scores: new Float32Array(MOST_AXES) };

/** The three versions in training, with their views. */
export class Autoencoders extends FittedModel<Digits> {
  readonly #context: Here;
  readonly #networks: VersionsNetwork;
  readonly #view: View;
  #values: Here['values'];
  readonly #digits: TestDigits;
  #space: { readonly version: AutoencoderVersion; readonly codes: CodeSpace } | undefined;
  #isComplete = false;
  /** The step whose codes are on the map. */
  #mapped = -1;
  #destroyed = false;

  private constructor(context: Here, networks: VersionsNetwork, weights: Weights, view: View) {
    const { batch } = context.values;
    const example = () => {
      const [x, y] = [new Uint8Array(PIXELS), new Uint8Array(1)];
      return versionsData(dataset({ name: 'example', x, y, inputShape: [28, 28, 1] }));
    };
    const training = ({ train }: Digits) => versionsData(train!);
    super(context.renderer, { weights, optimizer: 'adadelta', batch, epochs, example, training });
    this.#context = context;
    this.#values = context.values;
    this.#networks = networks;
    this.#view = view;
    this.#digits = new TestDigits(context.gpu);
    this.#showAll();
  }

  static async create(context: Here): Promise<Autoencoders> {
    const { gpu, values } = context;
    const { bottleneck, denoise, seed } = values;
    const noise = denoise ? NOISE : 0;
    const networks = versionsNetwork({ bottleneck, noise, seed });
    const weights = new Weights(gpu, { '': networks.network });
    const { encoder, decoder } = networks.versions.linearMse;
    const parameters = encoder.parameters + decoder.parameters;
    context.tell('model', { parameters, bottleneck, noisy: denoise });
    return new Autoencoders(context, networks, weights, await View.create(gpu, networks, noise));
  }

  protected async train(): Promise<Model> {
    const { compile } = await part('The script that trains these networks', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return compile(gpu, this.#networks, values.rate);
  }

  async evaluate({ test }: Digits): Promise<Readonly<Record<string, number>>> {
    const values = await this.model.evaluate(versionsData(test));
    const own = (version: string) => [`${version}Test`, values[`${version}MeanSquaredError`] as number];
    return Object.fromEntries(VERSION_NAMES.map(own)) as Record<string, number>;
  }

  /** The map of the codes: a first look does without. */
  async complete(): Promise<void> {
    const { images } = this.#digits;
    const explored = images && this.#explore(images);
    await Promise.all([explored, this.#view.complete(() => this.#showAll())]);
    this.#isComplete = true;
  }

  async look(): Promise<void> {
    const isOther = this.#space?.version !== this.#values.version;
    const { images } = this.#digits;
    if (this.#isComplete && images && isOther) await this.#explore(images);
    const codes = this.#space?.codes;
    if (codes && this.#mapped !== this.step) {
      this.#mapped = this.step;
      await codes.remap();
      void this.#tellCentres().catch((error) => this.#destroyed || this.#context.fail(error));
    }
    await codes?.decode();
    await this.#view.program.step((encoder) => this.drawPanels(encoder));
  }

  /** Opens the codes of the version that is to be explored. */
  async #explore(images: DataImages): Promise<void> {
    const { CodeSpace } = await part('The map of codes', () => import('../drawing/codeSpace.ts'));
    const { version, bottleneck: size } = this.#values;
    const { encoder, decoder } = this.#networks.versions[version];
    const codes = await CodeSpace.create(
      this.#context.gpu,
      { size, encode: (x) => encoder.call(x), decode: (code) => decoder.call(code) },
      images,
    );
    this.#space?.codes.destroy();
    this.#space = { version, codes };
    this.#mapped = -1;
    this.#showAll();
  }

  readonly #tellCentres = coalesce(async () => {
    this.#context.tell('centres', await this.#space!.codes.centres());
  });

  take({ test }: Partial<Digits>): void {
    if (this.#digits.take(test, () => this.#freeCodes())) this.#showAll();
  }

  #freeCodes(): void {
    this.#space?.codes.destroy();
    this.#space = undefined;
  }

  /** Writes the inputs of the views into the programs, and draws these on the panels. */
  #showAll(): void {
    const { a, b, set, version } = this.#values;
    const shown = this.#digits.show(this.#view, SHOWN, set);
    if (shown) this.#context.tell('shown', shown);
    this.#view.write(YOURS, yours.drawing);
    this.#view.walk(a, b);
    if (this.#space) this.#space.codes.scores = yours.scores;
    this.showPanels([...this.#view.sources(version), ...(this.#space?.codes.sources ?? [])]);
  }

  draw(pixels: Uint8Array): void {
    yours.drawing = pixels as Uint8Array<ArrayBuffer>;
    this.#view.write(YOURS, pixels);
    this.#context.look();
  }

  decode(scores: Float32Array): void {
    yours.scores = scores as Float32Array<ArrayBuffer>;
    if (this.#space) this.#space.codes.scores = scores;
    this.#context.look();
  }

  async nearest(place: Place): Promise<Mapped | undefined> {
    return this.#mapped < 0 ? undefined : this.#space?.codes.nearest(place);
  }

  override set(name: string, value: unknown): void {
    super.set(name, value);
    const same = this.#values[name as keyof Here['values']] === value;
    this.#values = { ...this.#values, [name]: value };
    if (same || !['a', 'b', 'set', 'version'].includes(name)) return;
    this.#showAll();
    this.#context.look();
  }

  override load(bytes: Uint8Array): void {
    super.load(bytes);
    this.#mapped = -1;
  }

  override destroy(): void {
    this.#destroyed = true;
    this.#freeCodes();
    this.#digits.destroy();
    this.#view.destroy();
    super.destroy();
  }
}
