import { add } from '../../ops/elementwise/elementwise.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { activationName, activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import type { InitializerSpec } from '../initializers.ts';
import { required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';

export interface DenseOptions extends LayerOptions {
  units: number;
  /** Default linear. */
  activation?: Activation;
  /** Default true. */
  useBias?: boolean;
  /** Default glorotUniform. */
  kernelInitializer?: InitializerSpec;
  /** Default zeros. */
  biasInitializer?: InitializerSpec;
}

const defaults = {
  units: required,
  activation: 'linear',
  useBias: true,
  kernelInitializer: 'glorotUniform',
  biasInitializer: 'zeros',
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
    this.expectRank(inputShape, 1, 'features');
    const { units, useBias, kernelInitializer, biasInitializer } = this.#options;
    this.#weight = this.addWeight('weight', {
      shape: [inputShape[0], units],
      initializer: kernelInitializer,
    });
    if (useBias) this.#bias = this.addWeight('bias', { shape: [units], initializer: biasInitializer });
  }

  protected override compute(x: Tensor): Tensor {
    const product = matmul(x, read(this.#weight));
    return activationOf(this.#options.activation)(this.#bias ? add(product, read(this.#bias)) : product);
  }

  override describe(): string {
    return activationName(this.#options.activation);
  }
}

/** y = activation(x W + b), x [batch, features], W [features, units]. */
export function dense(options: DenseOptions): Layer {
  return new Dense(settleLayer('dense', options, defaults));
}
