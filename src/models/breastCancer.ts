import type { Dataset } from '../data/types.ts';
import { dense } from '../nn/layers/dense.ts';
import { normalization } from '../nn/layers/featureNormalization.ts';
import type { Model } from '../nn/model.ts';
import { sequential } from '../nn/sequential.ts';

export const BREAST_CANCER_PRESETS = {
  mlp: {
    description: '30-16-8-1: 97 %',
    hidden: [16, 8],
    parameters: 701,
    learningRate: 0.003,
    batchSize: 32,
    epochs: 30,
  },
  neuron: {
    description: 'a single neuron: logistic regression',
    hidden: [],
    parameters: 91,
    learningRate: 0.003,
    batchSize: 32,
    epochs: 100,
  },
} as const;
export type BreastCancerPreset = keyof typeof BREAST_CANCER_PRESETS;

/** Share of the rows that are kept for the test: 114 of 569. */
export const BREAST_CANCER_TEST = 0.2;

/**
 * A network for the breast cancer table, [30] → one logit, for the loss binaryCrossentropy({ fromLogits: true }). The
 * features are standardised in it: (x − mean) / deviation, with mean and deviation of the training rows alone, as those of
 * all rows would tell it about the test.
 *
 * @param train the rows to train on
 * @param options.seed of the weights and the shuffling; default 0
 */
export function breastCancerNetwork(
  train: Dataset,
  preset: BreastCancerPreset,
  { seed = 0 }: { seed?: number } = {},
): Model {
  const standardised = normalization().adapt(train);
  const hidden = BREAST_CANCER_PRESETS[preset].hidden.map((units) => dense({ units, activation: 'relu' }));
  return sequential([standardised, ...hidden, dense({ units: 1 })], {
    inputShape: train.x.shape,
    name: `breast-cancer-${preset}`,
    seed,
  });
}
