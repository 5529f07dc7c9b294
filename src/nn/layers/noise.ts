import { ArgumentError } from '../../errors.ts';
import { dropout } from '../../ops/random/dropout.ts';
import { add, multiply } from '../../ops/elementwise/elementwise.ts';
import { fill } from '../../ops/core/leaves.ts';
import { randomNormal } from '../../ops/random/random.ts';
import { describe } from '../../options.ts';
import { IMAGE, layerDefaults } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { settlePlacedLayer } from './settleLayer.ts';
import { checkRate, Stateless } from './shaping.ts';

/**
 * Adds noise N(0, deviation²) to every value while training, drawn anew each step; does nothing otherwise.
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
 * 1 / (1 − rate); does nothing otherwise. Neighbouring pixels say much the same, so single ones would hardly be missed
 * (Tompson et al. 2015).
 *
 * @throws ArgumentError unless 0 ≤ rate < 1
 */
export function spatialDropout2d(rate: number, options: LayerOptions = {}): Layer {
  const settled = settlePlacedLayer('spatialDropout2d', ['rate', rate], options, layerDefaults);
  checkRate('spatialDropout2d', rate);
  return new Stateless('spatialDropout2d', settled, {
    sample: [3, IMAGE],
    passesMask: true,
    compute(x, { training }) {
      if (!training) return x;
      const [batch, , , channels] = x.shape;
      return multiply(x, dropout(fill([batch, 1, 1, channels], 1), rate));
    },
    description: String(rate),
  });
}
