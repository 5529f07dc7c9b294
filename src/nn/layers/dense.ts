import { ShapeError } from '../../errors.ts';
import { add } from '../../ops/elementwise/elementwise.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { activationName, activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import { required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** By default the kernel starts with glorotUniform, the bias with zeros. */
export interface DenseOptions extends LayerOptions, WeightOptionsOf<'kernel'>, WeightOptionsOf<'bias'> {
  units: number;
  /** Default linear. */
  activation?: Activation;
  /** Default true. */
  useBias?: boolean;
}

const defaults = {
  units: required,
  activation: 'linear',
  useBias: true,
  ...weightDefaults('kernel', 'glorotUniform'),
  ...weightDefaults('bias', 'zeros'),
  ...layerDefaults,
} as const satisfies Defaults<DenseOptions>;

type SettledOptions = Settled<DenseOptions, typeof defaults>;

class Dense extends Layer {
  override readonly type = 'dense';
  protected override readonly passesMask = true;
  readonly #options: SettledOptions;
  #weight!: Variable;
  #bias: Variable | undefined;

  constructor(options: SettledOptions) {
    super(options, options);
    positiveInteger('dense', 'units', options.units);
    this.#options = options;
  }

  protected override createWeights(inputShape: Shape): void {
    if (inputShape.length === 0) {
      throw new ShapeError(
        `${this.name || this.type}: works on the last axis of samples, and these are single numbers; give them a shape, such as [1]`,
      );
    }
    const { units, useBias } = this.#options;
    this.#weight = this.addWeight('weight', {
      shape: [inputShape.at(-1)!, units],
      ...weightOf<'kernel'>(this.#options, 'kernel'),
    });
    if (useBias) {
      this.#bias = this.addWeight('bias', { shape: [units], ...weightOf<'bias'>(this.#options, 'bias') });
    }
  }

  protected override compute(x: Tensor): Tensor {
    const { units, activation } = this.#options;
    const rows = x.shape.slice(0, -1);
    const flat = rows.length === 1;
    const product = matmul(flat ? x : reshape(x, [-1, x.shape.at(-1)!]), read(this.#weight));
    const sum = this.#bias ? add(product, read(this.#bias)) : product;
    return activationOf(activation)(flat ? sum : reshape(sum, [...rows, units]));
  }

  override describe(): string {
    return activationName(this.#options.activation);
  }
}

/**
 * y = activation(x W + b) along the last axis: x [batch, …, features], W [features, units].
 *
 * @throws ArgumentError if units is not a whole number of at least 1
 */
export function dense(options: DenseOptions): Layer {
  return new Dense(settleLayer('dense', options, defaults));
}
