import { ArgumentError, ShapeError } from '../../errors.ts';
import { rotary } from '../../ops/attention/rotary.ts';
import { read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { add } from '../../ops/elementwise/elementwise.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { normalize, requireEpsilon } from '../../ops/normalization/normalize.ts';
import { dropout as drop } from '../../ops/random/dropout.ts';
import { checkFlag, describe, required } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import type { InitializerSpec } from '../initializers.ts';
import { activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import { maskOf, masked } from '../masks.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { CallContext, LayerOptions } from './layer.ts';
import { HeadsAttention } from './multiHeadAttention.ts';
import { SEQUENCE } from './sequences.ts';
import { settleLayer } from './settleLayer.ts';
import { checkRate } from './shaping.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** By default the kernels start with glorotUniform, the biases with zeros. */
export interface TransformerBlockOptions
  extends LayerOptions, WeightOptionsOf<'kernel'>, WeightOptionsOf<'bias'> {
  /** A divisor of the features: each head has features / numHeads. */
  numHeads: number;
  /** Size of the hidden layer; default 4 · features. */
  hiddenDim?: number;
  /** Of the hidden layer; default 'gelu'. */
  activation?: Activation;
  /** Share of the attention's weights, and of what both parts add, that is dropped while training; default 0. */
  dropout?: number;
  /** Biases of the kernels, and β of the normalization; default true. */
  useBias?: boolean;
  /**
   * Initial values of the two kernels whose results are added to the sequence; default: the other kernels'. GPT-2 divides their
   * deviation by √(2 · blocks).
   */
  residualInitializer?: InitializerSpec;
  /** Each step sees itself and those before it only; default false. */
  useCausalMask?: boolean;
  /** 'layer' subtracts the mean and has β, 'rms' does without (Zhang, Sennrich 2019); default 'layer'. */
  normalization?: 'layer' | 'rms';
  /** Added to the variance, or the mean square; default 1e-5. */
  epsilon?: number;
  /** Turn queries and keys by their positions (see ops.rotary); default false. */
  rotary?: boolean;
}

const defaults = {
  numHeads: required,
  hiddenDim: undefined,
  activation: 'gelu',
  dropout: 0,
  useBias: true,
  residualInitializer: undefined,
  useCausalMask: false,
  normalization: 'layer',
  epsilon: 1e-5,
  rotary: false,
  ...weightDefaults('kernel', 'glorotUniform'),
  ...weightDefaults('bias', 'zeros'),
  ...layerDefaults,
} as const satisfies Defaults<TransformerBlockOptions>;

class TransformerBlock extends Layer {
  override readonly type = 'transformerBlock';
  protected override readonly passesMask = true;
  readonly #options: Settled<TransformerBlockOptions, typeof defaults>;
  #attention: Layer | undefined;
  readonly #own = new Map<string, Variable>();

  constructor(options: Settled<TransformerBlockOptions, typeof defaults>) {
    super(options, options);
    this.#options = options;
    positiveInteger(this.type, 'numHeads', options.numHeads);
    if (options.hiddenDim !== undefined) positiveInteger(this.type, 'hiddenDim', options.hiddenDim);
    checkRate(this.type, options.dropout);
    requireEpsilon(this.type, options.epsilon);
    for (const flag of ['useBias', 'useCausalMask', 'rotary'] as const) {
      checkFlag(this.type, flag, options[flag]);
    }
    if (options.normalization !== 'layer' && options.normalization !== 'rms') {
      throw new ArgumentError(
        `${this.type}: normalization is ${describe(options.normalization)}; it must be 'layer' or 'rms'`,
      );
    }
  }

  protected override createWeights(inputShape: Shape): void {
    this.expectRank(inputShape, 2, SEQUENCE);
    const features = inputShape[1];
    const { numHeads, useBias, normalization, residualInitializer } = this.#options;
    const size = features / numHeads;
    const { rotary: turns } = this.#options;
    if (!Number.isInteger(size) || (turns && size % 2 !== 0)) {
      throw new ShapeError(
        `${this.name || this.type}: ${features} features do not fall into ${numHeads} heads of a whole${turns ? ', even' : ''} size; choose another numHeads`,
      );
    }
    const norm = (part: string) => {
      this.#add(`${part}Gamma`, { shape: [features], initializer: 'ones' });
      if (normalization === 'layer' && useBias)
        this.#add(`${part}Beta`, { shape: [features], initializer: 'zeros' });
    };
    norm('attention');
    const own = { ...this.#options, name: undefined, activityRegularizer: undefined };
    this.#attention ??= new HeadsAttention('multiHeadAttention', own, {
      heads: numHeads,
      keyHeads: numHeads,
      keyDim: size,
      valueDim: size,
      outputShape: undefined,
      outputInitializer: residualInitializer,
      turn: this.#options.rotary
        ? (x, own) => rotary(x, own && { offsets: own.positions, positions: own.capacity })
        : undefined,
    });
    this.buildWithin(this.#attention, [inputShape]);
    norm('hidden');
    const hidden = this.#options.hiddenDim ?? 4 * features;
    const kernel = weightOf<'kernel'>(this.#options, 'kernel');
    const bias = weightOf<'bias'>(this.#options, 'bias');
    this.#add('expandKernel', { shape: [features, hidden], ...kernel });
    if (useBias) this.#add('expandBias', { shape: [hidden], ...bias });
    const added = { ...kernel, initializer: residualInitializer ?? kernel.initializer };
    this.#add('contractKernel', { shape: [hidden, features], ...added });
    if (useBias) this.#add('contractBias', { shape: [features], ...bias });
  }

  #add(name: string, options: Parameters<Layer['addWeight']>[1]): void {
    this.#own.set(name, this.addWeight(name, options));
  }

  #read(name: string): Tensor | undefined {
    const variable = this.#own.get(name);
    return variable && read(variable);
  }

  protected override compute(x: Tensor, context: CallContext): Tensor {
    const dropped = (y: Tensor) => (context.training ? drop(y, this.#options.dropout) : y);
    const frozen = new Set(this.isFrozen(context) ? [this.#attention!] : []);
    const steps = masked(this.#normalized('attention', x), maskOf(x));
    const y = add(x, dropped(this.#attention!.call(steps, { ...context, frozen })));
    const rows = reshape(this.#normalized('hidden', y), [-1, x.shape[2]]);
    const { activation } = this.#options;
    const hidden = activationOf(activation)(this.#dense('expand', rows));
    return add(y, dropped(reshape(this.#dense('contract', hidden), x.shape)));
  }

  #dense(part: string, x: Tensor): Tensor {
    const bias = this.#read(`${part}Bias`);
    const product = matmul(x, this.#read(`${part}Kernel`)!);
    return bias ? add(product, bias) : product;
  }

  #normalized(part: string, x: Tensor): Tensor {
    const { epsilon, normalization } = this.#options;
    const gamma = this.#read(`${part}Gamma`)!;
    const centered = normalization === 'layer';
    return normalize(x, { over: 'layer', gamma, beta: this.#read(`${part}Beta`), epsilon, centered }).y;
  }

  override describe(): string {
    return `${this.#options.numHeads} heads`;
  }
}

/**
 * A block of a transformer, normalized before each part (Xiong et al. 2020), as in GPT-2: [steps, features] → [steps, features]
 *
 *     y = x + attention(norm(x)),   output = y + activation(norm(y) W_expand + b) W_contract + b
 *
 * with multi-head attention to itself. Weights: `attentionGamma`, `attentionBeta`, those of multiHeadAttention (`queryKernel`, …),
 * `hiddenGamma`, `hiddenBeta`, `expandKernel` [features, hidden], `expandBias`, `contractKernel` [hidden, features],
 * `contractBias`; β and biases with `useBias`, and no β with normalization 'rms'.
 *
 * @throws ArgumentError where an option is out of its range
 * @throws ShapeError, when the model is made, if numHeads does not divide the features
 */
export function transformerBlock(options: TransformerBlockOptions): Layer {
  return new TransformerBlock(settleLayer('transformerBlock', options, defaults));
}
