import { expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { loadModel } from '../../src/nn/json/loadModel.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { adam, sgd, type Optimizer } from '../../src/nn/optimizers.ts';
import { cosineDecay, polynomialDecay } from '../../src/nn/schedules.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, weightsOf } from './modelFixtures.ts';

const data = clusters(50);
const batchSize = 16;
const rates = () =>
  cosineDecay({ initialLearningRate: 0.01, warmupTarget: 0.1, warmupSteps: 5, decaySteps: 40 });

const compiled = async (optimizer: Optimizer) =>
  sequential([dense({ units: 3 })], { inputShape: [2], seed: 3 }).compile({
    gpu: await testGpu(),
    optimizer,
    loss: 'softmaxCrossEntropy',
  });

it('a schedule as learningRate is the rate times the same schedule of factors', async () => {
  const make = [
    sgd({ learningRate: polynomialDecay({ initialLearningRate: 0.2, endLearningRate: 0.1, decaySteps: 9 }) }),
    sgd({ learningRate: 0.2, schedule: polynomialDecay({ endLearningRate: 0.5, decaySteps: 9 }) }),
  ];
  const weights = [];
  for (const optimizer of make) {
    const model = await compiled(optimizer);
    await model.fit(data, { steps: 12, batchSize });
    weights.push(await weightsOf(model));
    model.destroy();
  }
  expect(weights[0]).toBeAllClose(weights[1], { rtol: 1e-5 });
});

it('tells the rate of the step, and cannot be set', async () => {
  const model = await compiled(adam({ learningRate: rates() }));
  expect(model.learningRate).toBeCloseTo(0.01, 12);
  await model.fit(data, { steps: 5, batchSize });
  expect(model.learningRate).toBeCloseTo(0.1, 12);
  expect(() => (model.learningRate = 0.5)).toThrow(ArgumentError);
  expect(() => (model.learningRate = 0.5)).toThrow(
    'adam: its learningRate is a schedule, which gives the rate of every step, so that it cannot be set; give the optimizer a number as learningRate',
  );
  await expect(
    model.fit(data, { epochs: 1, batchSize, reduceOnPlateau: { monitor: 'loss' } }),
  ).rejects.toThrow('its learningRate is a schedule');
  model.destroy();
});

it('goes on from a checkpoint bit by bit, also in a model that is made of the file', async () => {
  const whole = await compiled(adam({ learningRate: rates() }));
  await whole.fit(data, { steps: 7, batchSize });
  const half = await whole.save();
  await whole.fit(data, { steps: 7, batchSize });
  const expected = await whole.save();
  const made = await loadModel(half);
  await made.compile({ gpu: await testGpu(), loss: 'softmaxCrossEntropy' });
  await made.fit(data, { steps: 7, batchSize });
  expect(await made.save()).toEqual(expected);
  whole.destroy();
  made.destroy();
});

it('neither takes a number from a file nor leaves one there', async () => {
  const plain = await compiled(sgd({ learningRate: 0.25 }));
  const ruled = await compiled(sgd({ learningRate: rates() }));
  ruled.load(await plain.save());
  expect(ruled.learningRate).toBeCloseTo(0.01, 12);
  plain.load(await ruled.save());
  expect(plain.learningRate).toBe(0.25);
  for (const model of [plain, ruled]) model.destroy();
});
