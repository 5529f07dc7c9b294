import { dataset } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { constantInitializer } from '../nn/initializers.ts';
import { dense } from '../nn/layers/dense.ts';
import { meanSquaredError } from '../nn/losses.ts';
import type { Model } from '../nn/model.ts';
import { sequential } from '../nn/sequential.ts';

/**
 * One weight that learns y = 2x from x = 0, 1, 2, 3, 4: the error of a sample is (W − 2) x. The sum of their squares is
 * L = 30 (W − 2)² with the derivative 60 (W − 2), and the mean L = 6 (W − 2)² with 12 (W − 2).
 */
export const LINE_PRESETS = {
  sum: {
    description: 'the sum of the squared errors',
    loss: meanSquaredError({ reduction: 'sum' }),
    parameters: 1,
    learningRate: 0.01,
    batchSize: 5,
    epochs: 20,
  },
  mean: {
    description: 'their mean',
    loss: meanSquaredError(),
    parameters: 1,
    learningRate: 0.1,
    batchSize: 5,
    epochs: 20,
  },
} as const;
export type LinePreset = keyof typeof LINE_PRESETS;

/** The weight before the first step. */
export const LINE_START = 3;

/** Five points of the line. */
export function linePoints(): Dataset {
  const x = Float32Array.from([0, 1, 2, 3, 4]);
  return dataset({
    name: 'y = 2x',
    x,
    y: x.map((value) => 2 * value),
    inputShape: [1],
    targetShape: [1],
  });
}

/** x · W, without a bias; W is 3 at first. */
export function lineNetwork(): Model {
  const layer = dense({ units: 1, useBias: false, kernelInitializer: constantInitializer(LINE_START) });
  return sequential([layer], { inputShape: [1], name: 'line' });
}
