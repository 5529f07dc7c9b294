import { losses, model } from '../../src/index.ts';
import type { Gpu, Model, NetworkOptions } from '../../src/index.ts';
import { gptOptimizer } from '../../src/models/gpt.ts';

/** What trains the network. @param steps at which the rate has fallen to a tenth; default: it stays */
export const compile = (
  gpu: Gpu,
  network: NetworkOptions,
  own: { learningRate: number; steps?: number },
): Promise<Model> =>
  model(network).compile({ gpu, optimizer: gptOptimizer(own), loss: losses.softmaxCrossEntropy });
