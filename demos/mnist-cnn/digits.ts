import { dataset, Network } from '../../src/index.ts';
import type { Model, NetworkOptions } from '../../src/index.ts';
import { MNIST_CNN_FACTS } from '../../src/models/mnistCnnFacts.ts';
import { mnistCnnNetwork } from '../../src/models/mnistCnnNetwork.ts';
import { part } from '../../src/part.ts';
import { uploadImages } from '../drawing/dataImages.ts';
import type { DataImages } from '../drawing/dataImages.ts';
import { layerInfos, LayerViews } from '../drawing/layerViews.ts';
import type { ExplainedMap } from '../drawing/layerViews.ts';
import type { Digits as Data } from '../frame/digits/loadDigits.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { FittedModel } from '../frame/worker/fitted.ts';
import type { Context } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import { coalesce } from '../shared/coalesce.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';

type Here = Context<ValuesOf<typeof settings>, Tells>;

const SIDE = 28;
/** While it trains, the explanation of a feature map is computed again at this interval. */
const EXPLAIN_MS = 500;

/** What the page shows; it is kept when the network or the GPU is replaced. */
const wishes = {
  input: 0 as number | Uint8Array,
  chosen: new Uint32Array(),
  target: undefined as number | undefined,
  explained: undefined as ExplainedMap | undefined,
};

/** The network that reads digits, in training, with its views. */
export class Digits extends FittedModel<Data> {
  readonly #context: Here;
  readonly #network: NetworkOptions;
  readonly #views: LayerViews;
  #images: DataImages | undefined;
  #explainedAt = 0;
  #destroyed = false;

  private constructor(context: Here, network: NetworkOptions, weights: Weights, views: LayerViews) {
    const { preset, batch } = context.values;
    const { epochs, optimizerName: optimizer } = MNIST_CNN_FACTS[preset];
    const example = () => {
      const [x, y] = [new Uint8Array(SIDE * SIDE), new Uint8Array(1)];
      return dataset({ name: 'example', x, y, inputShape: [SIDE, SIDE, 1] });
    };
    const training = ({ train }: Data) => train!;
    super(context.renderer, { weights, optimizer, batch, epochs, example, training });
    this.#context = context;
    this.#network = network;
    this.#views = views;
    this.#showInput();
  }

  static async create(context: Here): Promise<Digits> {
    const { gpu, values, renderer } = context;
    const { preset, seed } = values;
    const options = mnistCnnNetwork(preset, { seed });
    const network = new Network(options);
    const weights = new Weights(gpu, { '': network });
    const views = await LayerViews.create(gpu, network, renderer);
    context.tell('model', { layers: layerInfos(network) });
    wishes.explained = undefined; // the page now shows other maps
    const digits = new Digits(context, options, weights, views);
    if (wishes.target !== undefined) await digits.gradients(wishes.target);
    return digits;
  }

  protected async train(): Promise<Model> {
    const { compile } = await part('The script that trains this network', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return compile(gpu, this.#network, values);
  }

  async evaluate({ test }: Data): Promise<Readonly<Record<string, number>>> {
    const { loss, metrics, outputs } = await this.model.evaluator().inspect(test);
    const found = classify(outputs, test.classNames!.length);
    this.#context.tell('predicted', found, [found.predictions.buffer, found.confidence.buffer]);
    const mean = (list: Float32Array) => list.reduce((sum, value) => sum + value, 0) / list.length;
    return { testLoss: mean(loss), testAccuracy: mean(metrics.accuracy) };
  }

  async look(): Promise<void> {
    await this.#views.look();
    const { explained } = wishes;
    if (explained && performance.now() - this.#explainedAt > EXPLAIN_MS) {
      const made = await this.#views.explain(explained);
      this.#explainedAt = performance.now();
      this.#context.tell('made', made);
    }
    void this.#tellReading().catch((error) => this.#destroyed || this.#context.fail(error));
  }

  readonly #tellReading = coalesce(async () => {
    this.#context.tell('seen', { input: this.#image, ...(await this.#views.reading()) });
  });

  explain(map: ExplainedMap | undefined): void {
    wishes.explained = map;
    this.#explainedAt = 0;
    this.#context.look();
  }

  async gradients(target: number | undefined): Promise<void> {
    await this.#views.picture(target);
    wishes.target = target; // it can be shown
    this.#context.look();
  }

  take({ test }: Data): void {
    this.#images?.destroy();
    const labels = new Uint8Array(test.y.data);
    this.#images = uploadImages(this.#context.gpu, test.x.data as Uint8Array, labels, [SIDE, SIDE, 1]);
    this.#context.tell('labels', labels);
    this.#showGrid();
    this.#showInput();
  }

  /** Sets the network's input to a test image or to a drawing. */
  show(input: number | Uint8Array): void {
    wishes.input = input;
    this.#explainedAt = 0;
    this.#showInput();
    this.#context.look();
  }

  /** The test image that is the input: the wanted one, or the last one where there are fewer. */
  get #image(): number | undefined {
    const { input } = wishes;
    if (typeof input !== 'number') return undefined;
    return Math.min(input, (this.#images?.size ?? Infinity) - 1);
  }

  #showInput(): void {
    const { input } = wishes;
    if (typeof input !== 'number') this.#views.show(input);
    else if (this.#images) this.#views.show(this.#images.bytesOf(this.#image!));
  }

  showGrid(chosen: Uint32Array): void {
    wishes.chosen = chosen as Uint32Array<ArrayBuffer>;
    this.#showGrid();
    this.#context.look();
  }

  #showGrid(): void {
    if (!this.#images) return;
    const { pixels: bytes } = this.#images;
    const { chosen } = wishes;
    this.#context.renderer.show('grid', { kind: 'images', bytes, width: SIDE, height: SIDE, chosen });
  }

  override connect(panel: string): void {
    if (panel === 'grid') this.#showGrid();
    else this.#views.connect(panel);
  }

  override destroy(): void {
    this.#destroyed = true;
    this.#views.destroy();
    this.#images?.destroy();
    super.destroy();
  }
}

/** The likeliest class for each row of logits, and its probability. */
function classify(logits: Float32Array, classes: number) {
  const size = logits.length / classes;
  const predictions = new Uint8Array(size);
  const confidence = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const largest = Math.max(...row);
    predictions[i] = row.indexOf(largest);
    confidence[i] = 1 / row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  }
  return { predictions, confidence };
}
