import { describe, expect, it } from 'vitest';
import { decodeSafetensors } from '../../src/io/safetensors.ts';
import type { EpochValues } from '../../src/nn/training/values.ts';
import { monitoredValues } from '../../src/nn/callbacks/monitor.ts';
import { ReduceOnPlateau } from '../../src/nn/callbacks/reduceOnPlateau.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model } from '../../src/nn/model.ts';
import {
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  adamw,
  ftrl,
  lamb,
  lion,
  muon,
  nadam,
  radam,
  rmsprop,
  sgd,
  type CommonOptions,
  type Optimizer,
} from '../../src/nn/optimizers.ts';
import { cosineDecay, warmUp } from '../../src/nn/schedules.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { share } from '../helpers/share.ts';
import { clusters, ownGpu, weightsOf } from './modelFixtures.ts';

const data = clusters(50);
const batchSize = 16;

async function compiled(optimizer: Optimizer, gpu?: Awaited<ReturnType<typeof testGpu>>): Promise<Model> {
  const layers = [dense({ units: 8, activation: 'tanh' }), dense({ units: 3 })];
  return sequential(layers, { inputShape: [2], seed: 3 }).compile({
    gpu: gpu ?? (await testGpu()),
    optimizer,
    loss: 'softmaxCrossEntropy',
  });
}

const options: CommonOptions = {
  schedule: warmUp({ steps: 4, from: 0.1, next: cosineDecay({ decaySteps: 20 }) }),
  weightDecay: 0.01,
  l1: 1e-4,
  l2: 1e-3,
  globalClipNorm: 0.8,
  ema: { decay: 0.7 },
};

const collecting: CommonOptions = {
  ...options,
  globalClipNorm: undefined,
  clipNorm: 0.5,
  excludeFromWeightDecay: ['bias'],
  gradientAccumulationSteps: 4,
};

describe('a checkpoint of', () => {
  const optimizers = [
    sgd(options),
    sgd({ ...options, momentum: 0.9 }),
    rmsprop(options),
    rmsprop({ ...options, centered: true, momentum: 0.5 }),
    adagrad(options),
    adadelta(options),
    adam(options),
    adam({ ...options, amsgrad: true }),
    adamw(options),
    adamax(options),
    nadam(options),
    lion(options),
    ftrl(options),
    radam(options),
    lamb(options),
    adafactor(options),
    muon(options),
    // six steps end in the middle of an accumulation
    sgd({ ...collecting, momentum: 0.9 }),
    adam(collecting),
    lamb(collecting),
    adafactor(collecting),
    muon(collecting),
    rmsprop({ ...collecting, ema: undefined }),
  ];
  it.each(share(optimizers, 2, 0))('$name with $slotNames continues bit by bit', async (optimizer) => {
    const whole = await compiled(optimizer);
    await whole.fit(data, { steps: 6, batchSize });
    const half = await whole.save();
    await whole.fit(data, { steps: 6, batchSize });
    const expected = await whole.save();

    const resumed = await compiled(optimizer);
    await resumed.fit(data, { steps: 2, batchSize });
    resumed.load(half);
    expect(await resumed.save()).toEqual(half);
    await resumed.fit(data, { steps: 6, batchSize });
    expect(await resumed.save()).toEqual(expected);
    const { tensors } = decodeSafetensors(expected, 'test');
    for (const slot of optimizer.slotNames) expect(tensors.has(`optimizer.${slot}.dense.weight`)).toBe(true);
    for (const model of [whole, resumed]) model.destroy();
  });

  it('the same optimizer with other options: what the file lacks starts anew', async () => {
    const plain = await compiled(rmsprop());
    await plain.fit(data, { steps: 5, batchSize });
    const bytes = await plain.save();
    const weights = await weightsOf(plain);

    const other = await compiled(rmsprop({ momentum: 0.9, ema: { decay: 0.9 } }));
    await other.fit(data, { steps: 3, batchSize });
    other.load(bytes);
    const { minimizer, gpu } = other.compiled;
    const slots = await minimizer.readSlots(gpu.variables);
    const values = (index: number) => other.variables.flatMap((variable) => [...slots.get(variable)![index]]);
    const before = await plain.compiled.minimizer.readSlots(plain.compiled.gpu.variables);
    expect(values(0)).toEqual(plain.variables.flatMap((variable) => [...before.get(variable)![0]]));
    expect(new Set(values(1))).toEqual(new Set([0]));
    expect(values(2)).toEqual(weights);
    for (const model of [plain, other]) model.destroy();
  });
});

