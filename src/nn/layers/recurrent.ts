import { ArgumentError } from '../../errors.ts';
import { fill, read } from '../../ops/core/leaves.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { multiply, where } from '../../ops/elementwise/elementwise.ts';
import { reshape, reverse, slice } from '../../ops/movement/movement.ts';
import { dropout } from '../../ops/random/dropout.ts';
import { isRecurrentActivation } from '../../ops/recurrent/activations.ts';
import type { GruOptions as GruOpOptions, Sequence } from '../../ops/recurrent/recurrent.ts';
import { checkFlag, required } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { activationName, activationOf } from '../activations.ts';
import type { Activation } from '../activations.ts';
import { initializerOf } from '../initializers.ts';
import type { InitializerSpec } from '../initializers.ts';
import { maskOf } from '../masks.ts';
import { Layer, layerDefaults, positiveInteger } from './layer.ts';
import type { CallContext, LayerOptions, LayerTensor } from './layer.ts';
import { recurrentState, rememberStates } from './recurrentState.ts';
import { checkRate } from './shaping.ts';
import { SEQUENCE } from './sequences.ts';
import { weightDefaults, weightOf } from './weightOptions.ts';
import type { WeightOptionsOf } from './weightOptions.ts';

/** By default the kernel starts with glorotUniform, the recurrent kernel orthogonal, the bias with zeros. */
export interface SimpleRnnOptions
  extends LayerOptions, WeightOptionsOf<'kernel'>, WeightOptionsOf<'recurrent'>, WeightOptionsOf<'bias'> {
  units: number;
  /** Default tanh. */
  activation?: Activation;
  /** Default true. */
  useBias?: boolean;
  /** The output is that of every step, [steps, units], instead of the last one's, [units]. Default false. */
  returnSequences?: boolean;
  /** From the last step to the first; the outputs are then in that order, too. Default false. */
  goBackwards?: boolean;
  /** Share of the inputs' features that is dropped while training, the same at all steps of a sample. Default 0. */
  dropout?: number;
  /** The same of the state before each step; the sequence is unrolled then. Default 0. */
  recurrentDropout?: number;
  /** Several ops for each step instead of one kernel for all. Default false. */
  unroll?: boolean;
  /** The output of a step that its mask leaves out is 0, instead of that of the step before. Default false. */
  zeroOutputForMask?: boolean;
}

export const recurrentDefaults = {
  units: required,
  activation: 'tanh',
  useBias: true,
  returnSequences: false,
  goBackwards: false,
  dropout: 0,
  recurrentDropout: 0,
  unroll: false,
  zeroOutputForMask: false,
  ...weightDefaults('kernel', 'glorotUniform'),
  ...weightDefaults('recurrent', 'orthogonal'),
  ...weightDefaults('bias', 'zeros'),
  ...layerDefaults,
} as const satisfies Defaults<SimpleRnnOptions>;

/** Options of all recurrent layers. */
export type RecurrentSettings = Required<
  Omit<SimpleRnnOptions, keyof LayerOptions | `${string}${'Initializer' | 'Regularizer' | 'Constraint'}`>
> &
  LayerOptions & {
    readonly [K in `${'kernel' | 'recurrent' | 'bias'}Initializer`]: InitializerSpec;
  } & {
    readonly recurrentActivation?: Activation;
    readonly resetAfter?: boolean;
    readonly unitForgetBias?: boolean;
  };

/** What one kind of layer has, and others have not. */
export interface RecurrentKind {
  readonly type: string;
  readonly gates: number;
  /** h, and for the LSTM c. */
  readonly states: number;
  readonly op: (x: Tensor, kernel: Tensor, recurrentKernel: Tensor, options: GruOpOptions) => Sequence;
}

const FLAGS = ['useBias', 'returnSequences', 'goBackwards', 'unroll', 'zeroOutputForMask'] as const;

/** What the op takes: a name that its kernels know, or a function. */
const known = (activation: Activation) =>
  isRecurrentActivation(activation) ? activation : activationOf(activation);

/** LSTM, GRU and simple RNN. Weights: `weight` [features, gates · units], `recurrentWeight` [units, gates · units], `bias`. */
export class Recurrent extends Layer {
  override readonly type: string;
  protected override readonly inputs = 'any';
  readonly settings: RecurrentSettings;
  readonly kind: RecurrentKind;
  #weight!: Variable;
  #recurrentWeight!: Variable;
  #bias: Variable | undefined;
  #recurrentBias: Variable | undefined;

  constructor(kind: RecurrentKind, settings: RecurrentSettings) {
    super(settings, settings);
    this.type = kind.type;
    this.kind = kind;
    this.settings = settings;
    positiveInteger(kind.type, 'units', settings.units);
    for (const flag of FLAGS) checkFlag(kind.type, flag, settings[flag]);
    checkRate(`${kind.type}: dropout`, settings.dropout);
    checkRate(`${kind.type}: recurrentDropout`, settings.recurrentDropout);
  }

  /** The same layer, without weights, in the other direction. */
  reversed(): Recurrent {
    const { goBackwards } = this.settings;
    return new Recurrent(this.kind, { ...this.settings, goBackwards: !goBackwards });
  }

