import { lstm as lstmOp } from '../../ops/recurrent/recurrent.ts';
import { checkFlag } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import type { Activation } from '../activations.ts';
import { Recurrent, recurrentDefaults } from './recurrent.ts';
import type { SimpleRnnOptions } from './recurrent.ts';
import { settleLayer } from './settleLayer.ts';

export interface LstmOptions extends SimpleRnnOptions {
  /** Of the gates; default sigmoid. */
  recurrentActivation?: Activation;
  /** The forget gate's bias starts with ones; default true. */
  unitForgetBias?: boolean;
}

const defaults = {
  ...recurrentDefaults,
  recurrentActivation: 'sigmoid',
  unitForgetBias: true,
} as const satisfies Defaults<LstmOptions>;

const kind = { type: 'lstm', gates: 4, states: 2, op: lstmOp };

/**
 * A long short-term memory (Hochreiter & Schmidhuber 1997) along sequences, as Keras's LSTM: [steps, features] → [units], or
 * [steps, units] with returnSequences. Further inputs are its first states: `apply([x, h, c])`. A step that the mask leaves
 * out keeps the state. Weights: `weight` [features, 4 · units] and `recurrentWeight` [units, 4 · units] with the gates i, f, c,
 * o, and `bias` [4 · units].
 *
 * @throws ArgumentError if an option is out of range
 */
export function lstm(options: LstmOptions): Recurrent {
  const settled = settleLayer('lstm', options, defaults);
  checkFlag('lstm', 'unitForgetBias', settled.unitForgetBias);
  return new Recurrent(kind, settled);
}
