import { ops } from '../../src/index.ts';
import type { Gpu, Network, Program, Tensor } from '../../src/index.ts';
import { sizeOf } from '../../src/ops/core/shape.ts';
import { part } from '../../src/part.ts';
import type { PanelRenderer } from './renderer.ts';
import type { TensorSource } from './tiles.ts';

/** What the pictures of the layers show: their numbers, or the gradients of the loss by them. */
type Kind = 'values' | 'gradients';

export interface LayerInfo {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly outputShape: readonly number[];
  readonly parameters: number;
  /** The filters can be drawn: a convolution of a grey image. */
  readonly filters?: { readonly width: number; readonly height: number };
}

/** A feature map of a convolution. */
export interface ExplainedMap {
  readonly layer: string;
  readonly channel: number;
}

/** What made it; images are [height, width, channels], row by row. */
export interface MadeMap extends ExplainedMap {
  readonly input: Float32Array;
  readonly channels: number;
  /** [filterHeight, filterWidth, channels] */
  readonly filter: Float32Array;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly bias: number;
  /** [height, width], after ReLU, as the GPU has computed it. */
  readonly output: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** What a classifier makes of an image. */
export interface Reading {
  readonly logits: Float32Array;
  readonly probabilities: Float32Array;
}

/** A program for one image, and what the panels draw of it. */
interface View {
  readonly program: Program;
  readonly sources: ReadonlyMap<string, TensorSource>;
}

/**
 * A pass of a classifier (layers in a row, logits at the end) for one image, whose tensors stay on the GPU, where the panels
 * draw them from: the input ('input'), the filters of convolutions of a grey image ('filters:<layer>') and every layer's
 * feature maps ('maps:<layer>'); or the gradients of the image's loss by them.
 */
export class LayerViews {
  readonly #gpu: Gpu;
  readonly #model: Network;
  readonly #renderer: PanelRenderer;
  readonly #views: Partial<Record<Kind, View>>;
  #kind: Kind = 'values';
  #image: Float32Array;

  private constructor(gpu: Gpu, model: Network, renderer: PanelRenderer, values: View) {
    this.#gpu = gpu;
    this.#model = model;
    this.#renderer = renderer;
    this.#views = { values };
    this.#image = new Float32Array(model.inputShape.reduce((size, length) => size * length));
    this.#connectAll();
  }

  static async create(gpu: Gpu, model: Network, renderer: PanelRenderer): Promise<LayerViews> {
    return new LayerViews(gpu, model, renderer, await createView(gpu, model, 'values'));
  }

  get #view(): View {
    return this.#views[this.#kind]!;
  }

  /** Pictures of values; or of the gradients of the loss against a class, whose program is compiled when first asked for. */
  async picture(target: number | undefined): Promise<void> {
    const kind = target === undefined ? 'values' : 'gradients';
    this.#views[kind] ??= await createView(this.#gpu, this.#model, kind);
    this.#kind = kind;
    const { program } = this.#view;
    program.write('image', this.#image);
    if (target !== undefined) {
      const classes = Array.from({ length: this.#model.outputShape[0] }, (_, own) => Number(own === target));
      program.write('target', Float32Array.from(classes));
    }
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

  /** What the network looks at from now on: bytes of ink. */
  show(bytes: Uint8Array): void {
    this.#image = Float32Array.from(bytes, (byte) => byte / 255);
    this.#view.program.write('image', this.#image);
  }

  /** Runs the network on the image and draws every panel, in one submit. */
  async look(): Promise<void> {
    await this.#view.program.step((encoder) => this.#renderer.draw(encoder));
  }

  /** What the last look gave. */
  async reading(): Promise<Reading> {
    const both = (await this.#view.program.read('reading')) as Float32Array;
    const classes = both.length / 2;
    return { logits: both.slice(0, classes), probabilities: both.slice(classes) };
  }

  /** What made one feature map of a convolution, for the image as it is: read back, for someone has asked for it. */
  async explain({ layer: name, channel }: ExplainedMap): Promise<MadeMap> {
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
    const own = (list: Float32Array) => list.filter((_, i) => i % count === channel);
    return {
      layer: name,
      channel,
      input,
      filter: own(values.get(weight)!),
      bias: values.get(bias)![channel],
      output: own(output),
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

async function createView(gpu: Gpu, model: Network, kind: Kind): Promise<View> {
  const image = ops.input('image', [1, ...model.inputShape]);
  const target = ops.input('target', [1, ...model.outputShape]);
  const largest = (x: Tensor) => ops.reduceMax(ops.abs(x));
  const drawable = model.layers.filter(({ variables }) => isDrawable(variables[0]?.shape));
  const lossGradients =
    kind === 'gradients' &&
    (await part('The script that computes gradients', () => import('./lossGradients.ts'))).lossGradients;
  const program = await gpu.compile(
    () => {
      const shown: Record<string, Tensor> = {};
      let x = image;
      for (const layer of model.layers) {
        x = layer.call(x, { training: false });
        shown[layer.name] = x;
      }
      for (const { name, variables } of drawable) shown[`${name}/filters`] = ops.read(variables[0]);
      const tensors = Object.values(shown);
      const drawn = lossGradients ? lossGradients(x, target, tensors) : tensors;
      const outputs: Record<string, Tensor> = {};
      Object.keys(shown).forEach((name, i) => {
        outputs[name] = drawn[i];
        outputs[`${name}/largest`] = largest(drawn[i]);
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
  add('input', 'input', model.inputShape, { picture: true });
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

/** Filters over a single channel are images themselves: [KH, KW, 1, filters]. */
const isDrawable = (weight: readonly number[] | undefined): weight is readonly number[] =>
  weight?.length === 4 && weight[2] === 1;

/** What the page is to know of the layers. */
export function layerInfos(network: Network): LayerInfo[] {
  const outputs = network.callLayers(ops.input('image', [1, ...network.inputShape]));
  return network.layers.map((layer, i) => {
    const [weight] = layer.variables;
    const filters = isDrawable(weight?.shape)
      ? { width: weight.shape[1], height: weight.shape[0] }
      : undefined;
    return {
      name: layer.name,
      type: layer.type,
      description: layer.describe(),
      outputShape: outputs[i].shape.slice(1),
      parameters: layer.variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      filters,
    };
  });
}
