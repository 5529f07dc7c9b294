import { adam, losses, metrics, model } from '../../src/index.ts';
import type { Gpu, Model, NetworkOptions } from '../../src/index.ts';

export const OBJECTIVE = { loss: losses.binaryCrossEntropyWithLogits, metrics: [metrics.accuracy] };

/** What trains the network. */
export const compile = (gpu: Gpu, network: NetworkOptions, learningRate: number): Promise<Model> =>
  model(network).compile({ gpu, optimizer: adam({ learningRate }), ...OBJECTIVE });
