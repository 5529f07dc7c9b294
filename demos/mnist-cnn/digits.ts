import { dataset, layerSummaries } from '../../src/index.ts';
import type { Model } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { MNIST_CNN_PRESETS, mnistCnn } from '../../src/models/mnistCnn.ts';
import type { ValuesOf } from '../frame/settings.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import type { Digits as Data } from '../frame/digits/loadDigits.ts';
import { coalesce } from '../shared/coalesce.ts';
import type { ExplainedMap, Tells } from './protocol.ts';
import type { settings } from './settings.ts';
import { classify, isDrawable, Viewer } from './viewer.ts';

type Here = Context<ValuesOf<typeof settings>, Tells>;

const PIXELS = 28 * 28;

/** What the page wants to see; it outlives networks and GPUs. */
const wishes = {
  input: 0 as number | Uint8Array,
  chosen: new Uint32Array(),
  target: undefined as number | undefined,
  explained: undefined as ExplainedMap | undefined,
};
/** While it trains, a feature map is explained anew so often. */
const EXPLAIN_MS = 500;

/** The network that reads digits, in training, with its views. */
export class Digits implements Trainee<MnistSet> {
  readonly #context: Here;
  readonly #model: Model;
  readonly #viewer: Viewer;
  readonly #recipe;
  #batch: number;
  #data: Data | undefined;
  #testImages: GPUBuffer | undefined;
  #explainedAt = 0;
  #destroyed = false;

  private constructor(context: Here, model: Model, viewer: Viewer) {
    this.#context = context;
    this.#model = model;
    this.#viewer = viewer;
    this.#recipe = MNIST_CNN_PRESETS[context.values.preset];
    this.#batch = context.values.batch;
    this.#showInput();
  }

  static async create(context: Here): Promise<Digits> {
    const { gpu, values, renderer } = context;
    const { preset, seed, rate: learningRate } = values;
    const model = mnistCnn(preset, { seed });
    await model.compile({
      gpu,
      optimizer: MNIST_CNN_PRESETS[preset].optimizer({ learningRate }),
      loss: 'softmaxCrossEntropy',
      metrics: ['accuracy'],
    });
    const viewer = await Viewer.create(gpu, model, renderer);
    const layers = layerSummaries(model).map((summary, i) => {
      const shape = model.layers[i].variables[0]?.shape;
      return { ...summary, filters: isDrawable(shape) ? { width: shape[1], height: shape[0] } : undefined };
    });
    context.tell('model', { layers });
    wishes.explained = undefined; // the page has other maps now
    const digits = new Digits(context, model, viewer);
    await digits.gradients(wishes.target);
    return digits;
  }

  get step(): number {
    return this.#model.step;
  }

  get batchSize(): number {
    return Math.min(this.#batch, this.#data?.train?.size ?? Infinity);
  }

  get epochs(): number {
    return this.#recipe.epochs;
  }

  get optimizer(): string {
    return this.#recipe.optimizer({ learningRate: 1 }).name;
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    const x = new Uint8Array(PIXELS);
    const example = dataset({ name: 'example', x, y: new Uint8Array(1), inputShape: [28, 28, 1] });
    return this.#model.prepare(example, { ...options, batchSize: this.#batch });
  }

  run({ train }: MnistSet, options: RunOptions): PromiseLike<unknown> {
    const { epochs, batchSize } = this;
    // The next so many: those that are left where a lost GPU was replaced in the middle of them.
    const until = (Math.floor(this.#model.epoch / epochs) + 1) * epochs;
    return this.#model.fit(train, { ...options, epochs: until, batchSize });
  }

  async evaluate({ test }: Data): Promise<Readonly<Record<string, number>>> {
    const { loss, metrics, outputs } = await this.#model.evaluator().inspect(test);
    const { predictions, confidence } = classify(outputs);
    this.#context.tell('predicted', { predictions, confidence }, [predictions.buffer, confidence.buffer]);
    const mean = (list: Float32Array) => list.reduce((sum, value) => sum + value, 0) / list.length;
    return { testLoss: mean(loss), testAccuracy: mean(metrics.accuracy) };
  }

  async look(): Promise<void> {
    await this.#viewer.look();
    if (performance.now() - this.#explainedAt > EXPLAIN_MS) await this.#explain();
    void this.#tellReading().catch((error) => this.#destroyed || this.#context.fail(error));
  }

  readonly #tellReading = coalesce(async () => {
    const input = typeof wishes.input === 'number' ? wishes.input : undefined;
    this.#context.tell('seen', { input, ...(await this.#viewer.reading()) });
  });

  async #explain(): Promise<void> {
    const { explained } = wishes;
    if (!explained) return;
    const made = await this.#viewer.channel(explained.layer, explained.channel);
    this.#explainedAt = performance.now();
    this.#context.tell('channel', { ...explained, ...made });
  }

  explain(map: ExplainedMap | undefined): void {
    wishes.explained = map;
    this.#explainedAt = 0;
    this.#context.look();
  }

  async gradients(target: number | undefined): Promise<void> {
    wishes.target = target;
    await this.#viewer.choose(target === undefined ? 'values' : 'gradients');
    if (target !== undefined) this.#viewer.target = target;
    this.#context.look();
  }

  take(data: Data): void {
    this.#data = data;
    this.#testImages?.destroy();
    const { device } = this.#context.gpu;
    const pixels = data.test.x.data as Uint8Array<ArrayBuffer>;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    this.#testImages = device.createBuffer('test images to draw', pixels.byteLength, usage);
    device.gpu.queue.writeBuffer(this.#testImages, 0, pixels);
    this.#context.tell('labels', new Uint8Array(data.test.y.data));
    this.#showGrid();
    this.#showInput();
  }

  /** Lets the network look at a test image or at a drawing from now on. */
  show(input: number | Uint8Array): void {
    wishes.input = input;
    this.#explainedAt = 0;
    this.#showInput();
    this.#context.look();
  }

  #showInput(): void {
    const { input } = wishes;
    if (typeof input !== 'number') return this.#viewer.show(input);
    if (!this.#data) return;
    const { x, size } = this.#data.test;
    const index = Math.min(input, size - 1);
    this.#viewer.show((x.data as Uint8Array).subarray(index * PIXELS, (index + 1) * PIXELS));
  }

  showGrid(chosen: Uint32Array): void {
    wishes.chosen = chosen as Uint32Array<ArrayBuffer>;
    this.#showGrid();
    this.#context.look();
  }

  #showGrid(): void {
    const buffer = this.#testImages;
    if (!buffer) return;
    const bytes = { buffer, offset: 0, bytes: buffer.size };
    this.#context.renderer.show('grid', {
      kind: 'images',
      bytes,
      width: 28,
      height: 28,
      chosen: wishes.chosen,
    });
  }

  connect(panel: string): void {
    if (panel === 'grid') this.#showGrid();
    else this.#viewer.connect(panel);
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
  }

  destroy(): void {
    this.#destroyed = true;
    this.#viewer.destroy();
    this.#testImages?.destroy();
    this.#model.destroy();
  }
}
