import { beforeAll, expect, it } from 'vitest';
import { randomStream } from '../../../src/data/random.ts';
import {
  activation,
  adam,
  batchNormalization,
  conv2d,
  cosineDecay,
  dataset,
  decodeSafetensors,
} from '../../../src/index.ts';
import { dense, dropout, flatten, gaussianNoise, sequential } from '../../../src/index.ts';
import type { FitOptions, Gpu, Model } from '../../../src/index.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { clusters, compiledTiny } from '../modelFixtures.ts';

it('a run in the middle of an epoch goes on with the same metrics only', async () => {
  const model = await compiledTiny({ metrics: ['accuracy'] });
  await model.fit(clusters(20), { batchSize: 8, steps: 1 });
  const bytes = await model.save();
  const { gpu } = model.compiled;
  const others = await compiledTiny({ gpu, metrics: ['accuracy', 'topKCategoricalAccuracy'] });
  others.load(bytes);
  await expect(others.fit(clusters(20), { batchSize: 8, resume: true })).rejects.toThrow(
    /resume: the current epoch has recorded loss \(softmaxCrossEntropy\), accuracy, but this training records loss \(softmaxCrossEntropy\), accuracy, topK/,
  );
  others.load(bytes);
  expect((await others.fit(clusters(20), { batchSize: 8 })).epochs).toMatchObject([{ epoch: 1 }]);
  model.destroy();
  others.destroy();
});

const SIDE = 6;
const pictures = (size: number, seed: number) => {
  const random = randomStream(seed, 0);
  const x = Uint8Array.from({ length: size * SIDE * SIDE }, () => 256 * random());
  const y = Uint8Array.from({ length: size }, (_, i) => i % 3);
  return dataset({ x, y, inputShape: [SIDE, SIDE, 1] });
};

/** All that is random, counted or remembered: dropout, noise, statistics, a schedule, averages. */
const everything = () =>
  sequential(
    [
      conv2d({ filters: 3, kernelSize: 3 }),
      batchNormalization(),
      activation('relu'),
      gaussianNoise(0.1),
      flatten(),
      dropout(0.3),
      dense({ units: 3 }),
    ],
    { inputShape: [SIDE, SIDE, 1], seed: 5 },
  ).compile({
    optimizer: adam({ schedule: cosineDecay({ decaySteps: 30 }), ema: { decay: 0.9 }, weightDecay: 0.01 }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
    gpu,
  });
let gpu: Gpu;
beforeAll(async () => void (gpu = await testGpu()));

it('whatever a fit was doing, a run from a file of any of its steps comes to the same bits, values and end', async () => {
  const data = pictures(26, 1);
  const options: FitOptions = {
    batchSize: 8,
    epochs: 4,
    validationData: pictures(10, 2),
    classWeight: { 0: 1, 2: 3 },
    augment: { shift: 0.2, rotate: 20, noise: 0.05 },
    earlyStopping: { patience: 2, restoreBestWeights: true, monitor: 'validationAccuracy' },
    reduceOnPlateau: { patience: 1, factor: 0.5, monitor: 'loss', minDelta: 0.5 },
  };
  const files: { step: number; bytes: Uint8Array }[] = [];
  const whole = await everything();
  const write = (bytes: Uint8Array, { step }: { step: number }) => {
    if (!files.some((own) => own.step === step)) files.push({ step, bytes });
  };
  const history = await whole.fit(data, {
    ...options,
    // Each is written before the next step, so none is passed over.
    beforeStep: () => new Promise((resolve) => setTimeout(resolve, 5)),
    checkpoint: { every: 1, write },
  });
  const last = await contentsOf(whole);
  expect(files.length).toBeGreaterThan(6);
  // In the middle of an epoch, at an end of one, and late.
  for (const { step, bytes } of files.filter((own) => [2, 4, 7, 9].includes(own.step))) {
    const again = await everything();
    again.load(bytes);
    const rest = await again.fit(data, { ...options, resume: true });
    expect(rest.steps).toEqual(history.steps.slice(step));
    expect(rest.epochs).toEqual(history.epochs.slice(history.epochs.length - rest.epochs.length));
    expect(rest.stopped).toBe(history.stopped);
    expect(await contentsOf(again)).toEqual(last);
    again.destroy();
  }
  whole.destroy();
});

/** Weights, statistics, moments, averages, rate, clock. */
async function contentsOf(model: Model) {
  const { tensors, metadata } = decodeSafetensors(await model.save(), 'model');
  const { step, epoch, place, learningRate, progress } = metadata;
  return { tensors, step, epoch, place, learningRate, progress };
}
