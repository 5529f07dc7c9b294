import { describe, expect, it, vi } from 'vitest';
import { dataset, take } from '../../src/data/dataset.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { dropout, flatten } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model } from '../../src/nn/model.ts';
import { layerSummaries } from '../../src/nn/summary.ts';
import { mnistCnn } from '../../src/models/mnistCnn.ts';
import { array, map } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { binary } from '../reference/elementwise.ts';
import { accuracy, sparseSoftmaxCrossEntropy } from '../reference/losses.ts';
import { matmul } from '../reference/matmul.ts';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, compiledTiny, ownGpu, tinyModel } from './modelFixtures.ts';

const data = clusters(37);
const x = array([37, 2], data.x.data);
const labels = array([37], data.y.data);

/** The tiny model's logits in float64. */
async function logitsOf(model: Model): Promise<Array64> {
  const values = await model.compiled.gpu.variables.readAll(model.variables);
  const [w1, b1, w2, b2] = model.variables.map((v) => array(v.shape, values.get(v)!));
  const hidden = map(binary('add', matmul(x, w1), b1), Math.tanh);
  return binary('add', matmul(hidden, w2), b2);
}

describe('evaluate, inspect and predict', () => {
  it.each([1, 8, 36, 37, undefined])('are exact for 37 samples in batches of %s', async (batchSize) => {
    const model = await compiledTiny({ seed: 4 });
    const expected = await logitsOf(model);
    const { perSample } = sparseSoftmaxCrossEntropy(expected, labels);
    const mean = perSample.data.reduce((sum, value) => sum + value / 37, 0);

    const { loss, accuracy: share, ...others } = await model.evaluate(data, { batchSize });
    expect(loss).toBeCloseTo(mean, 6);
    expect(share).toBeCloseTo(accuracy(expected, labels), 12);
    expect(others).toEqual({});

    const inspection = await model.evaluator().inspect(data, { batchSize });
    expect(inspection.outputs).toBeAllClose(expected.data);
    expect(inspection.loss).toBeAllClose(perSample.data);
    expect(inspection.metrics.accuracy.length).toBe(37);

    expect(await model.predict(data, { batchSize })).toEqual(inspection.outputs);
    expect(await model.predict(data.x.data as Float32Array, { batchSize })).toEqual(inspection.outputs);
    model.destroy();
  });

  it('are of the weights at that time, and compile nothing again', async () => {
    const { gpu, counted } = await ownGpu();
    const model = await compiledTiny({ gpu });
    const before = await model.evaluate(data);
    const alive = gpu.device.liveBuffers;
    await model.fit(clusters(37), { steps: 20, batchSize: 37 });
    counted.reset();
    const after = await model.evaluate(data);
    expect(after.loss).toBeLessThan(before.loss);
    expect(counted.calls.createComputePipelineAsync ?? 0).toBe(0);
    expect(counted.calls.createBindGroup ?? 0).toBe(0);
    expect(gpu.device.liveBuffers).toBe(alive);
    expect(await model.evaluate(data)).toEqual(after);
    gpu.destroy();
  });

  it('of 1 to 40 samples are of one program; one sample takes one step and one readback', async () => {
    const { gpu, counted } = await ownGpu();
    const model = await compiledTiny({ gpu, metrics: [] });
    const points = data.x.data as Float32Array;
    const all = await model.predict(points.subarray(0, 2 * 37), { batchSize: 37 });
    for (let size = 1; size <= 37; size++) {
      const own = await model.predict(points.subarray(0, 2 * size));
      expect(own).toEqual(all.subarray(0, 3 * size));
      if (size === 1) counted.reset();
    }
    expect(counted.calls.createShaderModule ?? 0).toBe(0);
    expect(counted.calls.createComputePipelineAsync ?? 0).toBe(0);
    counted.reset();
    await model.predict(points.subarray(0, 2));
    expect(counted.calls.submit).toBeLessThanOrEqual(2);
    expect(counted.calls.mapAsync).toBe(1);
    gpu.destroy();
  });

  it('at the same time do not disturb each other, nor a training under way', async () => {
    const model = await compiledTiny();
    const { device } = model.compiled.gpu;
    const options = { batchSize: 8 };
    await model.evaluate(data, options);
    await model.predict(data, options);
    const alive = device.liveBuffers;
    await model.fit(data, { steps: 1, batchSize: 37 }); // what was collected before is wrong now
    const together = await Promise.all([1, 2, 3].map(() => model.evaluate(data, options)));
    const expected = await model.evaluate(data, options);
    expect(together).toEqual([expected, expected, expected]);

    const mixed = [
      model.predict(data, options),
      model.evaluate(data, options),
      model.predict(data, options),
      model.evaluate(data, options),
    ];
    const [outputs, evaluation, ...again] = await Promise.all(mixed);
    expect([outputs, evaluation]).toEqual([await model.predict(data, options), expected]);
    expect(again).toEqual([outputs, evaluation]);
    await model.evaluate(data, options);
    expect(device.liveBuffers).toBe(alive);

    const meanwhile: unknown[] = [];
    await model.fit(data, {
      steps: 5,
      batchSize: 37,
      beforeStep: async (step) => void (step === 1 && meanwhile.push(await model.evaluate(data, options))),
    });
    expect(meanwhile).toEqual([expected]);
    expect(model.step).toBe(6);
    model.destroy();
  });

  it('leave dropout out', async () => {
    const layers = [dense({ units: 3 }), dropout(0.9)];
    const model = sequential(layers, { inputShape: [2] });
    await model.compile({ gpu: await testGpu(), optimizer: 'sgd', loss: 'softmaxCrossEntropy' });
    const values = await model.compiled.gpu.variables.readAll(model.variables);
    const [w, b] = model.variables.map((v) => array(v.shape, values.get(v)!));
    expect(await model.predict(data)).toBeAllClose(binary('add', matmul(x, w), b).data);
    model.destroy();
  });

  it('take bytes as shares of 255, or scaled as compile says', async () => {
    const bytes = Uint8Array.of(0, 51, 102, 255);
    const one = () => sequential([dense({ units: 1, kernelInitializer: 'ones' })], { inputShape: [1] });
    const options = { gpu: await testGpu(), optimizer: 'sgd', loss: 'meanSquaredError' } as const;
    const plain = await one().compile(options);
    expect(await plain.predict(bytes)).toBeAllClose([0, 0.2, 0.4, 1]);
    const scaled = await one().compile({ ...options, inputScale: 2 / 255, inputOffset: -1 });
    expect(await scaled.predict(bytes)).toBeAllClose([-1, -0.6, -0.2, 1]);
    for (const model of [plain, scaled]) model.destroy();
  });

  it('end with the reason of an abort', async () => {
    const model = await compiledTiny();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(model.evaluate(data, { signal })).rejects.toThrow('enough');
    expect((await model.evaluate(data)).loss).toBeGreaterThan(0);
    model.destroy();
  });
});