describe('averaged weights', () => {
  const optimizer = () => adam({ learningRate: 0.05, ema: { decay: 0.9 } });

  it('are lent for some work and given back, also where it fails', async () => {
    const model = await compiled(optimizer());
    await model.fit(data, { steps: 20, batchSize });
    const weights = await weightsOf(model);
    const { minimizer, gpu } = model.compiled;
    const slots = await minimizer.readSlots(gpu.variables);
    const averages = model.variables.flatMap((variable) => [...slots.get(variable)!.at(-1)!]);
    expect(averages).not.toEqual(weights);

    const own = await model.evaluate(data);
    const averaged = await model.useAveragedWeights(async () => {
      expect(await weightsOf(model)).toEqual(averages);
      return model.evaluate(data);
    });
    expect(averaged.loss).not.toBe(own.loss);
    expect(await weightsOf(model)).toEqual(weights);
    await expect(
      model.useAveragedWeights(() => {
        throw new RangeError('own');
      }),
    ).rejects.toThrow('own');
    expect(await weightsOf(model)).toEqual(weights);
    expect(await model.evaluate(data)).toEqual(own);
    model.destroy();
  });

  it('change nothing about the training that they are taken from, even in the middle of it', async () => {
    const train = async (use: boolean) => {
      const model = await compiled(optimizer());
      const losses: number[] = [];
      const lend = () =>
        model.useAveragedWeights(async () => {
          await new Promise((resolve) => setTimeout(resolve, 5));
          losses.push((await model.evaluate(data)).loss);
        });
      const pending: Promise<void>[] = [];
      await model.fit(data, {
        epochs: 3,
        batchSize,
        validationData: data,
        onEpoch: () => (use ? lend() : undefined),
        beforeStep: (step) => {
          if (use && step === 5) pending.push(lend()); // not awaited: the training waits
        },
      });
      await Promise.all(pending);
      const bytes = await model.save();
      model.destroy();
      expect(losses.length).toBe(use ? 4 : 0);
      return bytes;
    };
    expect(await train(true)).toEqual(await train(false));
  });

  it('are saved as weights, without the state of the optimizer', async () => {
    const model = await compiled(optimizer());
    await model.fit(data, { steps: 9, batchSize });
    const [bytes, averages] = await model.useAveragedWeights(async () => [
      await model.save(),
      await weightsOf(model),
    ]);
    const { tensors, metadata } = decodeSafetensors(bytes, 'test');
    expect([...tensors.keys()].filter((name) => name.startsWith('optimizer'))).toEqual([]);
    expect(metadata.optimizer).toBeUndefined();
    const other = await compiled(optimizer());
    other.load(bytes);
    expect(await weightsOf(other)).toEqual(averages);
    await other.useAveragedWeights(async () => expect(await weightsOf(other)).toEqual(averages));
    for (const own of [model, other]) own.destroy();
  });

  it('are refused where there are none, where they are in use, and for training on', async () => {
    const plain = await compiled(sgd());
    await expect(plain.useAveragedWeights(() => {})).rejects.toThrow(
      'sgd: keeps no moving averages of the weights; give the optimizer ema: { decay: 0.999 }',
    );
    plain.destroy();
    const model = await compiled(optimizer());
    const bytes = await model.save();
    await model.useAveragedWeights(async () => {
      await expect(model.useAveragedWeights(() => {})).rejects.toThrow('averaged weights are in use already');
      await expect(model.fit(data, { steps: 1, batchSize })).rejects.toThrow(
        'swap them back before training',
      );
      expect(() => model.load(bytes)).toThrow('load was called while averaged weights are in use');
    });
    await model.fit(data, { steps: 1, batchSize });
    await model.useAveragedWeights(() => model.destroy()); // nothing is left to bring back
  });

  it('leave no buffer behind', async () => {
    const { gpu } = await ownGpu();
    const model = await compiled(optimizer(), gpu);
    await model.fit(data, { steps: 3, batchSize });
    const before = gpu.device.liveBuffers;
    for (let i = 0; i < 5; i++) await model.useAveragedWeights(() => {});
    expect(gpu.device.liveBuffers).toBe(before);
    model.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
    gpu.destroy();
  });
});

