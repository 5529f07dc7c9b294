import { ArgumentError, ShapeError } from '../../errors.ts';
import { fill } from '../../ops/core/leaves.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import { multiply } from '../../ops/elementwise/elementwise.ts';
import { dropout as dropoutOp } from '../../ops/random/dropout.ts';
import { flatten as flattenOp, reshape as reshapeOp } from '../../ops/movement/movement.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { activationName, activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import { describe } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { CallContext, LayerOptions } from './layer.ts';
import { settleLayer, settlePlacedLayer } from './settleLayer.ts';

export interface StatelessFunction {
  readonly compute: (x: Tensor, context: CallContext) => Tensor;
  /** For summaries. */
  readonly description?: string;
  /** Rank of the samples that it works on, and what their dimensions mean; any by default. */
  readonly sample?: readonly [rank: number, meaning: string];
  /** See Layer.passesMask; default false. */
  readonly passesMask?: boolean;
  /** See Layer.outputMask. */
  readonly mask?: (x: Tensor) => Tensor | undefined;
}

/** A layer without weights that is one function of its input. */
export class Stateless extends Layer {
  override readonly type: string;
  protected override readonly passesMask: boolean;
  readonly #function: StatelessFunction;

  /** @param options settled: they are its config */
  constructor(type: string, options: LayerOptions, own: StatelessFunction) {
    super(options, options);
    this.type = type;
    this.passesMask = own.passesMask ?? false;
    this.#function = own;
  }

  protected override createWeights(inputShape: Shape): void {
    const { sample } = this.#function;
    if (sample) this.expectRank(inputShape, ...sample);
  }

  protected override compute(x: Tensor, context: CallContext): Tensor {
    return this.#function.compute(x, context);
  }

  protected override outputMask(inputs: readonly Tensor[]): Tensor | undefined {
    const { mask } = this.#function;
    return mask ? mask(inputs[0]) : super.outputMask(inputs);
  }

  override describe(): string {
    return this.#function.description ?? '';
  }
}

/** [batch, …] → [batch, features]; costs nothing. */
export function flatten(options: LayerOptions = {}): Layer {
  return new Stateless('flatten', settleLayer('flatten', options, layerDefaults), { compute: flattenOp });
}

/** Gives each sample another shape of the same size; one extent may be −1. Costs nothing. */
export function reshape(targetShape: Shape, options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('reshape', ['targetShape', targetShape], options, layerDefaults);
  const shape = settled.targetShape;
  if (!Array.isArray(shape) || !shape.every((extent) => Number.isInteger(extent))) {
    throw new ArgumentError(
      `reshape: targetShape is ${describe(targetShape)}; give the shape of one sample in whole numbers, such as [7, 7, 16]`,
    );
  }
  return new Stateless('reshape', settled, {
    compute: (x) => reshapeOp(x, [x.shape[0], ...shape]),
    description: shape.join('×'),
  });
}

export interface DropoutOptions extends LayerOptions {
  /**
   * Shape of the random numbers, [batch, …]: 1 along dimensions that share their numbers, null for the input's own extent.
   * [null, 1, null] is one number for all steps. Default: each value has its own.
   */
  noiseShape?: readonly (number | null)[];
}

export const dropoutDefaults = {
  noiseShape: undefined,
  ...layerDefaults,
} as const satisfies Defaults<DropoutOptions>;

/** The shape of the random numbers for x. */
export function noiseShapeOf(layer: string, x: Tensor, noiseShape: DropoutOptions['noiseShape']): Shape {
  if (noiseShape === undefined) return x.shape;
  const list: readonly unknown[] = Array.isArray(noiseShape) ? noiseShape : [];
  const fits = list.every((extent, i) => extent === null || extent === 1 || extent === x.shape[i]);
  if (fits && list.length === x.shape.length) {
    return x.shape.map((extent, i) => (list[i] === null ? extent : (list[i] as number)));
  }
  throw new ShapeError(
    `${layer}: noiseShape is ${JSON.stringify(noiseShape)}, but the input ${formatShape(x.shape)}; give 1, the extent or null for each dimension, the batch included`,
  );
}

/**
 * Sets a share `rate` of the values to 0 while training and scales the others by 1 / (1 − rate);
 * does nothing otherwise (Srivastava et al. 2014).
 *
 * @throws ArgumentError unless 0 ≤ rate < 1; ShapeError, when the model is made, if the noise has another rank
 */
export function dropout(rate: number, options: DropoutOptions = {}): Layer {
  const settled = settlePlacedLayer('dropout', ['rate', rate], options, dropoutDefaults);
  checkRate('dropout', rate);
  const { noiseShape } = settled;
  return new Stateless('dropout', settled, {
    compute(x, { training }) {
      const shape = noiseShapeOf('dropout', x, noiseShape);
      if (!training) return x;
      return sameShape(shape, x.shape) ? dropoutOp(x, rate) : multiply(x, dropoutOp(fill(shape, 1), rate));
    },
    passesMask: true,
    description: String(rate),
  });
}

/** Throws an ArgumentError unless 0 ≤ rate < 1, as f32 too. */
export function checkRate(layer: string, rate: number): void {
  if (typeof rate === 'number' && rate >= 0 && Math.fround(rate) < 1) return;
  throw new ArgumentError(
    `${layer}: rate is ${describe(rate)}; it must be at least 0 and below 1, such as 0.5`,
  );
}

/** An activation function on its own: `activation('relu')`. */
export function activation(name: Activation, options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('activation', ['activation', name], options, layerDefaults);
  const own = activationOf(settled.activation);
  return new Stateless('activation', settled, {
    compute: (x) => own(x),
    description: activationName(name),
    passesMask: true,
  });
}
