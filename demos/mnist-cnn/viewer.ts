import { gradients, ops } from '../../src/index.ts';
import type { Gpu, Model, Program, Tensor } from '../../src/index.ts';
import type { PanelRenderer } from '../drawing/renderer.ts';
import type { TensorSource } from '../drawing/tiles.ts';
import type { Channel } from './protocol.ts';

const SIDE = 28;
const CLASSES = 10;

/** What the pictures of the layers show: their numbers, or the gradients of the loss by them. */
type Kind = 'values' | 'gradients';

/** A program for one image, and what the panels draw of it. */
interface View {
  readonly program: Program;
  readonly sources: ReadonlyMap<string, TensorSource>;
}

/**
 * A pass for one image whose tensors stay on the GPU, where the panels draw them from: the input ('input'), the filters
 * of convolutions of a grey image ('filters:<layer>') and every layer's feature maps ('maps:<layer>'); or the gradients
 * of the image's loss by them.
 */
export class Viewer {
  readonly #gpu: Gpu;
  readonly #model: Model;
  readonly #renderer: PanelRenderer;
  readonly #views: Partial<Record<Kind, View>>;
  #kind: Kind = 'values';
  #image = new Float32Array(SIDE * SIDE);

  private constructor(gpu: Gpu, model: Model, renderer: PanelRenderer, values: View) {
    this.#gpu = gpu;
    this.#model = model;
    this.#renderer = renderer;
    this.#views = { values };
    this.#connectAll();
  }

  static async create(gpu: Gpu, model: Model, renderer: PanelRenderer): Promise<Viewer> {
    return new Viewer(gpu, model, renderer, await createView(gpu, model, 'values'));
  }