describe('reduceOnPlateau', () => {
  const epochValues = monitoredValues(
    [
      { name: 'loss', better: 'lower' },
      { name: 'accuracy', better: 'higher' },
    ],
    true,
  );
  /** The learning rate after each epoch with these losses. */
  const rates = (losses: number[], own: ConstructorParameters<typeof ReduceOnPlateau>[0], start = 1) => {
    const plateau = new ReduceOnPlateau({ monitor: 'loss', ...own }, epochValues);
    const epoch = { values: {} as EpochValues, learningRate: start };
    return losses.map((loss, index) => {
      epoch.values = { epoch: index, step: index, loss };
      plateau.count(epoch);
      return epoch.learningRate;
    });
  };

  it('lowers the rate after as many epochs without improvement as its patience', () => {
    expect(rates([5, 4, 4, 4, 3, 3, 3, 3], { factor: 0.5, patience: 2 })).toEqual([
      1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25,
    ]);
  });

  it('takes no change below minDelta for one', () => {
    expect(rates([5, 4.95, 4.92, 4.85], { factor: 0.5, patience: 1, minDelta: 0.1 })).toEqual([
      1, 0.5, 0.25, 0.25,
    ]);
  });

  it('counts none of the next epochs until it has cooled down', () => {
    expect(rates([5, 5, 5, 5, 5, 5, 5, 5], { factor: 0.5, patience: 1, cooldown: 2 })).toEqual([
      1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625,
    ]);
  });

  it('stops at the smallest rate, and raises none that is smaller', () => {
    expect(rates([5, 5, 5, 5], { factor: 0.1, patience: 1, minLearningRate: 0.05 })).toEqual([
      1, 0.1, 0.05, 0.05,
    ]);
    expect(rates([5, 5], { patience: 1, minLearningRate: 0.05 }, 0.01)).toEqual([0.01, 0.01]);
  });

  it('watches accuracies for more', () => {
    const plateau = new ReduceOnPlateau({ monitor: 'accuracy', factor: 0.5, patience: 1 }, epochValues);
    const after = (accuracy: number) => {
      const epoch = { values: { epoch: 0, step: 0, loss: 0, accuracy }, learningRate: 1 };
      plateau.count(epoch);
      return epoch.learningRate;
    };
    expect([0.5, 0.6, 0.6, 0.7].map(after)).toEqual([1, 1, 0.5, 1]);
  });

  it('lowers the rate of a model in training', async () => {
    const model = await compiled(sgd({ learningRate: 0.25 }));
    const seen: number[] = [];
    await model.fit(data, {
      epochs: 4,
      batchSize,
      reduceOnPlateau: { monitor: 'loss', minDelta: 100, patience: 1, factor: 0.5 },
      onEpoch: () => void seen.push(model.learningRate),
    });
    expect(seen).toEqual([0.25, 0.125, 0.0625, 0.03125]);
    expect(model.learningRate).toBe(0.03125);
    await expect(model.fit(data, { epochs: 1, batchSize, reduceOnPlateau: {} })).rejects.toThrow(
      'reduceOnPlateau: an epoch has no value "validationLoss"',
    );
    model.destroy();
  });

  it('refuses options out of range, with the value', () => {
    const make = (options: object) => () => new ReduceOnPlateau(options, epochValues);
    expect(make({ factor: 1 })).toThrow(
      'reduceOnPlateau: factor is 1; it must be a number above 0 and below 1',
    );
    expect(make({ factor: '0.5' })).toThrow('reduceOnPlateau: factor is 0.5; it must be a number');
    expect(make({ patience: -1 })).toThrow('reduceOnPlateau: patience is -1');
    expect(make({ patience: '3' })).toThrow('reduceOnPlateau: patience is 3; it must be a number');
    expect(make({ cooldown: NaN })).toThrow('reduceOnPlateau: cooldown is NaN');
    expect(make({ minDelta: NaN })).toThrow('reduceOnPlateau: minDelta is NaN');
    expect(make({ mode: 'up' })).toThrow('reduceOnPlateau: mode is "up"');
  });
});

it('a loss that becomes infinite or NaN is named, whatever clips the gradients', async () => {
  for (const clip of [{ clipValue: 1 }, { globalClipNorm: 1 }, {}]) {
    const model = await compiled(sgd({ learningRate: 1e38, momentum: 0.9, ...clip }));
    await expect(model.fit(data, { steps: 60, batchSize })).rejects.toThrow('became NaN or infinite at step');
    model.destroy();
  }
});

it('an optimizer that refuses the names of the variables leaves no buffer behind', async () => {
  const { gpu } = await ownGpu();
  const before = gpu.device.liveBuffers;
  const optimizer = sgd({ weightDecay: 0.1, excludeFromWeightDecay: ['gama'] });
  await expect(compiled(optimizer, gpu)).rejects.toThrow(
    'sgd: excludeFromWeightDecay is [/gama/], which no variable has in its name; they are dense.weight, dense.bias',
  );
  expect(gpu.device.liveBuffers).toBe(before);
  gpu.destroy();
});
