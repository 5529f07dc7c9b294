import { adadelta, dataset } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { AUTOENCODER_PRESETS } from '../../src/models/autoencoder.ts';
import { autoencoderVersions, VERSION_NAMES, versionsData } from '../../src/models/autoencoderVersions.ts';
import type { AutoencoderVersions } from '../../src/models/autoencoderVersions.ts';
import type { ValuesOf } from '../frame/settings.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import type { Digits } from '../frame/digits/loadDigits.ts';
import { coalesce } from '../shared/coalesce.ts';
import type { Range } from '../drawing/kind.ts';
import type { Source } from '../drawing/renderer.ts';
import { CodeSpace } from './codeSpace.ts';
import type { TestImages } from './codeSpace.ts';
import { MOST_AXES, PIXELS, SHOWN, YOURS } from './protocol.ts';
import type { Looks, Mapped, Tells } from './protocol.ts';
import type { settings } from './settings.ts';
import { View } from './view.ts';

type Here = Context<ValuesOf<typeof settings>, Tells>;

/** Standard deviation of the noise on the inputs. */
const NOISE = 0.5;
const { epochs } = AUTOENCODER_PRESETS.classroom;

/** What the page wants to see; it outlives networks and GPUs. */
const wishes = { looks: undefined as Looks | undefined, drawing: new Uint8Array(PIXELS) };

/** The three versions in training, with their views. */
export class Autoencoders implements Trainee<MnistSet> {
  readonly epochs = epochs;
  readonly optimizer = 'adadelta';
  readonly #context: Here;
  readonly #networks: AutoencoderVersions;
  readonly #view: View;
  #batch: number;
  #data: Digits | undefined;
  #images: TestImages | undefined;
  #space: CodeSpace | undefined;
  #sources = new Map<string, Source>();
  /** The step whose codes are on the map. */
  #mapped = -1;
  #destroyed = false;

  private constructor(context: Here, networks: AutoencoderVersions, view: View) {
    this.#context = context;
    this.#networks = networks;
    this.#view = view;
    this.#batch = context.values.batch;
    this.#connectAll();
    this.#write();
  }

  static async create(context: Here): Promise<Autoencoders> {
    const { gpu, values } = context;
    const { bottleneck, denoise, seed, rate: learningRate, a, b, version } = values;
    wishes.looks ??= {
      shown: new Uint32Array(SHOWN),
      pair: [a, b],
      version,
      scores: new Float32Array(MOST_AXES),
    };
    const noise = denoise ? NOISE : 0;
    const networks = autoencoderVersions({ bottleneck, noise, seed });
    await networks.model.compile({ gpu, optimizer: adadelta({ learningRate }), ...networks.objective });
    const { encoder, decoder } = networks.versions.linearMse;
    const parameters = encoder.parameters + decoder.parameters;
    context.tell('model', { parameters, bottleneck, noisy: denoise });
    return new Autoencoders(context, networks, await View.create(gpu, networks, noise));
  }

