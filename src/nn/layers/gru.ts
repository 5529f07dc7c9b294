import { gru as gruOp } from '../../ops/recurrent/recurrent.ts';
import { checkFlag } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import type { Activation } from '../activations.ts';
import { Recurrent, recurrentDefaults } from './recurrent.ts';
import type { SimpleRnnOptions } from './recurrent.ts';
import { settleLayer } from './settleLayer.ts';

export interface GruOptions extends SimpleRnnOptions {
  /** Of the gates; default sigmoid. */
  recurrentActivation?: Activation;
  /** The reset gate multiplies the product with the state (default), or the state itself; the sequence is unrolled then. */
  resetAfter?: boolean;
}

const defaults = {
  ...recurrentDefaults,
  recurrentActivation: 'sigmoid',
  resetAfter: true,
} as const satisfies Defaults<GruOptions>;

const kind = { type: 'gru', gates: 3, states: 1, op: gruOp };

/**
 * A gated recurrent unit (Cho et al. 2014) along sequences, as Keras's GRU: [steps, features] → [units], or [steps, units] with
 * returnSequences. A further input is its first state: `apply([x, h])`. Weights: `weight` [features, 3 · units] and
 * `recurrentWeight` [units, 3 · units] with the gates z, r, h, `bias` and, with resetAfter, `recurrentBias` [3 · units]: the two
 * rows of Keras's bias.
 *
 * @throws ArgumentError if an option is out of range
 */
export function gru(options: GruOptions): Recurrent {
  const settled = settleLayer('gru', options, defaults);
  checkFlag('gru', 'resetAfter', settled.resetAfter);
  return new Recurrent(kind, settled);
}
