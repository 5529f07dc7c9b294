import { adam, losses, model, streamed } from '../../src/index.ts';
import type { Dataset, Gpu, Model, NetworkOptions } from '../../src/index.ts';

const STEPS_PER_EPOCH = 50;

export const OBJECTIVE = { loss: losses.meanSquaredError };

/** What trains the network. */
export const compile = (gpu: Gpu, network: NetworkOptions, learningRate: number): Promise<Model> =>
  model(network).compile({ gpu, optimizer: adam({ learningRate }), ...OBJECTIVE });

/** All windows of the training part in every step, without end. */
export const batchesOf = (train: Dataset) =>
  streamed(function* () {
    for (let i = 0; i < STEPS_PER_EPOCH; i++) yield train;
  });
