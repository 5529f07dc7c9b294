import { ArgumentError } from '../../errors.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe } from '../../options.ts';
import { layerDefaults } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { settlePlacedLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';

const states = new WeakMap<Tensor, readonly Tensor[]>();

/** Says of the output of a recurrent layer which states it ended with. */
export function rememberStates(output: Tensor, own: readonly Tensor[]): Tensor {
  states.set(output, own);
  return output;
}

/**
 * A state that a recurrent layer ended with, of its output: 0 is h, 1 the LSTM's c; of a bidirectional layer those of the
 * forward layer first. `applyWithStates` of a recurrent layer makes these.
 *
 * @throws ArgumentError unless the index is a whole number, or, when the model is made, if the input is not the output of a recurrent
 *   layer
 */
export function recurrentState(index: number, options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('recurrentState', ['index', index], options, layerDefaults);
  if (!Number.isInteger(index) || index < 0) {
    throw new ArgumentError(`recurrentState: index is ${describe(index)}; 0 is h, and 1 the LSTM's c`);
  }
  return new Stateless('recurrentState', settled, {
    compute(x) {
      const own = states.get(x);
      if (own && index < own.length) return own[index];
      throw new ArgumentError(
        own
          ? `recurrentState: there is no state ${index}; the layer before has ${own.length}, counted from 0`
          : 'recurrentState: its input is not the output of a recurrent layer; apply it to what lstm(…).apply(x) gives',
      );
    },
    description: String(index),
  });
}
