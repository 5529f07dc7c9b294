import { simpleRnn as simpleRnnOp } from '../../ops/recurrent/recurrent.ts';
import { Recurrent, recurrentDefaults } from './recurrent.ts';
import type { SimpleRnnOptions } from './recurrent.ts';
import { settleLayer } from './settleLayer.ts';

const kind = { type: 'simpleRnn', gates: 1, states: 1, op: simpleRnnOp };

/**
 * A layer whose output at a step is an input of the next one (Elman 1990), as Keras's SimpleRNN: [steps, features] → [units],
 * or [steps, units] with returnSequences. A further input is its first state: `apply([x, h])`. Weights: `weight`
 * [features, units], `recurrentWeight` [units, units], `bias` [units].
 *
 * @throws ArgumentError if an option is out of range
 */
export function simpleRnn(options: SimpleRnnOptions): Recurrent {
  return new Recurrent(kind, settleLayer('simpleRnn', options, recurrentDefaults));
}
