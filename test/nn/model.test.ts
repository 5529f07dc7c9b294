import { describe, expect, it } from 'vitest';
import { init } from '../../src/runtime/session.ts';
import { dataset } from '../../src/data/dataset.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { activation } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model } from '../../src/nn/model.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { array, map } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { binary } from '../reference/elementwise.ts';
import { meanSquaredError } from '../reference/losses.ts';
import { matmul } from '../reference/matmul.ts';
import { finiteDifference } from '../helpers/close.ts';
import { testAdapter, testDevice } from '../helpers/device.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, compiledTiny, ownGpu, weightsOf } from './modelFixtures.ts';

const data = clusters(50);
const batchSize = 16;

describe('memory', () => {
  it('stays the same through 10,000 steps, and the history is right', async () => {
    const { gpu } = await ownGpu();
    const x = Float32Array.from({ length: 400 }, (_, i) => i / 100 - 2);
    const line = dataset({ x, y: x.map((value) => 2 * value + 1), inputShape: [1], targetShape: [1] });
    const model = sequential([dense({ units: 1 })], { inputShape: [1] });
    await model.compile({ gpu, optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError' });
    const alive = new Set<number>();
    const { steps, epochs, stopped } = await model.fit(line, {
      steps: 10_000,
      batchSize: 2,
      beforeStep: () => void alive.add(gpu.device.liveBuffers),
    });
    expect(alive.size).toBe(1);
    expect(stopped).toBe('finished');
    expect(steps.length).toBe(10_000);
    expect(steps.every(({ step, epoch }, i) => step === i && epoch === Math.floor(i / 200))).toBe(true);
    expect(epochs.map(({ step }) => step)).toEqual(Array.from({ length: 50 }, (_, i) => (i + 1) * 200));
    expect(steps.at(-1)!.loss).toBeLessThan(1e-9);
    expect(await model.predict(Float32Array.of(10, -3))).toBeAllClose([21, -5], { rtol: 1e-4 });
    model.destroy();
    gpu.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
  });

  it('is given back by 100 models that are made, trained, used and destroyed', async () => {
    const { gpu } = await ownGpu();
    for (let i = 0; i < 100; i++) {
      const model = await compiledTiny({ gpu, seed: i });
      if (i % 4 === 0) await model.fit(data, { steps: 2, batchSize, validationData: data });
      if (i % 10 === 0) await model.compile({ gpu, optimizer: 'sgd', loss: 'softmaxCrossEntropy' });
      if (i % 20 === 0) await model.predict(data);
      model.destroy();
      model.destroy(); // a second time does no harm
      expect(gpu.device.liveBuffers).toBe(0);
    }
    gpu.destroy();
  });

  it('of a session that is destroyed before its model does no harm', async () => {
    const { gpu } = await ownGpu();
    const model = await compiledTiny({ gpu });
    await model.evaluate(data);
    gpu.destroy();
    model.destroy();
    expect(gpu.device.liveBuffers).toBe(0);
  });
});

describe('models on one GPU', () => {
  it('train at the same time as each would alone', async () => {
    const train = async (seed: number) => {
      const model = await compiledTiny({ seed });
      const { steps } = await model.fit(data, { steps: 60, batchSize });
      const weights = await weightsOf(model);
      model.destroy();
      return { steps, weights };
    };
    const alone = [await train(1), await train(2)];
    expect(await Promise.all([train(1), train(2)])).toEqual(alone);
  });

  it('may share layers: the weights stay until the last of them is gone', async () => {
    const gpu = await testGpu();
    const shared = dense({ units: 4, name: 'shared' });
    const options = { gpu, optimizer: sgd({ learningRate: 0.1 }), loss: 'softmaxCrossEntropy' } as const;
    const make = (head: number) =>
      sequential([shared, dense({ units: 3, name: `head ${head}` })], { inputShape: [2] }).compile(options);
    const [a, b] = [await make(1), await make(2)];
    const before = await b.predict(data);
    await a.fit(data, { steps: 3, batchSize });
    expect(await b.predict(data), 'a has trained the shared layer').not.toEqual(before);
    const after = await b.predict(data);
    const alive = gpu.device.liveBuffers;
    a.destroy();
    expect(gpu.device.liveBuffers).toBeLessThan(alive);
    expect(await b.predict(data)).toEqual(after);
    await b.fit(data, { steps: 1, batchSize });
    b.destroy();
  });
});

describe('a layer that comes twice', () => {
  const t = dense({ units: 2, name: 'twice' });
  const samples = array([4, 2], [0.5, -1, 2, 1, -0.3, 0.7, 1.5, -0.2]);
  const targets = array([4, 2], [1, 0, 0, 1, 0.5, 0.5, -1, 2]);

  /** tanh(x W + b) W + b in float64, with W and b one after the other. */
  function forward(weights: Array64): Array64 {
    const [w, b] = [array([2, 2], weights.data.slice(0, 4)), array([2], weights.data.slice(4))];
    const layer = (x: Array64) => binary('add', matmul(x, w), b);
    return layer(map(layer(samples), Math.tanh));
  }

  it('has one set of weights, and the sum of both gradients', async () => {
    const model = sequential([t, activation('tanh'), t], { inputShape: [2], seed: 5 });
    expect(model.variables.map(({ name }) => name)).toEqual(['twice.weight', 'twice.bias']);
    await model.compile({
      gpu: await testGpu(),
      optimizer: sgd({ learningRate: 0.1 }),
      loss: 'meanSquaredError',
    });
    const before = array([6], await weightsOf(model));
    const [x, y] = [Float32Array.from(samples.data), Float32Array.from(targets.data)];
    expect(await model.predict(x)).toBeAllClose(forward(before).data);

    const loss = (weights: Array64) => meanSquaredError(forward(weights), targets).mean;
    const gradient = finiteDifference(loss, before);
    const set = dataset({ x, y, inputShape: [2], targetShape: [2] });
    const { steps } = await model.fit(set, { steps: 1 });
    expect(steps[0].loss).toBeCloseTo(loss(before), 5);
    const expected = before.data.map((value, i) => value - 0.1 * gradient.data[i]);
    expect(await weightsOf(model)).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-6 });
    model.destroy();
  });
});

describe('the GPU of a model', () => {
  it('may be a device of the caller’s own, with the limits that every device has', async () => {
    const device = await testDevice();
    expect(device.limits.maxStorageBufferBindingSize).toBe(2 ** 27);
    const gpu = await init({ device });
    const model = await compiledTiny({ gpu });
    const { steps } = await model.fit(data, { steps: 30, batchSize });
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0].loss);
    model.destroy();
    gpu.destroy();
    const lost = await Promise.race([
      device.lost,
      new Promise((resolve) => setTimeout(resolve, 20, 'alive')),
    ]);
    expect(lost).toBe('alive');
  });

  it('is opened by compile where none is given, and closed with the model', async () => {
    const adapter = await testAdapter();
    const navigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
    Object.defineProperty(globalThis, 'navigator', {
      configurable: true,
      value: { gpu: { requestAdapter: async () => adapter } },
    });
    let model: Model;
    try {
      model = await compiledTiny({ gpu: undefined });
    } finally {
      if (navigator) Object.defineProperty(globalThis, 'navigator', navigator);
      else Reflect.deleteProperty(globalThis, 'navigator');
    }
    const { device } = model.compiled.gpu;
    await model.compile({ optimizer: 'adam', loss: 'softmaxCrossEntropy' });
    expect(model.compiled.gpu.device, 'kept when compiled again').toBe(device);
    model.destroy();
    expect((await device.gpu.lost).reason).toBe('destroyed');
  });
});