describe('summaries', () => {
  it('count parameters, bytes and FLOPs of each layer', () => {
    const rows = layerSummaries(mnistCnn('quick')).map((row) => [
      row.name,
      row.outputShape,
      row.parameters,
      row.bytes,
    ]);
    expect(rows).toEqual([
      ['conv2d', [24, 24, 8], 208, 832],
      ['maxPool2d', [12, 12, 8], 0, 0],
      ['conv2d_1', [8, 8, 16], 3216, 12864],
      ['maxPool2d_1', [4, 4, 16], 0, 0],
      ['flatten', [256], 0, 0],
      ['dense', [10], 2570, 10280],
    ]);
    const flops = layerSummaries(mnistCnn('quick')).map((row) => row.flops);
    expect(flops[0]).toBe(2 * 24 * 24 * 8 * 25);
    expect(flops[1]).toBe(12 * 12 * 8 * 4);
    expect(flops[2]).toBe(2 * 8 * 8 * 16 * 25 * 8);
    expect(flops[5]).toBe(2 * 256 * 10);
    expect(flops[4]).toBe(0);
    expect(layerSummaries(mnistCnn('keras'))[2].flops).toBe(2 * 11 * 11 * 64 * 9 * 32);
  });

  it('are a table of at most 80 columns, with a total', () => {
    const lines = mnistCnn('keras').summary().split('\n');
    expect(lines[0]).toContain('mnist-cnn-keras: input 28 × 28 × 1');
    expect(lines.find((line) => line.startsWith('conv2d_1'))).toMatch(
      /64 filters 3×3, relu +11 × 11 × 64 +18,496/,
    );
    expect(lines.at(-1)).toMatch(/^total +34,826 +139,304 +[\d,]+$/);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('count the parameters of a layer that comes twice once, and its work twice', () => {
    const twice = dense({ units: 4, name: 'twice' });
    const model = sequential([flatten(), twice, twice], { inputShape: [2, 2] });
    expect(layerSummaries(model).map(({ parameters, flops }) => [parameters, flops])).toEqual([
      [0, 0],
      [20, 32],
      [0, 32],
    ]);
    expect(model.parameters).toBe(20);
    expect(model.summary()).toMatch(/total +20 +80 +64$/);
  });

  it('need no compiled model', () => {
    const model = tinyModel();
    expect([model.parameters, model.outputShape, model.variables.map(({ name }) => name)]).toEqual([
      51,
      [3],
      ['dense.weight', 'dense.bias', 'dense_1.weight', 'dense_1.bias'],
    ]);
  });
});

it('a part of a data set is a data set', async () => {
  const model = await compiledTiny();
  const [whole, part] = [await model.predict(data), await model.predict(take(data, 5, 9))];
  expect(part).toEqual(whole.slice(15, 27));
  const shuffled = dataset({ x: Float32Array.of(1, 2), y: Uint8Array.of(0), inputShape: [2] });
  expect((await model.evaluate(shuffled)).accuracy).toBeOneOf([0, 1]);
  model.destroy();
});

it.each([4, 8, 32, 100])(
  'an evaluation needs no more memory than the training in batches of %i',
  async (batchSize) => {
    const model = await compiledTiny();
    const { device } = model.compiled.gpu;
    const data = clusters(300);
    let training = 0;
    await model.fit(data, { steps: 2, batchSize, onReady: ({ planBytes }) => void (training = planBytes) });
    const made = vi.spyOn(device, 'createBuffer');
    await model.evaluate(data);
    const slabs = made.mock.calls.filter(([label]) => label.includes('/slab'));
    expect(slabs.length).toBeGreaterThan(0);
    expect(slabs.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeLessThanOrEqual(training);
    const all = made.mock.calls.reduce((sum, [, bytes]) => sum + bytes, 0);
    made.mockClear();
    await compiledTiny({ name: 'other' }).then(async (other) => {
      await other.fit(data, { steps: 2, batchSize });
      other.destroy();
    });
    expect(all).toBeLessThanOrEqual(made.mock.calls.reduce((sum, [, bytes]) => sum + bytes, 0));
    made.mockRestore();
    model.destroy();
  },
);
