import { ops } from '../../src/index.ts';
import type { Gpu, Model, Program, Tensor } from '../../src/index.ts';
import type { TileRenderer, TensorSource } from '../shared/tiles.ts';

const SIDE = 28;

/**
 * A forward pass for one image whose layer outputs stay on the GPU, where the panels draw them from: the input
 * ('input'), the filters of convolutions of a grey image ('filters:<layer>') and every layer's feature maps
 * ('maps:<layer>').
 */
export class Viewer {
  readonly #program: Program;
  readonly #renderer: TileRenderer;
  readonly #sources: ReadonlyMap<string, TensorSource>;

  private constructor(program: Program, renderer: TileRenderer, sources: ReadonlyMap<string, TensorSource>) {
    this.#program = program;
    this.#renderer = renderer;
    this.#sources = sources;
    for (const name of sources.keys()) this.connect(name);
  }

  static async create(gpu: Gpu, model: Model, renderer: TileRenderer): Promise<Viewer> {
    const image = ops.input('image', [1, SIDE, SIDE, 1]);
    const largest = (x: Tensor) => ops.reduceMax(ops.abs(x));
    const program = await gpu.compile(
      () => {
        const outputs: Record<string, Tensor> = { 'input/largest': ops.maximum(largest(image), 0.5) };
        let x = image;
        for (const layer of model.layers) {
          x = layer.call(x, { training: false });
          outputs[layer.name] = x;
          outputs[`${layer.name}/largest`] = largest(x);
          const [weight] = layer.variables;
          if (isDrawable(weight?.shape)) outputs[`${layer.name}/filters/largest`] = largest(ops.read(weight));
        }
        return { ...outputs, reading: ops.concat([x, ops.softmax(x)], 1) };
      },
      { label: `${model.name}/view` },
    );

    const sources = new Map<string, TensorSource>();
    const add = (
      name: string,
      values: TensorSource['values'],
      scale: string,
      shape: readonly number[],
      more = {},
    ) => {
      const [height, width, count] = shape;
      const strides = { tileStride: 1, rowStride: width * count, columnStride: count };
      const largest = program.location(scale);
      sources.set(name, { kind: 'tensor', values, largest, width, height, count, ...strides, ...more });
    };
    add('input', program.location(image), 'input/largest', [SIDE, SIDE, 1], { picture: true });
    for (const layer of model.layers) {
      const shape = program.build.outputs[layer.name].shape.slice(1);
      // A layer of units is a row of single texels.
      const images = shape.length === 3 ? shape : [1, 1, shape[0]];
      add(`maps:${layer.name}`, program.location(layer.name), `${layer.name}/largest`, images, {
        gamma: 0.7,
      });
      const [weight] = layer.variables;
      if (!isDrawable(weight?.shape)) continue;
      const [rows, columns, , filters] = weight.shape;
      const location = gpu.variables.location(weight);
      add(`filters:${layer.name}`, location, `${layer.name}/filters/largest`, [rows, columns, filters]);
    }
    return new Viewer(program, renderer, sources);
  }

  /** Lets a panel that has come show what is its to show. */
  connect(name: string): void {
    const source = this.#sources.get(name);
    if (source) this.#renderer.show(name, source);
  }

  /** What the network looks at from now on: 28 × 28 bytes of ink. */
  show(bytes: Uint8Array): void {
    this.#program.write(
      'image',
      Float32Array.from(bytes, (byte) => byte / 255),
    );
  }

  /** Runs the network on the image and draws every panel, in one submit. */
  async look(): Promise<void> {
    await this.#program.step((encoder) => this.#renderer.draw(encoder));
  }

  /** The ten logits that the last look gave, and their softmax. */
  async reading(): Promise<{ logits: Float32Array; probabilities: Float32Array }> {
    const both = (await this.#program.read('reading')) as Float32Array;
    return { logits: both.slice(0, 10), probabilities: both.slice(10) };
  }

  destroy(): void {
    this.#program.destroy();
  }
}

/** Filters over a single channel are images themselves: [KH, KW, 1, filters]. */
export function isDrawable(weight: readonly number[] | undefined): boolean {
  return weight?.length === 4 && weight[2] === 1;
}

/** The likeliest class for each ten logits, and its probability. */
export function classify(logits: Float32Array): { predictions: Uint8Array; confidence: Float32Array } {
  const size = logits.length / 10;
  const predictions = new Uint8Array(size);
  const confidence = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const row = logits.subarray(i * 10, i * 10 + 10);
    const best = row.indexOf(Math.max(...row));
    predictions[i] = best;
    // softmax, shifted by the largest logit
    confidence[i] = 1 / row.reduce((sum, logit) => sum + Math.exp(logit - row[best]), 0);
  }
  return { predictions, confidence };
}
