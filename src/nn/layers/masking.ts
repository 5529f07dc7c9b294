import { ArgumentError, ShapeError } from '../../errors.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { notEqual, where } from '../../ops/elementwise/elementwise.ts';
import { cast } from '../../ops/movement/cast.ts';
import { reduceMax } from '../../ops/reduce/reduce.ts';
import { describe } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';

export interface MaskingOptions extends LayerOptions {
  /** A step of which all values are this one does not count; default 0. */
  maskValue?: number;
}

const defaults = { maskValue: 0, ...layerDefaults } as const satisfies Defaults<MaskingOptions>;

class Masking extends Layer {
  override readonly type = 'masking';
  readonly #value: number;

  constructor(options: Settled<MaskingOptions, typeof defaults>) {
    super(options, options);
    const { maskValue } = options;
    if (typeof maskValue !== 'number' || !Number.isFinite(Math.fround(maskValue))) {
      throw new ArgumentError(
        `masking: maskValue is ${describe(maskValue)}; give the finite number that padding is made of`,
      );
    }
    this.#value = maskValue;
  }

  protected override createWeights(inputShape: Shape): void {
    if (inputShape.length > 0) return;
    throw new ShapeError(
      `${this.name || this.type}: a sample is one number, so that there are no steps; it takes [steps, features]`,
    );
  }

  /** 1 where a value of a step differs, [batch, …, steps, 1]. */
  #counts(x: Tensor, keepDims: boolean): Tensor {
    return reduceMax(notEqual(x, this.#value), { axes: [-1], keepDims });
  }

  protected override compute(x: Tensor): Tensor {
    const values = x.dtype === 'f32' ? x : cast(x, 'f32');
    return where(this.#counts(values, true), values, 0);
  }

  protected override outputMask([x]: readonly Tensor[]): Tensor | undefined {
    return this.#counts(x.dtype === 'f32' ? x : cast(x, 'f32'), false);
  }

  override describe(): string {
    return String(this.#value);
  }
}

/**
 * Leaves the steps of a sequence out whose values are all `maskValue`, as Keras's Masking: they become 0, and the output,
 * [batch, steps, features], has the mask [batch, steps] that is 0 there. Layers that work step by step hand it on (dense,
 * activations, dropout, normalizations, timeDistributed), merging layers join those of their branches,
 * globalAveragePool1d, losses and metrics use it, and all others drop it.
 *
 * @throws ArgumentError unless the value is a finite number
 */
export function masking(options: MaskingOptions = {}): Layer {
  return new Masking(settleLayer('masking', options, defaults));
}
