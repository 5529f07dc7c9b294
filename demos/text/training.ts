import { dataset, losses, model, take } from '../../src/index.ts';
import type { Dataset, Gpu, Model, NetworkOptions } from '../../src/index.ts';
import { gptOptimizer } from '../../src/models/gpt.ts';

/** What trains the network. @param steps at which the rate has fallen to a tenth; default: it stays */
export const compile = (
  gpu: Gpu,
  network: NetworkOptions,
  own: { learningRate: number; steps?: number },
): Promise<Model> =>
  model(network).compile({ gpu, optimizer: gptOptimizer(own), loss: losses.softmaxCrossEntropy });

/** Pieces of the shapes that are trained on. */
export const examplePieces = (steps: number, size: number): Dataset =>
  dataset({
    name: 'example',
    x: new Int32Array(size * steps),
    y: new Int32Array(size * steps),
    inputShape: [steps],
    targetShape: [steps],
  });

/** Pieces of the validation text that an evaluation reads at most. */
const VALIDATION = 256;
export const partOf = (validation: Dataset): Dataset =>
  take(validation, 0, Math.min(VALIDATION, validation.size));
