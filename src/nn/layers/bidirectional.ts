import { ArgumentError } from '../../errors.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { add, multiply, scale } from '../../ops/elementwise/elementwise.ts';
import { concat } from '../../ops/movement/concat.ts';
import { describe } from '../../options.ts';
import type { Defaults, Settled } from '../../options.ts';
import { maskOf } from '../masks.ts';
import { Layer, layerDefaults } from './layer.ts';
import type { CallContext, LayerConfig, LayerOptions, LayerTensor } from './layer.ts';
import { Recurrent } from './recurrent.ts';
import { recurrentState, rememberStates } from './recurrentState.ts';
import { settleLayer } from './settleLayer.ts';

const MERGES = {
  concat: (a: Tensor, b: Tensor) => concat([a, b], -1),
  sum: add,
  mul: multiply,
  ave: (a: Tensor, b: Tensor) => scale(add(a, b), 0.5),
};

export interface BidirectionalOptions extends LayerOptions {
  /** How the two outputs are joined: side by side, or added, multiplied or averaged; default 'concat'. */
  mergeMode?: keyof typeof MERGES;
}

const defaults = { mergeMode: 'concat', ...layerDefaults } as const satisfies Defaults<BidirectionalOptions>;

class Bidirectional extends Layer {
  override readonly type = 'bidirectional';
  protected override readonly inputs = 'any';
  readonly #options: Settled<BidirectionalOptions, typeof defaults>;
  readonly #forward: Recurrent;
  readonly #backward: Recurrent;

  constructor(layer: Recurrent, options: Settled<BidirectionalOptions, typeof defaults>) {
    super(options, options);
    this.#options = options;
    this.#forward = layer;
    this.#backward = layer.reversed();
  }

  override get config(): LayerConfig {
    const { type, config } = this.#forward;
    return { ...super.config, layer: { type, config: { ...config, name: config.name || type } } };
  }

  applyWithStates(inputs: LayerTensor | readonly LayerTensor[]): LayerTensor[] {
    const output = this.apply(inputs);
    const count = 2 * this.#forward.kind.states;
    return [output, ...Array.from({ length: count }, (_, i) => recurrentState(i).apply(output))];
  }

  protected override createWeights(inputShape: Shape, others: readonly Shape[]): void {
    const half = others.length / 2;
    if (!Number.isInteger(half)) {
      throw new ArgumentError(
        `${this.name || this.type}: got ${others.length} first states; give those of the forward layer, then as many of the backward layer`,
      );
    }
    this.buildWithin(this.#forward, [inputShape, ...others.slice(0, half)], 'forward');
    this.buildWithin(this.#backward, [inputShape, ...others.slice(half)], 'backward');
  }

  protected override compute(x: Tensor, context: CallContext, others: readonly Tensor[]): Tensor {
    const half = others.length / 2;
    // As in Keras, steps that the mask leaves out are 0.
    const there = this.#forward.outputsOf(x, context, others.slice(0, half), true);
    const back = this.#backward.outputsOf(x, context, others.slice(half), true);
    const { settings } = this.#forward;
    // Outputs stand at their own steps; Keras turns those of the backward layer round before it joins them.
    const [a, b] = settings.returnSequences
      ? [there.outputs, back.outputs]
      : [Recurrent.finish(there, settings), Recurrent.finish(back, this.#backward.settings)];
    return rememberStates(MERGES[this.#options.mergeMode](a, b), [...there.states, ...back.states]);
  }

  protected override outputMask([x]: readonly Tensor[]): Tensor | undefined {
    return this.#forward.settings.returnSequences ? maskOf(x) : undefined;
  }

  override describe(): string {
    return [this.#forward.type, this.#forward.describe(), this.#options.mergeMode].filter(Boolean).join(', ');
  }
}

/**
 * A recurrent layer and another one of the same options in the other direction, whose outputs are joined, as Keras's
 * Bidirectional: `bidirectional(lstm({ units: 8 }))`, [steps, features] → [16]. Outputs of steps that the mask leaves out are 0. The weights have the layer's names after
 * `forward` and `backward`: `forwardWeight`, `backwardBias`. Further inputs are first states, those of the forward layer first.
 *
 * `trainable` is that of the inner layer by default, and replaces it.
 *
 * @throws ArgumentError if it is not a recurrent layer from the first step to the last, or there is no such mergeMode
 */
export function bidirectional(layer: Recurrent, options: BidirectionalOptions = {}): Bidirectional {
  if (!(layer instanceof Recurrent)) {
    throw new ArgumentError(
      `bidirectional: takes a recurrent layer, bidirectional(lstm({ units: 10 })), but was given ${describe(layer)}`,
    );
  }
  if (layer.settings.goBackwards) {
    throw new ArgumentError(`bidirectional: the layer goes backwards; leave its goBackwards out`);
  }
  const settled = settleLayer('bidirectional', options, { ...defaults, trainable: layer.trainable });
  if (!Object.hasOwn(MERGES, settled.mergeMode)) {
    throw new ArgumentError(
      `bidirectional: mergeMode is ${describe(settled.mergeMode)}; choose one of ${Object.keys(MERGES).join(', ')}`,
    );
  }
  return new Bidirectional(layer, settled);
}
