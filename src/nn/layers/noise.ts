import { ArgumentError } from '../../errors.ts';
import { dropout } from '../../ops/random/dropout.ts';
import { add, greater, multiply, scale, shift } from '../../ops/elementwise/elementwise.ts';
import { fill } from '../../ops/core/leaves.ts';
import { randomNormal } from '../../ops/random/random.ts';
import { describe } from '../../options.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { IMAGE, layerDefaults } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { SEQUENCE } from './sequences.ts';
import { settlePlacedLayer } from './settleLayer.ts';
import { checkRate, dropoutDefaults, noiseShapeOf, Stateless } from './shaping.ts';
import type { DropoutOptions } from './shaping.ts';

/**
 * A layer without weights that does something to its input while training, if its rate is above 0, and nothing otherwise.
 *
 * @param options settled
 */
function whileTraining(
  type: string,
  rate: number,
  options: LayerOptions,
  noisy: (x: Tensor) => Tensor,
  sample?: readonly [rank: number, meaning: string],
): Layer {
  checkRate(type, rate);
  return new Stateless(type, options, {
    compute: (x, { training }) => (training && rate > 0 ? noisy(x) : x),
    description: String(rate),
    passesMask: true,
    ...(sample && { sample }),
  });
}

const settled = (type: string, rate: number, options: LayerOptions) =>
  settlePlacedLayer(type, ['rate', rate], options, layerDefaults);

/**
 * Adds noise N(0, deviation²) to every value while training, drawn again each step; does nothing otherwise.
 *
 * @throws ArgumentError unless the deviation is a finite number of at least 0
 */
export function gaussianNoise(deviation: number, options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('gaussianNoise', ['deviation', deviation], options, layerDefaults);
  if (typeof deviation !== 'number' || !(deviation >= 0) || !Number.isFinite(Math.fround(deviation))) {
    throw new ArgumentError(
      `gaussianNoise: the deviation is ${describe(deviation)}; it must be a finite number of at least 0`,
    );
  }
  return new Stateless('gaussianNoise', settled, {
    compute: (x, { training }) =>
      training && deviation > 0 ? add(x, randomNormal(x.shape, 0, deviation)) : x,
    description: String(deviation),
    passesMask: true,
  });
}

/**
 * Sets a share `rate` of the channels to 0 while training, each over its whole image, and scales the others by
 * 1 / (1 − rate); does nothing otherwise. Neighbouring pixels are similar, so dropping single ones would have little effect
 * (Tompson et al. 2015).
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 */
export function spatialDropout2d(rate: number, options: LayerOptions = {}): Layer {
  const drop = ({ shape: [batch, , , channels] }: Tensor) => dropout(fill([batch, 1, 1, channels], 1), rate);
  return whileTraining(
    'spatialDropout2d',
    rate,
    settled('spatialDropout2d', rate, options),
    (x) => multiply(x, drop(x)),
    [3, IMAGE],
  );
}

/**
 * Sets a share `rate` of the channels of sequences, [steps, channels], to 0 while training, each over all steps, and scales
 * the others by 1 / (1 − rate); does nothing otherwise (Tompson et al. 2015).
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 */
export function spatialDropout1d(rate: number, options: LayerOptions = {}): Layer {
  const drop = ({ shape: [batch, , channels] }: Tensor) => dropout(fill([batch, 1, channels], 1), rate);
  return whileTraining(
    'spatialDropout1d',
    rate,
    settled('spatialDropout1d', rate, options),
    (x) => multiply(x, drop(x)),
    [2, SEQUENCE],
  );
}

/**
 * Multiplies every value by N(1, rate / (1 − rate)) while training, drawn again each step; does nothing otherwise (Srivastava
 * et al. 2014, section 10), as in Keras. Mean and variance of the factor are those that `dropout` has.
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 */
export function gaussianDropout(rate: number, options: LayerOptions = {}): Layer {
  const deviation = Math.sqrt(rate / (1 - rate));
  return whileTraining('gaussianDropout', rate, settled('gaussianDropout', rate, options), (x) =>
    multiply(x, randomNormal(x.shape, 1, deviation)),
  );
}

/** −λ α of selu: what it tends to for x → −∞ (Klambauer et al. 2017). */
const SATURATED = -1.0507009873554805 * 1.6732632423543772;

/**
 * Dropout for networks of selu (Klambauer et al. 2017), as in Keras: sets a share `rate` of the values to α′ = −1.7581, where
 * selu is saturated, and brings mean and variance back to 0 and 1 while training; does nothing otherwise:
 *
 *     y = a · (m x + (1 − m) α′) + b,  a = ((1 − rate)(1 + rate α′²))^−½,  b = −a α′ rate,  m 1 or 0
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 */
export function alphaDropout(rate: number, options: DropoutOptions = {}): Layer {
  const a = 1 / Math.sqrt((1 - rate) * (1 + rate * SATURATED ** 2));
  const b = -a * SATURATED * rate;
  const own = settlePlacedLayer('alphaDropout', ['rate', rate], options, dropoutDefaults);
  return whileTraining('alphaDropout', rate, own, (x) => {
    const shape = noiseShapeOf('alphaDropout', x, own.noiseShape);
    const kept = greater(dropout(fill(shape, 1), rate), 0);
    const replaced = shift(scale(kept, -a * SATURATED), a * SATURATED + b);
    return add(scale(multiply(x, kept), a), replaced);
  });
}
