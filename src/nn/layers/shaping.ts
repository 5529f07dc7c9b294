import { ArgumentError } from '../../errors.ts';
import { dropout as dropoutOp } from '../../ops/dropout.ts';
import { flatten as flattenOp, reshape as reshapeOp } from '../../ops/movement.ts';
import type { Shape, Tensor } from '../../ops/tensor.ts';
import { activationName, activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import { Layer } from './layer.ts';
import type { CallContext, LayerOptions } from './layer.ts';

/** A layer without weights that is one function of its input. */
export class Stateless extends Layer {
  override readonly type: string;
  readonly #compute: (x: Tensor, context: CallContext) => Tensor;
  readonly #description: string;

  constructor(
    type: string,
    options: LayerOptions,
    compute: (x: Tensor, context: CallContext) => Tensor,
    description = '',
  ) {
    super(options);
    this.type = type;
    this.#compute = compute;
    this.#description = description;
  }

  protected override compute(x: Tensor, context: CallContext): Tensor {
    return this.#compute(x, context);
  }

  override describe(): string {
    return this.#description;
  }
}

/** [batch, …] → [batch, features]; costs nothing. */
export function flatten(options: LayerOptions = {}): Layer {
  return new Stateless('flatten', options, flattenOp);
}

/** Gives each sample another shape of the same size; one extent may be −1. Costs nothing. */
export function reshape(targetShape: Shape, options: LayerOptions = {}): Layer {
  return new Stateless(
    'reshape',
    options,
    (x) => reshapeOp(x, [x.shape[0], ...targetShape]),
    targetShape.join('×'),
  );
}

/**
 * Sets a share `rate` of the values to 0 while training and scales the others by 1 / (1 − rate);
 * does nothing otherwise (Srivastava et al. 2014).
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 */
export function dropout(rate: number, options: LayerOptions = {}): Layer {
  if (!(rate >= 0 && Math.fround(rate) < 1)) {
    throw new ArgumentError(`dropout: rate is ${rate}; it must be at least 0 and below 1, such as 0.5`);
  }
  return new Stateless(
    'dropout',
    options,
    (x, { training }) => (training ? dropoutOp(x, rate) : x),
    String(rate),
  );
}

/** An activation function on its own: `activation('relu')`. */
export function activation(name: Activation, options: LayerOptions = {}): Layer {
  return new Stateless('activation', options, activationOf(name), activationName(name));
}
