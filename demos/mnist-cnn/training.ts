import { losses, metrics, model } from '../../src/index.ts';
import type { Gpu, Model, NetworkOptions } from '../../src/index.ts';
import { MNIST_CNN_PRESETS } from '../../src/models/mnistCnn.ts';
import type { ValuesOf } from '../frame/settings.ts';
import type { settings } from './settings.ts';

/** What trains the network that reads digits. */
export function compile(
  gpu: Gpu,
  network: NetworkOptions,
  { preset, rate: learningRate }: Pick<ValuesOf<typeof settings>, 'preset' | 'rate'>,
): Promise<Model> {
  const optimizer = MNIST_CNN_PRESETS[preset].optimizer({ learningRate });
  const objective = { loss: losses.softmaxCrossEntropy, metrics: [metrics.accuracy] };
  return model(network).compile({ gpu, optimizer, ...objective });
}
