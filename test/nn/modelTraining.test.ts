import { describe, expect, it, vi } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { perSample } from '../../src/ops/loss/accuracy.ts';
import { square } from '../../src/ops/elementwise/elementwise.ts';
import type { StepValues } from '../../src/nn/training/values.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { expectFewSubmits } from '../helpers/countCalls.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { clusters, compiledTiny, ownGpu, weightsOf } from './modelFixtures.ts';

/** One size of data and batch for all, so that few kernels are compiled; an epoch ends in the middle of a batch. */
const train = clusters(50);
const validation = clusters(41, 2);
const batchSize = 16;

const range = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i);

/** 6 samples of 2 values; their targets are their numbers. */
const numbered = (size: number) =>
  dataset({
    name: 'numbered',
    x: Float32Array.from({ length: size * 2 }, (_, i) => Math.sin(i)),
    y: Float32Array.from({ length: size }, (_, i) => i),
    inputShape: [2],
    targetShape: [1],
  });

async function linear(learningRate: number) {
  return sequential([dense({ units: 1 })], { inputShape: [2], name: 'linear' }).compile({
    gpu: await testGpu(),
    optimizer: sgd({ learningRate }),
    loss: 'meanSquaredError',
    metrics: [
      function target(_: Tensor, t: Tensor) {
        return perSample(t);
      },
    ],
  });
}