  /**
   * `apply`, and besides the output the states after the last step: h and, for the LSTM, c, [units] each (Keras's
   * returnState): `const [y, h, c] = lstm({ units: 8 }).applyWithStates(x)`.
   */
  applyWithStates(inputs: LayerTensor | readonly LayerTensor[]): LayerTensor[] {
    const output = this.apply(inputs);
    return [output, ...Array.from({ length: this.kind.states }, (_, i) => recurrentState(i).apply(output))];
  }

  protected override createWeights(inputShape: Shape, others: readonly Shape[]): void {
    this.expectRank(inputShape, 2, SEQUENCE);
    this.#expectStates(others.length);
    for (const state of others) this.expectRank(state, 1, 'units, of a first state');
    const { gates } = this.kind;
    const { units, useBias, unitForgetBias, resetAfter } = this.settings;
    const columns = gates * units;
    this.#weight = this.addWeight('weight', {
      shape: [inputShape[1], columns],
      ...weightOf<'kernel'>(this.settings, 'kernel'),
    });
    this.#recurrentWeight = this.addWeight('recurrentWeight', {
      shape: [units, columns],
      ...weightOf<'recurrent'>(this.settings, 'recurrent'),
    });
    if (!useBias) return;
    const bias = weightOf<'bias'>(this.settings, 'bias');
    const initializer = unitForgetBias ? forgetBias(bias.initializer, units) : bias.initializer;
    this.#bias = this.addWeight('bias', { shape: [columns], ...bias, initializer });
    if (resetAfter) this.#recurrentBias = this.addWeight('recurrentBias', { shape: [columns], ...bias });
  }

  #expectStates(count: number): void {
    const { states } = this.kind;
    if (count === 0 || count === states) return;
    throw new ArgumentError(
      `${this.name || this.type}: got ${count} inputs besides the sequence; give its first states, ${states === 2 ? 'h and c: apply([x, h, c])' : 'h: apply([x, h])'}, or none`,
    );
  }

  /** All steps, with outputs at the steps that they belong to. */
  run(x: Tensor, { training }: CallContext, initial: readonly Tensor[]): Sequence {
    const { activation, recurrentActivation, resetAfter, goBackwards, unroll, ...rates } = this.settings;
    const [batch, , features] = x.shape;
    const noise = (count: number, rate: number) => dropout(fill([batch, count], 1), rate);
    const dropped = training && rates.dropout > 0;
    const input = dropped ? multiply(x, reshape(noise(features, rates.dropout), [batch, 1, features])) : x;
    return this.kind.op(input, read(this.#weight), read(this.#recurrentWeight), {
      bias: this.#bias && read(this.#bias),
      activation: known(activation),
      mask: maskOf(x),
      goBackwards,
      unroll,
      ...(initial.length > 0 && { initialState: initial }),
      ...(recurrentActivation && { recurrentActivation: known(recurrentActivation) }),
      ...(resetAfter !== undefined && { resetAfter }),
      ...(this.#recurrentBias && { recurrentBias: read(this.#recurrentBias) }),
      ...(training &&
        rates.recurrentDropout > 0 && { stateFactor: noise(rates.units, rates.recurrentDropout) }),
    });
  }

  /** `run` with outputs of 0 at steps that the mask leaves out, if `zero`; else the states stay, and the outputs with them. */
  outputsOf(
    x: Tensor,
    context: CallContext,
    initial: readonly Tensor[],
    zero = this.settings.zeroOutputForMask,
  ): Sequence {
    const sequence = this.run(x, context, initial);
    const mask = maskOf(x);
    if (!mask || !zero) return sequence;
    return { ...sequence, outputs: where(reshape(mask, [...mask.shape, 1]), sequence.outputs, 0) };
  }

  /** The output of the last step that is made, or those of all in their order. */
  static finish({ outputs }: Sequence, { returnSequences, goBackwards }: RecurrentSettings): Tensor {
    const [batch, steps, units] = outputs.shape;
    if (returnSequences) return goBackwards ? reverse(outputs, [1]) : outputs;
    return reshape(slice(outputs, [0, goBackwards ? 0 : steps - 1, 0], [batch, 1, units]), [batch, units]);
  }

  protected override compute(x: Tensor, context: CallContext, others: readonly Tensor[]): Tensor {
    const sequence = this.outputsOf(x, context, others);
    return rememberStates(Recurrent.finish(sequence, this.settings), sequence.states);
  }

  protected override outputMask([x]: readonly Tensor[]): Tensor | undefined {
    const { returnSequences, goBackwards } = this.settings;
    const mask = returnSequences ? maskOf(x) : undefined;
    return mask && goBackwards ? reverse(mask, [1]) : mask;
  }

  override describe(): string {
    const { units, activation, returnSequences, goBackwards } = this.settings;
    const name = activation === 'tanh' ? '' : activationName(activation) || 'linear';
    const words = [`${units} units`, name, returnSequences && 'every step', goBackwards && 'backwards'];
    return words.filter(Boolean).join(', ');
  }
}

/** Ones for the forget gate (Jozefowicz et al. 2015), what `spec` gives for the others. */
function forgetBias(spec: InitializerSpec, units: number): InitializerSpec {
  const others = initializerOf(spec, 'lstm');
  return (data, shape, key) => {
    others(data, shape, key);
    data.fill(1, units, 2 * units);
  };
}
