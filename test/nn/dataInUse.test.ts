import { describe, expect, it } from 'vitest';
import { dataset, splitValidation, take } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { streamed } from '../../src/data/stream.ts';
import { Device } from '../../src/device/device.ts';
import { ArgumentError, NumericError } from '../../src/errors.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { Gpu } from '../../src/runtime/session.ts';
import '../helpers/close.ts';
import { testDevice } from '../helpers/device.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { withLimits } from '../helpers/limits.ts';
import { clusters, compiledTiny, weightsOf } from './modelFixtures.ts';
import { arc, compiledTinyGan, weightsOf as weightsOfGan } from './ganFixtures.ts';

const copyOf = ({ name, x, y }: Dataset): Dataset =>
  dataset({ name, x: x.data.slice(), y: y.data.slice(), inputShape: x.shape });

describe('arrays that change between uses', () => {
  it('are read anew by fit, evaluate and predict, through views too', async () => {
    const model = await compiledTiny();
    const data = copyOf(clusters(30));
    const half = take(data, 15);
    const other = clusters(30, 2);
    await model.evaluate(data);
    await model.evaluate(half);
    await model.predict(data);
    data.x.data.set(other.x.data);
    data.y.data.set(other.y.data);
    const fresh = copyOf(other);
    expect(await model.evaluate(data)).toEqual(await model.evaluate(fresh));
    expect(await model.evaluate(half)).toEqual(await model.evaluate(take(fresh, 15)));
    expect(await model.evaluate(splitValidation(data, 0.5).validation)).toEqual(await model.evaluate(half));
    expect(await model.predict(data)).toEqual(await model.predict(fresh));
    expect((await model.evaluator().inspect(data)).loss).toEqual(
      (await model.evaluator().inspect(fresh)).loss,
    );

    const twin = await compiledTiny();
    await model.fit(data, { epochs: 2, batchSize: 8 });
    await twin.fit(fresh, { epochs: 2, batchSize: 8 });
    expect(await weightsOf(model)).toEqual(await weightsOf(twin));
    for (const one of [model, twin]) one.destroy();
  });

  it('are checked anew', async () => {
    const model = await compiledTiny();
    const data = copyOf(clusters(30));
    await model.evaluate(data);
    data.y.data[7] = 3;
    await expect(model.evaluate(data)).rejects.toThrow(/label 3 of sample 7 .* none of the 3 classes/);
    await expect(model.fit(data)).rejects.toThrow(ArgumentError);
    data.x.data[9] = NaN;
    for (const use of [model.fit(data), model.evaluate(data), model.predict(data)]) {
      await expect(use).rejects.toThrow(NumericError);
    }
    model.destroy();
  });

  it('and were transferred away are an error', async () => {
    const model = await compiledTiny();
    const data = copyOf(clusters(30));
    await model.evaluate(data);
    structuredClone(data.x.data.buffer, { transfer: [data.x.data.buffer as ArrayBuffer] });
    for (const use of [model.fit(data), model.evaluate(data), model.predict(data)]) {
      await expect(use).rejects.toThrow(/clusters 1': x has 0 values where there were 60.*transferred away/);
    }
    model.destroy();
  });
});

describe('what lies on the GPU for data sets', () => {
  it('is bounded, whatever is evaluated, and gone with the model', async () => {
    const gpu = await testGpu();
    const start = gpu.device.liveBuffers;
    const model = await compiledTiny({ gpu });
    const idle = gpu.device.liveBuffers;
    await model.evaluate(copyOf(clusters(30)));
    const one = gpu.device.liveBuffers - idle;
    // One program of one batch size serves all, whatever their size.
    for (let i = 0; i < 5; i++) await model.evaluate(copyOf(clusters(30, i + 1)));
    for (let size = 1; size <= 40; size += 3) await model.evaluate(copyOf(clusters(size)));
    const validationData = copyOf(clusters(33));
    await model.fit(clusters(30), { epochs: 3, batchSize: 30, validationBatchSize: 32, validationData });
    expect(gpu.device.liveBuffers - idle).toBe(one);
    for (let batchSize = 1; batchSize <= 9; batchSize++) await model.evaluate(clusters(30), { batchSize });
    expect(gpu.device.liveBuffers - idle).toBe(6 * one);
    for (let size = 1; size <= 9; size++) await model.predict(clusters(size).x.data);
    expect(gpu.device.liveBuffers - idle).toBeLessThanOrEqual(6 * one);
    model.destroy();
    expect(gpu.device.liveBuffers).toBe(start);
  });
});

describe('a data set larger than a binding', () => {
  it('trains, evaluates and predicts to the same bits, in pieces', async () => {
    const real = await testDevice();
    const gpuOf = (limits: object) =>
      new Gpu(new Device(withLimits(real, limits), real.adapterInfo, { owned: false, software: true }));
    const data = clusters(9000); // 72,000 bytes and 9,000 bytes
    const results = [];
    for (const limits of [{}, { maxStorageBufferBindingSize: 8192 }]) {
      const gpu = gpuOf(limits);
      const model = await compiledTiny({ gpu });
      const kernels: string[] = [];
      const { steps } = await model.fit(data, {
        steps: 150,
        batchSize: 64,
        onReady: ({ commands }) => void kernels.push(...commands.map(({ label }) => label)),
      });
      const options = { batchSize: 64 };
      results.push({
        steps,
        weights: await weightsOf(model),
        evaluation: await model.evaluate(data, options),
        outputs: await model.predict(data, options),
        inspection: await model.evaluator().inspect(data, options),
      });
      expect(kernels.filter((label) => label.includes('piece')).length).toBe(
        'maxStorageBufferBindingSize' in limits ? 11 : 0,
      );
      model.destroy();
      expect(gpu.device.liveBuffers).toBe(0);
      gpu.destroy();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('is played with by a GAN to the same bits', async () => {
    const real = await testDevice();
    const weights: number[][] = [];
    for (const limits of [{}, { maxStorageBufferBindingSize: 8192 }]) {
      const gpu = new Gpu(
        new Device(withLimits(real, limits), real.adapterInfo, { owned: false, software: true }),
      );
      const gan = await compiledTinyGan({ gpu });
      await gan.fit(arc(2100), { steps: 4, batchSize: 8 }); // 16,800 bytes
      weights.push(await weightsOfGan(gan));
      gan.destroy();
      gpu.destroy();
    }
    expect(weights[1]).toEqual(weights[0]);
  });
});

describe('values to predict', () => {
  it('may be whatever a data set takes', async () => {
    const model = await compiledTiny();
    const { data } = clusters(5).x;
    const expected = await model.predict(data);
    const rows = Array.from({ length: 5 }, (_, i) => [...data.subarray(2 * i, 2 * i + 2)]);
    const shared = new Float32Array(new SharedArrayBuffer(40));
    shared.set(data);
    for (const samples of [
      Float64Array.from(data),
      rows,
      [...data],
      [data],
      shared,
      rows.map((row) => Float32Array.from(row)),
    ]) {
      expect(await model.predict(samples)).toEqual(expected);
    }
    await expect(model.predict([[1, 2], [3]])).rejects.toThrow(/x\[1\] has 1 entries/);
    for (const wrong of [null, undefined, 5, 'text', new ArrayBuffer(8)]) {
      await expect(model.predict(wrong as never)).rejects.toThrow(ArgumentError);
    }
    model.destroy();
  });
});

describe('bytes and numbers', () => {
  const one = async (options = {}) =>
    sequential([dense({ units: 1, kernelInitializer: 'ones' })], { inputShape: [1] }).compile({
      gpu: await testGpu(),
      optimizer: 'sgd',
      loss: 'meanSquaredError',
      ...options,
    });

  it('of one model are each as their type says: only bytes are scaled', async () => {
    const model = await one({ inputScale: 2 / 255, inputOffset: -1 });
    expect([...(await model.predict(Uint8Array.of(0, 255)))]).toEqual([-1, 1]);
    for (const numbers of [Float32Array.of(0, 0.5), Float64Array.of(0, 0.5), [0, 0.5]]) {
      expect([...(await model.predict(numbers))]).toEqual([0, 0.5]);
    }
    expect([...(await model.predict(Uint16Array.of(3, 300)))]).toEqual([3, 300]);
    model.destroy();
  });

  it('as rows are what they are in one array: to train, to evaluate, to predict, in streams', async () => {
    const make = async () =>
      sequential([dense({ units: 2, kernelInitializer: 'ones' })], { inputShape: [2] }).compile({
        gpu: await testGpu(),
        optimizer: 'sgd',
        loss: 'meanSquaredError',
      });
    const flat = Uint8Array.of(200, 0, 0, 255);
    const rows = [flat.slice(0, 2), flat.slice(2)];
    const shapes = { inputShape: [2], targetShape: [2] };
    const [one, other, third] = [await make(), await make(), await make()];
    const fit = { epochs: 2, batchSize: 2, shuffle: false };
    await one.fit(dataset({ x: flat, y: flat, ...shapes }), fit);
    await other.fit(dataset({ x: rows, y: rows, ...shapes }), fit);
    await third.fit(
      streamed(() => [{ x: rows, y: rows }], shapes),
      { epochs: 2 },
    );
    const weights = await weightsOf(one);
    expect(await weightsOf(other)).toEqual(weights);
    expect(await weightsOf(third)).toEqual(weights);
    const both = await one.predict(flat);
    expect(await one.predict(rows)).toEqual(both);
    expect(await one.predict(rows.slice(0, 1))).toEqual(both.slice(0, 2));
    expect(await one.predict([rows[0]])).toBeAllClose(await one.predict([[200 / 255, 0]]));
    for (const model of [one, other, third]) model.destroy();
  });

  it('from 0 to 255 after a training on bytes are refused, and shares of 255 are right', async () => {
    const model = await one();
    const bytes = Uint8Array.of(0, 51, 255);
    const targets = Float32Array.of(0, 0.2, 1);
    const trained = dataset({ x: bytes, y: targets, inputShape: [1] });
    const whole = dataset({ name: 'whole', x: Float32Array.from(bytes), y: targets, inputShape: [1] });
    await model.predict(whole); // nothing is known yet
    await model.fit(trained);
    const refusal =
      /model: was trained on bytes, which become 0 to 1, but input 0 of data set '.*' holds numbers from 0 to 255. Pass bytes/;
    await expect(model.predict(Float32Array.from(bytes))).rejects.toThrow(ArgumentError);
    await expect(model.predict(Uint16Array.from(bytes))).rejects.toThrow(refusal);
    await expect(model.evaluate(whole)).rejects.toThrow(refusal);
    const shares = Float32Array.from(bytes, (byte) => byte / 255);
    expect(await model.predict(shares)).toBeAllClose(await model.predict(bytes));
    await model.predict(Float32Array.of(-1, 2)); // noise may lead out of the range, but not by more than its width
    await expect(model.predict(Float32Array.of(-1.01))).rejects.toThrow(ArgumentError);

    await model.fit(whole, { batchSize: 3 });
    await model.predict(whole);
    await expect(model.predict(bytes)).rejects.toThrow(
      /was trained on numbers from 0 to 255, but .* holds bytes, which become 0 to 1. Pass numbers/,
    );
    model.destroy();
  });

  it('as targets: bytes are shares of 255, unless there are none', async () => {
    const model = await sequential([dense({ units: 2, kernelInitializer: 'zeros' })], {
      inputShape: [1],
    }).compile({
      gpu: await testGpu(),
      optimizer: 'sgd',
      loss: 'meanAbsoluteError',
    });
    const set = (y: Uint8Array | Float32Array) =>
      dataset({ name: 'set', x: [0, 0], y, inputShape: [1], targetShape: [2] });
    expect((await model.evaluate(set(Uint8Array.of(0, 255, 51, 102)))).loss).toBeCloseTo(
      (1 + 0.2 + 0.4) / 4,
      6,
    );
    const hot = Uint8Array.of(0, 1, 1, 0);
    await expect(model.evaluate(set(hot))).rejects.toThrow(/'set' are bytes of shape \[2\].*none is above 1/);
    expect((await model.evaluate(set(Float32Array.from(hot)))).loss).toBeCloseTo(0.5, 6);
    model.destroy();
  });
});
