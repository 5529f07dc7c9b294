import { losses, metrics, model, streamed } from '../../src/index.ts';
import type { Dataset, Gpu, Model, NetworkOptions } from '../../src/index.ts';
import { grokkingOptimizer } from '../../src/models/grokking.ts';

/** Steps between two evaluations at most. */
const STEPS_PER_EPOCH = 25;

/** What trains the network. */
export const compile = (
  gpu: Gpu,
  network: NetworkOptions,
  { rate: learningRate, decay: weightDecay }: { rate: number; decay: number },
): Promise<Model> =>
  model(network).compile({
    gpu,
    optimizer: grokkingOptimizer({ learningRate, weightDecay }),
    loss: losses.softmaxCrossEntropy,
    metrics: [metrics.accuracy],
  });

/** Each step learns all pairs of its part. */
export const batchesOf = (pairs: Dataset) =>
  streamed(function* () {
    for (let i = 0; i < STEPS_PER_EPOCH; i++) yield pairs;
  });