describe('fit', () => {
  it('is gradient descent on batch after batch: losses and weights as in float64', async () => {
    const model = await linear(0.05);
    const data = numbered(6);
    let [w0, w1, b] = await weightsOf(model);
    const { steps } = await model.fit(data, { steps: 12, batchSize: 4, shuffle: false });
    const losses = range(0, 12).map((step) => {
      let [loss, g0, g1, gb] = [0, 0, 0, 0];
      // 6 samples in batches of 4 are a batch of 4 and the rest of 2
      const rows = step % 2 === 0 ? 4 : 2;
      for (let row = 0; row < rows; row++) {
        const sample = (step % 2) * 4 + row;
        const [x0, x1] = data.x.data.subarray(sample * 2);
        const error = w0 * x0 + w1 * x1 + b - sample;
        loss += error ** 2 / rows;
        g0 += (2 * error * x0) / rows;
        g1 += (2 * error * x1) / rows;
        gb += (2 * error) / rows;
      }
      [w0, w1, b] = [w0 - 0.05 * g0, w1 - 0.05 * g1, b - 0.05 * gb];
      return loss;
    });
    expect(steps.map(({ loss }) => loss)).toBeAllClose(losses, { rtol: 1e-5 });
    expect(await weightsOf(model)).toBeAllClose([w0, w1, b], { rtol: 1e-5 });
    model.destroy();
  });

  it('shows every sample once in every epoch, in another order each time', async () => {
    const model = await linear(0);
    const { steps, epochs } = await model.fit(numbered(7), { epochs: 3, batchSize: 1 });
    const orders = [0, 1, 2].map((epoch) =>
      steps.filter((step) => step.epoch === epoch).map((step) => step.target),
    );
    for (const order of orders) expect(order.toSorted()).toEqual(range(0, 7));
    expect(new Set(orders.map(String)).size).toBe(3);
    expect(epochs.map(({ epoch, step, target }) => [epoch, step, target])).toEqual([
      [0, 7, 3],
      [1, 14, 3],
      [2, 21, 3],
    ]);
    const { steps: plain } = await model.fit(numbered(7), { epochs: 1, batchSize: 1, shuffle: false });
    expect(plain.map((step) => step.target)).toEqual(range(0, 7));
    model.destroy();
  });

  it('learns, and tells about epochs, steps and validation', async () => {
    const model = await compiledTiny();
    const epochs: unknown[] = [];
    const started: number[] = [];
    const heard: StepValues[] = [];
    const compiled: number[] = [];
    const history = await model.fit(train, {
      epochs: 8,
      batchSize,
      validationData: validation,
      onCompile: ({ done, total }) => compiled.push(done / total),
      onReady: ({ commands }) => void compiled.push(commands.length),
      beforeStep: (step) => void started.push(step),
      onSteps: (values) => heard.push(...values),
      onEpoch: (values) => void epochs.push(values),
    });
    expect(history.stopped).toBe('finished');
    expect(compiled.slice(-2)).toEqual([1, compiled.length - 1]); // all of them, then onReady
    expect(started).toEqual(range(0, 32)); // 8 · ⌈50 / 16⌉
    expect(history.steps.map(({ step }) => step)).toEqual(started);
    expect(history.steps.map(({ epoch }) => epoch)).toEqual(started.map((n) => Math.floor(n / 4)));
    expect(heard).toEqual(history.steps);
    expect(epochs).toEqual(history.epochs);
    expect(history.epochs.map(({ epoch }) => epoch)).toEqual(range(0, 8));
    for (const { epoch, loss, accuracy } of history.epochs) {
      const own = history.steps.filter((step) => step.epoch === epoch);
      const sizes = [16, 16, 16, 2];
      const mean = (values: number[]) => values.reduce((sum, value, i) => sum + value * sizes[i], 0) / 50;
      expect(loss).toBeCloseTo(mean(own.map((step) => step.loss)), 12);
      expect(accuracy).toBeCloseTo(mean(own.map((step) => step.accuracy)), 12);
    }
    const [first, last] = [history.epochs[0], history.epochs.at(-1)!];
    expect(last.loss).toBeLessThan(first.loss * 0.8);
    expect(last.validationLoss).toBeLessThan(first.validationLoss * 0.8);
    const { loss, accuracy } = await model.evaluate(validation);
    expect([loss, accuracy]).toEqual([last.validationLoss, last.validationAccuracy]);
    expect(accuracy).toBeGreaterThan(0.6);
    model.destroy();
  });

  it('iterated over, gives the values of every step once and in order, however slow the loop', async () => {
    const model = await compiledTiny();
    const run = model.fit(train, { steps: 300, batchSize });
    const seen: StepValues[] = [];
    for await (const values of run) {
      seen.push(values);
      if (values.step % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(seen.map(({ step }) => step)).toEqual(range(0, 300));
    const history = await run;
    expect(history.steps).toEqual(seen);
    expect(model.step).toBe(300);
    const again: StepValues[] = [];
    for await (const values of run) again.push(values);
    expect(again).toEqual(seen);
    model.destroy();
  });

  it('reads every value before it is overwritten, also where steps are faster than the clock', async () => {
    const many = clusters(20_000);
    const train600 = async () => {
      const model = await compiledTiny();
      const { steps } = await model.fit(many, { steps: 600, batchSize }); // no epoch ends
      model.destroy();
      return steps;
    };
    const expected = await train600();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    const steps = await train600();
    clock.mockRestore();
    expect(steps).toEqual(expected);
    expect(new Set(steps.map(({ loss }) => loss)).size).toBeGreaterThan(500);
  });

  it('ends after the step under way when its signal is aborted', async () => {
    const model = await compiledTiny();
    const controller = new AbortController();
    const { signal } = controller;
    const history = await model.fit(train, {
      epochs: 1000,
      batchSize,
      signal,
      beforeStep: (step) => void (step === 38 && controller.abort()),
    });
    expect(history.stopped).toBe('aborted');
    expect(history.steps.map(({ step }) => step)).toEqual(range(0, 38));
    expect(history.epochs.length).toBe(9); // of 4 steps each
    expect(model.step).toBe(38);
    const none = await model.fit(train, { batchSize, signal });
    expect(none).toEqual({ epochs: [], steps: [], stopped: 'aborted' });
    model.destroy();
  });

  it('aborted while it validates, ends like that too', async () => {
    const model = await compiledTiny();
    const controller = new AbortController();
    const evaluate = model.evaluate.bind(model);
    model.evaluate = (data, options) => {
      controller.abort();
      return evaluate(data, options);
    };
    const heard: number[] = [];
    const history = await model.fit(train, {
      epochs: 5,
      batchSize,
      validationData: validation,
      signal: controller.signal,
      onSteps: (values) => heard.push(...values.map(({ step }) => step)),
      onEpoch: () => void heard.push(-1),
    });
    expect(history).toMatchObject({ stopped: 'aborted', epochs: [] });
    expect(history.steps.map(({ step }) => step)).toEqual(heard);
    expect(heard).toEqual(range(0, 4));
    model.destroy();
  });

  it('ends where its loop is left, and another may begin at once', async () => {
    const model = await compiledTiny();
    const run = model.fit(train, { epochs: 1e6, batchSize });
    for await (const { step } of run) if (step === 10) break;
    const { step } = model;
    const history = await run;
    expect(history.stopped).toBe('aborted');
    expect(history.steps.length).toBe(step);
    await model.fit(train, { steps: 1, batchSize });
    expect(model.step).toBe(step + 1);
    model.destroy();
  });

  it('stops early when the watched value gets no better', async () => {
    const model = await compiledTiny({ optimizer: sgd({ learningRate: 0 }) });
    const fit = async (earlyStopping: object, options: object = {}) => {
      const all = { epochs: 6, batchSize, validationData: validation, earlyStopping, ...options };
      const { stopped, epochs } = await model.fit(train, all);
      return [stopped, epochs.length];
    };
    // Nothing changes at a rate of 0, so every epoch after the first is one without improvement.
    expect(await fit({})).toEqual(['early', 2]);
    expect(await fit({ monitor: 'validationAccuracy', patience: 3 })).toEqual(['early', 4]);
    expect(await fit({ monitor: 'epoch', mode: 'max' })).toEqual(['finished', 6]);
    expect(await fit({ monitor: 'epoch', mode: 'max', minDelta: 2 })).toEqual(['early', 2]);
    await expect(fit({}, { validationData: undefined })).rejects.toThrow(
      /an epoch has no value "validationLoss"; it has epoch, step, loss, accuracy/,
    );
    await expect(fit({ patience: -1 })).rejects.toThrow(/patience is -1; it must be a number of at least 0/);
    model.destroy();
  });

  it('goes on where the last one ended, or with resume up to a number of steps', async () => {
    const model = await compiledTiny();
    const first = await model.fit(train, { epochs: 2, batchSize });
    const second = await model.fit(train, { steps: 2, batchSize });
    const rest = await model.fit(train, { epochs: 3, batchSize, resume: true });
    const nothing = await model.fit(train, { steps: 5, batchSize, resume: true });
    const numbers = [first, second, rest, nothing].map(({ steps }) => steps.map(({ step }) => step));
    expect(numbers).toEqual([range(0, 8), [8, 9], [10, 11], []]);
    expect(nothing.stopped).toBe('finished');
    model.destroy();
  });

  it('takes a new learning rate with the next step', async () => {
    const model = await compiledTiny({ optimizer: sgd({ learningRate: 0 }) });
    const before = await weightsOf(model);
    let unchanged: number[] = [];
    await model.fit(train, {
      steps: 6,
      batchSize,
      beforeStep: async (step) => {
        if (step !== 5) return;
        unchanged = await weightsOf(model);
        model.learningRate = 0.5;
      },
    });
    expect(unchanged).toEqual(before);
    expect(await weightsOf(model)).not.toEqual(before);
    expect(model.learningRate).toBe(0.5);
    model.destroy();
  });

  it('takes a loss and metrics of one’s own', async () => {
    const model = await compiledTiny({
      loss: (prediction) => perSample(square(prediction)),
      metrics: [{ name: 'mean', compute: (prediction) => perSample(prediction) }, 'accuracy'],
    });
    const { steps } = await model.fit(train, { steps: 1, batchSize });
    expect(Object.keys(steps[0])).toEqual(['epoch', 'step', 'loss', 'mean', 'accuracy']);
    model.destroy();
  });
});

it('a steady state submits at most once per step, and creates and uploads nothing but a new learning rate', async () => {
  const { gpu, counted } = await ownGpu();
  const model = await compiledTiny({ gpu });
  let calls: Partial<Record<string, number>> = {};
  const alive = new Set<number>();
  await model.fit(clusters(300), {
    steps: 100,
    batchSize: 2, // no epoch ends
    beforeStep: (step) => {
      alive.add(gpu.device.liveBuffers);
      if (step === 10) counted.reset();
      if (step === 50) model.learningRate = 0.1;
      if (step === 90) calls = { ...counted.calls };
    },
  });
  delete calls.mapAsync; // reads of the ring, as many as the clock asks for
  expect(calls.writeBuffer).toBe(1);
  delete calls.writeBuffer;
  expectFewSubmits(calls, 80);
  expect(alive.size).toBe(1);
  model.destroy();
  gpu.destroy();
});