  get #view(): View {
    return this.#views[this.#kind]!;
  }

  /** Shows values, or gradients, whose program is compiled when it is first asked for. */
  async choose(kind: Kind): Promise<void> {
    this.#views[kind] ??= await createView(this.#gpu, this.#model, kind);
    this.#kind = kind;
    this.#view.program.write('image', this.#image);
    this.#connectAll();
  }

  #connectAll(): void {
    for (const name of this.#view.sources.keys()) this.connect(name);
  }

  /** Lets a panel that has come show what is its to show. */
  connect(name: string): void {
    const source = this.#view.sources.get(name);
    if (source) this.#renderer.show(name, source);
  }

  /** What the network looks at from now on: 28 × 28 bytes of ink. */
  show(bytes: Uint8Array): void {
    this.#image = Float32Array.from(bytes, (byte) => byte / 255);
    this.#view.program.write('image', this.#image);
  }

  /** The digit that the loss of the gradients is measured against. */
  set target(digit: number) {
    const target = Float32Array.from({ length: CLASSES }, (_, own) => (own === digit ? 1 : 0));
    this.#views.gradients?.program.write('target', target);
  }

  /** Runs the network on the image and draws every panel, in one submit. */
  async look(): Promise<void> {
    await this.#view.program.step((encoder) => this.#renderer.draw(encoder));
  }

  /** The ten logits that the last look gave, and their softmax. */
  async reading(): Promise<{ logits: Float32Array; probabilities: Float32Array }> {
    const both = (await this.#view.program.read('reading')) as Float32Array;
    return { logits: both.slice(0, CLASSES), probabilities: both.slice(CLASSES) };
  }

  /** What made one feature map of a convolution, for the image as it is: read back, for someone has asked for it. */
  async channel(name: string, channel: number): Promise<Channel> {
    const { program } = this.#views.values!;
    const { layers } = this.#model;
    const at = layers.findIndex((layer) => layer.name === name);
    const [weight, bias] = layers[at].variables;
    program.write('image', this.#image);
    await program.step();
    const input = at === 0 ? this.#image : ((await program.read(layers[at - 1].name)) as Float32Array);
    const output = (await program.read(name)) as Float32Array;
    const values = await this.#gpu.variables.readAll([weight, bias]);
    const [filterHeight, filterWidth, channels, count] = weight.shape;
    const [, height, width] = program.build.outputs[name].shape;
    const every = (list: Float32Array) => list.filter((_, i) => i % count === channel);
    return {
      input,
      filter: every(values.get(weight)!),
      bias: values.get(bias)![channel],
      output: every(output),
      channels,
      filterHeight,
      filterWidth,
      height,
      width,
    };
  }

  destroy(): void {
    for (const view of Object.values(this.#views)) view.program.destroy();
  }
}

async function createView(gpu: Gpu, model: Model, kind: Kind): Promise<View> {
  const image = ops.input('image', [1, SIDE, SIDE, 1]);
  const target = ops.input('target', [1, CLASSES]);
  const largest = (x: Tensor) => ops.reduceMax(ops.abs(x));
  const drawable = model.layers.filter(({ variables }) => isDrawable(variables[0]?.shape));
  const program = await gpu.compile(
    () => {
      const shown: Record<string, Tensor> = {};
      let x = image;
      for (const layer of model.layers) {
        x = layer.call(x, { training: false });
        shown[layer.name] = x;
      }
      for (const { name, variables } of drawable) shown[`${name}/filters`] = ops.read(variables[0]);
      const names = Object.keys(shown);
      const tensors =
        kind === 'values' ? Object.values(shown) : lossGradients(x, target, Object.values(shown));
      const outputs: Record<string, Tensor> = {};
      names.forEach((name, i) => {
        outputs[name] = tensors[i];
        outputs[`${name}/largest`] = largest(tensors[i]);
      });
      outputs['input/largest'] = ops.maximum(largest(image), 0.5);
      outputs.reading = ops.concat([x, ops.softmax(x)], 1);
      return outputs;
    },
    { label: `${model.name}/${kind}` },
  );

  const sources = new Map<string, TensorSource>();
  const add = (panel: string, name: string, shape: readonly number[], more = {}) => {
    const [height, width, count] = shape;
    const strides = { tileStride: 1, rowStride: width * count, columnStride: count };
    const values = program.location(name === 'input' ? image : name);
    const scale = program.location(`${name}/largest`);
    sources.set(panel, { kind: 'tensor', values, largest: scale, width, height, count, ...strides, ...more });
  };
  add('input', 'input', [SIDE, SIDE, 1], { picture: true });
  for (const { name } of model.layers) {
    const shape = program.build.outputs[name].shape.slice(1);
    // A layer of units is a row of single texels.
    add(`maps:${name}`, name, shape.length === 3 ? shape : [1, 1, shape[0]], { gamma: 0.7 });
  }
  for (const { name, variables } of drawable) {
    const [height, width, , count] = variables[0].shape;
    add(`filters:${name}`, `${name}/filters`, [height, width, count]);
  }
  return { program, sources };
}

/** How the loss of one image changes with each number of these tensors. */
function lossGradients(logits: Tensor, target: Tensor, tensors: readonly Tensor[]): Tensor[] {
  const loss = ops.reduceMean(ops.softmaxCrossEntropy(logits, target));
  return gradients(loss, tensors).map((gradient, i) => gradient ?? ops.fill(tensors[i].shape, 0));
}

/** Filters over a single channel are images themselves: [KH, KW, 1, filters]. */
export function isDrawable(weight: readonly number[] | undefined): boolean {
  return weight?.length === 4 && weight[2] === 1;
}

/** The likeliest class for each ten logits, and its probability. */
export function classify(logits: Float32Array): { predictions: Uint8Array; confidence: Float32Array } {
  const size = logits.length / CLASSES;
  const predictions = new Uint8Array(size);
  const confidence = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES);
    const best = row.indexOf(Math.max(...row));
    predictions[i] = best;
    // softmax, shifted by the largest logit
    confidence[i] = 1 / row.reduce((sum, logit) => sum + Math.exp(logit - row[best]), 0);
  }
  return { predictions, confidence };
}
