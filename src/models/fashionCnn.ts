import { batchNormalization } from '../nn/layers/normalization.ts';
import { activation, dropout, flatten } from '../nn/layers/shaping.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { dense } from '../nn/layers/dense.ts';
import { maxPool2d } from '../nn/layers/pooling.ts';
import type { Model } from '../nn/model.ts';
import { adam } from '../nn/optimizers.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { cosineDecay, warmUp } from '../nn/schedules.ts';
import { sequential } from '../nn/sequential.ts';

export const FASHION_PRESETS = {
  cnn: {
    description: 'two convolutions with batch norm',
    parameters: 207_114,
    learningRate: 0.004,
    batchSize: 128,
    epochs: 6,
  },
} as const;

/**
 * A network for clothes, [28, 28, 1] → 10 logits: twice convolution, batch normalization, ReLU and pooling, then a hidden
 * layer between two dropouts.
 *
 * @param options.seed of the weights, the shuffling and the dropout; default 0
 */
export function fashionCnn({ seed = 0 }: { seed?: number } = {}): Model {
  const block = (filters: number) => [
    conv2d({ filters, kernelSize: 3, padding: 'same' }),
    batchNormalization(),
    activation('relu'),
    maxPool2d(),
  ];
  const layers = [
    ...block(16),
    ...block(32),
    flatten(),
    dropout(0.2),
    dense({ units: 128, activation: 'relu' }),
    dropout(0.2),
    dense({ units: 10 }),
  ];
  return sequential(layers, { inputShape: [28, 28, 1], name: 'fashion-cnn', seed });
}

/** Of the steps of a training, those in which the rate rises. */
const WARM_UP = 0.2;

/** Adam whose rate rises to `learningRate` in the first fifth of `steps`, then falls along a cosine to 0. */
export function fashionOptimizer({
  learningRate,
  steps,
}: {
  learningRate: number;
  steps: number;
}): Optimizer {
  const rising = Math.ceil(steps * WARM_UP);
  const next = cosineDecay({ decaySteps: Math.max(1, steps - rising) });
  return adam({ learningRate, schedule: warmUp({ steps: rising, next }) });
}