  get #model() {
    return this.#networks.model;
  }

  get step(): number {
    return this.#model.step;
  }

  get batchSize(): number {
    return Math.min(this.#batch, this.#data?.train?.size ?? Infinity);
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    const x = new Uint8Array(PIXELS);
    const example = dataset({ name: 'example', x, y: new Uint8Array(1), inputShape: [28, 28, 1] });
    return this.#model.prepare(versionsData(example), { ...options, batchSize: this.#batch });
  }

  run({ train }: MnistSet, options: RunOptions): PromiseLike<unknown> {
    // The next so many: those that are left where a lost GPU was replaced in the middle of them.
    const until = (Math.floor(this.#model.epoch / epochs) + 1) * epochs;
    return this.#model.fit(versionsData(train), { ...options, epochs: until, batchSize: this.batchSize });
  }

  async evaluate({ test }: Digits): Promise<Readonly<Record<string, number>>> {
    const values = await this.#model.evaluate(versionsData(test));
    const own = (version: string) => [`${version}Test`, values[`${version}MeanSquaredError`] as number];
    return Object.fromEntries(VERSION_NAMES.map(own)) as Record<string, number>;
  }

  async look(): Promise<void> {
    const { version } = wishes.looks!;
    if (this.#images && this.#space?.version !== version) await this.#open(this.#images);
    const space = this.#space;
    if (space && this.#mapped !== this.step) {
      this.#mapped = this.step;
      await space.remap();
      void this.#tellCentres().catch((error) => this.#destroyed || this.#context.fail(error));
    }
    await space?.shape.step();
    await this.#view.program.step((encoder) => {
      this.#context.renderer.draw(encoder, [...this.#sources.keys()]);
    });
  }

  /** Opens the codes of the version that is explored. */
  async #open(images: TestImages): Promise<void> {
    const { version } = wishes.looks!;
    const { versions } = this.#networks;
    const space = await CodeSpace.create(this.#context.gpu, version, versions[version], images);
    this.#space?.destroy();
    this.#space = space;
    this.#mapped = -1;
    this.#write();
    this.#connectAll();
  }

  readonly #tellCentres = coalesce(async () => {
    const { version, axes, count: images } = this.#space!;
    this.#context.tell('centres', { version, axes, images, centres: await this.#space!.centres() });
  });

  take(data: Digits): void {
    const hasImages = data.test.size === this.#data?.test.size;
    this.#data = data;
    if (hasImages) return;
    this.#freeImages();
    const { size, x, y } = data.test;
    const labels = new Uint8Array(y.data);
    const pixels = this.#upload('test images', x.data as Uint8Array);
    this.#images = { pixels, size, labels, classes: this.#upload('labels of the test images', labels) };
    this.#context.tell('labels', labels);
    this.#write();
  }

  #freeImages(): void {
    this.#space?.destroy();
    this.#space = undefined;
    this.#images?.pixels.buffer.destroy();
    this.#images?.classes.buffer.destroy();
  }

  #upload(label: string, bytes: Uint8Array): Range {
    const { device } = this.#context.gpu;
    const whole = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4);
    whole.set(bytes);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer(label, whole.byteLength, usage);
    device.gpu.queue.writeBuffer(buffer, 0, whole);
    return { buffer, offset: 0, bytes: bytes.byteLength };
  }

  /** Writes what is looked at into the programs. */
  #write(): void {
    const { shown, pair, scores } = wishes.looks!;
    if (this.#data) shown.forEach((image, place) => this.#view.write(place, this.#pixels(image)));
    this.#view.write(YOURS, wishes.drawing);
    this.#view.pair = pair;
    if (this.#space) this.#space.scores = scores;
  }

  #pixels(image: number): Uint8Array {
    return (this.#data!.test.x.data as Uint8Array).subarray(image * PIXELS, (image + 1) * PIXELS);
  }

  show(looks: Looks): void {
    wishes.looks = looks;
    this.#write();
    this.#context.look();
  }

  draw(pixels: Uint8Array): void {
    wishes.drawing = pixels as Uint8Array<ArrayBuffer>;
    this.#write();
    this.#context.look();
  }

  async nearest(place: readonly [number, number]): Promise<Mapped | undefined> {
    if (!this.#space || this.#mapped < 0) return undefined;
    const found = await this.#space.nearest(place);
    const { image } = found;
    return { ...found, digit: this.#images!.labels[image], pixels: this.#pixels(image).slice() };
  }

  #connectAll(): void {
    this.#sources = new Map<string, Source>(this.#view.sources(wishes.looks!.version));
    for (const [name, source] of this.#space?.sources ?? []) this.#sources.set(name, source);
    for (const name of this.#sources.keys()) this.connect(name);
  }

  connect(panel: string): void {
    const source = this.#sources.get(panel);
    if (source) this.#context.renderer.show(panel, source);
  }

  set(name: string, value: unknown): void {
    if (name === 'rate') this.#model.learningRate = value as number;
    if (name === 'batch') this.#batch = value as number;
  }

  save(): Promise<Uint8Array> {
    return this.#model.save();
  }

  load(bytes: Uint8Array): void {
    this.#model.load(bytes);
    this.#mapped = -1;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#freeImages();
    this.#view.program.destroy();
    this.#model.destroy();
  }
}
