import { ArgumentError, ShapeError } from '../../errors.ts';
import { isTensor } from '../../ops/core/node.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { formatShape } from '../../ops/core/shape.ts';
import * as space from '../../ops/movement/depthToSpace.ts';
import { reshape, transpose } from '../../ops/movement/movement.ts';
import { broadcastTo } from '../../ops/reduce/sum.ts';
import { describe } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { maskOf } from '../masks.ts';
import { IMAGE, Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { CallContext, LayerOptions } from './layer.ts';
import { settlePlacedLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';

/**
 * Reorders the dimensions of a sample: permute([2, 1]) makes [features, steps] of [steps, features]. As in Keras they
 * are counted from 1: dimension i of the output is dimension dims[i] of the input. A mask is dropped.
 *
 * @throws ArgumentError if `dims` is not a permutation of 1 … rank, ShapeError if samples have another rank
 */
export function permute(dims: readonly number[], options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('permute', ['dims', dims], options, layerDefaults);
  const order = settled.dims;
  const isOrder = Array.isArray(order) && order.toSorted((a, b) => a - b).every((dim, i) => dim === i + 1);
  if (!isOrder || order.length === 0) {
    throw new ArgumentError(
      `permute: dims is ${JSON.stringify(dims)}; name each dimension of a sample once, counted from 1, such as [2, 1]`,
    );
  }
  return new Stateless('permute', settled, {
    sample: [order.length, `as many dimensions as dims has`],
    compute: (x) => transpose(x, [0, ...order]),
    description: order.join(', '),
  });
}

/**
 * Repeats a sample: [features] → [n, features], as in Keras. A mask is dropped.
 *
 * @throws ArgumentError unless n is a whole number of at least 1
 */
export function repeatVector(n: number, options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('repeatVector', ['n', n], options, layerDefaults);
  positiveInteger('repeatVector', 'n', n);
  return new Stateless('repeatVector', settled, {
    sample: [1, 'features'],
    compute: (x) => broadcastTo(reshape(x, [x.shape[0], 1, x.shape[1]]), [x.shape[0], n, x.shape[1]]),
    description: String(n),
  });
}

/** What the function of a `lambda` receives besides its input. */
export interface LambdaContext {
  /** True in training programs. */
  readonly training: boolean;
  /** Of the (first) input: f32 [batch, steps], 1 where a step counts; undefined: all do. */
  readonly mask: Tensor | undefined;
  /** The second and further inputs. */
  readonly others: readonly Tensor[];
}

export type LambdaFunction = (x: Tensor, context: LambdaContext) => Tensor;

export interface LambdaOptions extends LayerOptions {
  /**
   * The mask of the output, f32 [batch, steps]; by default it has none, as in Keras. `(x, { mask }) => mask` passes on that
   * of the input.
   */
  mask?: (x: Tensor, context: Omit<LambdaContext, 'training'>) => Tensor | undefined;
}

const lambdaDefaults = { mask: undefined, ...layerDefaults } as const satisfies Defaults<LambdaOptions>;

class Lambda extends Layer {
  override readonly type = 'lambda';
  protected override readonly inputs = 'any';
  readonly #function: LambdaFunction;
  readonly #mask: LambdaOptions['mask'];

  /** @param settings settled: they are its config, which JSON cannot hold */
  constructor(settings: LambdaOptions & { readonly function: LambdaFunction }) {
    super(settings, settings);
    this.#function = settings.function;
    this.#mask = settings.mask;
  }

  protected override compute(x: Tensor, { training }: CallContext, others: readonly Tensor[]): Tensor {
    const y: unknown = this.#function(x, { training, mask: maskOf(x), others });
    if (isTensor(y) && y.shape[0] === x.shape[0]) return y;
    const found = isTensor(y) ? `a tensor ${formatShape(y.shape)}` : describe(y);
    throw new ShapeError(
      `${this.name || this.type}: its function gives ${found} for ${formatShape(x.shape)}; it must give a tensor, made of x with ops, of as many samples`,
    );
  }

  protected override outputMask([x, ...others]: readonly Tensor[]): Tensor | undefined {
    return this.#mask?.(x, { mask: maskOf(x), others });
  }
}

/**
 * A layer that is a graph function of yours, without weights, as Keras's Lambda:
 * `lambda((x) => ops.square(x))`, and of two inputs `lambda((x, { others: [y] }) => ops.subtract(x, y)).apply([a, b])`.
 *
 * A model that has one cannot be saved as JSON, as a file cannot hold a function; weights can. Write a class and call
 * `registerLayer` for that.
 *
 * @throws ArgumentError if it is not a function; ShapeError, when the model is made, if it gives no tensor of as many samples
 */
export function lambda(compute: LambdaFunction, options: LambdaOptions = {}): Layer {
  const settled = settlePlacedLayer('lambda', ['function', compute], options, lambdaDefaults);
  for (const [name, given] of Object.entries({ function: compute, mask: settled.mask })) {
    if (typeof given === 'function' || (name === 'mask' && given === undefined)) continue;
    throw new ArgumentError(
      `lambda: its ${name} is ${describe(given)}; give a function of tensors, such as (x) => ops.square(x)`,
    );
  }
  return new Lambda(settled);
}

/**
 * Makes images larger from their channels (Shi et al. 2016): [h, w, r² · channels] → [r · h, r · w, channels].
 *
 * Channels are in PyTorch's order: y[r · i + a, r · j + b, c] = x[i, j, r² · c + r · a + b]. `depthToSpace` has them in
 * TensorFlow's, x[i, j, channels · (r · a + b) + c]; with one output channel there is no difference.
 *
 * @param upscaleFactor r
 * @throws ArgumentError unless r is a whole number of at least 1, ShapeError if r² does not divide the channels
 */
export function pixelShuffle(upscaleFactor: number, options: LayerOptions = {}): Layer {
  const placed = ['upscaleFactor', upscaleFactor] as const;
  const settled = settlePlacedLayer('pixelShuffle', placed, options, layerDefaults);
  const r = positiveInteger('pixelShuffle', 'upscaleFactor', upscaleFactor);
  return new Stateless('pixelShuffle', settled, {
    sample: [3, IMAGE],
    compute(x) {
      const [batch, height, width, channels] = x.shape;
      if (channels % r ** 2 !== 0) {
        throw new ShapeError(
          `pixelShuffle: ${channels} channels are not a multiple of ${r}² = ${r ** 2}; give the layer before it as many filters`,
        );
      }
      const own = channels / r ** 2;
      const places = transpose(reshape(x, [batch, height, width, own, r, r]), [0, 1, 4, 2, 5, 3]);
      return reshape(places, [batch, r * height, r * width, own]);
    },
    description: `×${r}`,
  });
}

/**
 * The reverse of `pixelShuffle`: [r · h, r · w, channels] → [h, w, r² · channels], in PyTorch's order of channels.
 *
 * @param downscaleFactor r
 * @throws ArgumentError unless r is a whole number of at least 1, ShapeError if it does not divide height and width
 */
export function pixelUnshuffle(downscaleFactor: number, options: LayerOptions = {}): Layer {
  const placed = ['downscaleFactor', downscaleFactor] as const;
  const settled = settlePlacedLayer('pixelUnshuffle', placed, options, layerDefaults);
  const r = positiveInteger('pixelUnshuffle', 'downscaleFactor', downscaleFactor);
  return new Stateless('pixelUnshuffle', settled, {
    sample: [3, IMAGE],
    compute(x) {
      const [batch, height, width, channels] = x.shape;
      if (height % r !== 0 || width % r !== 0) {
        throw new ShapeError(
          `pixelUnshuffle: ${height} × ${width} pixels do not fall into squares of ${r} × ${r}; crop or pad the images first`,
        );
      }
      const [h, w] = [height / r, width / r];
      const places = transpose(reshape(x, [batch, h, r, w, r, channels]), [0, 1, 3, 5, 2, 4]);
      return reshape(places, [batch, h, w, channels * r ** 2]);
    },
    description: `÷${r}`,
  });
}

/**
 * Moves channels into blocks of pixels, in TensorFlow's order of channels: [h, w, b² · channels] → [b · h, b · w, channels].
 * See `ops.depthToSpace`.
 *
 * @param blockSize b
 * @throws ArgumentError unless b is a whole number of at least 1, ShapeError if b² does not divide the channels
 */
export function depthToSpace(blockSize: number, options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('depthToSpace', ['blockSize', blockSize], options, layerDefaults);
  const b = positiveInteger('depthToSpace', 'blockSize', blockSize);
  return new Stateless('depthToSpace', settled, {
    sample: [3, IMAGE],
    compute: (x) => space.depthToSpace(x, b),
    description: `×${b}`,
  });
}

/**
 * The reverse of `depthToSpace`: [b · h, b · w, channels] → [h, w, b² · channels], in TensorFlow's order of channels.
 *
 * @param blockSize b
 * @throws ArgumentError unless b is a whole number of at least 1, ShapeError if it does not divide height and width
 */
export function spaceToDepth(blockSize: number, options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('spaceToDepth', ['blockSize', blockSize], options, layerDefaults);
  const b = positiveInteger('spaceToDepth', 'blockSize', blockSize);
  return new Stateless('spaceToDepth', settled, {
    sample: [3, IMAGE],
    compute: (x) => space.spaceToDepth(x, b),
    description: `÷${b}`,
  });
}
