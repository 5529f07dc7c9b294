import { describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import * as api from '../../src/index.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { caseName, parityCases, parityFile } from './cases.ts';
import type { ParityCase, ParityTensor } from './cases.ts';
import { optimizerOfKeras } from './optimizerWords.ts';

/** Twenty steps of a network, over three batches of eight again and again. */
interface TrainingCase extends ParityCase {
  readonly schedule: ParityCase | null;
  readonly exclude: readonly string[] | null;
  readonly network: 'mlp' | 'cnn';
  /** Of each step, before its update. */
  readonly losses: readonly number[];
  /** After the last step, moving statistics included. */
  readonly weights: readonly ParityTensor[];
}

interface Trainings {
  /** Classes, of the samples of both networks. */
  readonly labels: readonly number[];
  readonly networks: Readonly<
    Record<TrainingCase['network'], { readonly x: ParityTensor; readonly weights: readonly ParityTensor[] }>
  >;
}

const { labels, networks } = parityFile<Trainings>('trainings');
const cases = parityCases<TrainingCase>('trainings');

const { dense } = api;
const layers: Readonly<Record<TrainingCase['network'], () => api.Layer[]>> = {
  mlp: () => [
    dense({ units: 8, activation: 'tanh' }),
    dense({ units: 6, activation: 'relu' }),
    dense({ units: 3 }),
  ],
  cnn: () => [
    api.conv2d({ filters: 4, kernelSize: 3, padding: 'same', useBias: false }),
    api.batchNormalization(),
    api.activation('relu'),
    api.maxPool2d(),
    api.flatten(),
    dense({ units: 3 }),
  ],
};

/** How exactly the weights agree: Lion's steps are signs, of which f32 gets none wrong here. */
const close = { rtol: 1e-4, atol: 2e-5 };

describe.each(['mlp', 'cnn'] as const)('twenty steps of the %s', (network) => {
  it('are there for every optimizer', () => {
    const all = ['Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion Muon Nadam RMSprop SGD'];
    const torch = ['torch.NAdam', 'torch.RAdam'];
    const found = cases.filter((own) => own.network === network).map(({ keras }) => keras);
    expect([...new Set(found)].toSorted()).toEqual([...all[0].split(' '), ...torch]);
  });

  it.each(cases.filter((own) => own.network === network).map((own, i) => [caseName(own, i), own] as const))(
    '%s',
    async (_, own) => {
      const { x, weights } = networks[network];
      const gpu = await testGpu();
      const model = await api
        .sequential(layers[network](), { inputShape: x.shape.slice(1), seed: 1 })
        .compile({
          gpu,
          optimizer: optimizerOfKeras(own.keras, own.config, own.schedule, own.exclude),
          loss: 'softmaxCrossEntropy',
        });
      expect(model.variables.map(({ shape }) => shape)).toEqual(weights.map(({ shape }) => shape));
      model.variables.forEach((variable, i) =>
        gpu.variables.write(variable, Float32Array.from(weights[i].data)),
      );
      const data = api.dataset({
        x: Float32Array.from(x.data),
        y: Uint8Array.from(labels),
        inputShape: x.shape.slice(1),
      });
      const { steps } = await model.fit(data, { steps: 20, batchSize: 8, shuffle: false });
      expect(steps.map(({ loss }) => loss as number)).toBeAllClose(own.losses, close);
      const values = await gpu.variables.readAll(model.variables);
      model.variables.forEach((variable, i) =>
        expect(values.get(variable)!, `${variable.name} after the last step`).toBeAllClose(
          own.weights[i].data,
          close,
        ),
      );
      model.destroy();
    },
  );
});
