import { describe, expect, it } from 'vitest';
import { dataset, selfTargets, take } from '../../../src/data/dataset.ts';
import type { Dataset } from '../../../src/data/dataset.ts';
import { streamed } from '../../../src/data/stream.ts';
import type { Batches, StreamBatch } from '../../../src/data/stream.ts';
import { ArgumentError, InterruptedError } from '../../../src/errors.ts';
import { conv2d } from '../../../src/nn/layers/conv2d.ts';
import { dense } from '../../../src/nn/layers/dense.ts';
import { dropout } from '../../../src/nn/layers/shaping.ts';
import { sequential } from '../../../src/nn/sequential.ts';
import { outcomeOf } from '../../faults/flows.ts';
import { testGpu } from '../../helpers/evaluate.ts';
import { arc, compiledTinyGan, weightsOf as weightsOfGan } from '../ganFixtures.ts';
import { clusters, compiledTiny, ownGpu, weightsOf } from '../modelFixtures.ts';

const train = clusters(40);

/** Cuts a data set into batches of these sizes, one after the other. */
function cut(data: Dataset, ...sizes: number[]): Dataset[] {
  let from = 0;
  return sizes.map((size) => take(data, from, (from += size)));
}

/** Batches that come after a while each, and whether the generator has been left. */
function watched(batches: readonly StreamBatch[]) {
  const seen = { made: 0, left: 0, epochs: [] as number[] };
  const stream = streamed(async function* (epoch: number) {
    seen.epochs.push(epoch);
    try {
      for (const batch of batches) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen.made++;
        yield batch;
      }
    } finally {
      seen.left++;
    }
  });
  return { stream, seen };
}

const never = () => new Promise<never>(() => {});

describe('a training on a stream', () => {
  it('comes to the same bits as on the data set in its order, whatever form the batches have', async () => {
    const batchSize = 16;
    const options = { epochs: 3, augment: undefined, classWeight: { 1: 2 } };
    const model = await compiledTiny();
    const expected = await model.fit(train, { ...options, batchSize, shuffle: false });
    const weights = await weightsOf(model);
    model.destroy();
    const sets = cut(train, 16, 16, 8);
    const arrays = sets.map(({ x, y }) => ({ x: [...x.data], y: y.data }));
    const refilled = { x: new Float32Array(32), y: new Uint8Array(16) };
    const forms: Record<string, (epoch: number) => Batches | Promise<Batches>> = {
      'data sets': () => sets,
      arrays: async () => arrays,
      'the same arrays, filled anew': async function* () {
        for (const { x, y, size } of sets) {
          refilled.x.set(x.data);
          refilled.y.set(y.data);
          yield { x: refilled.x.subarray(0, 2 * size), y: refilled.y.subarray(0, size) };
        }
      },
    };
    for (const make of Object.values(forms)) {
      const own = await compiledTiny();
      const history = await own.fit(streamed(make, { inputShape: [2], prefetch: 3 }), options);
      expect(history).toEqual(expected);
      expect(await weightsOf(own)).toEqual(weights);
      expect([own.step, own.epoch]).toEqual([9, 3]);
      own.destroy();
    }
  });

  it('with dropout, augmentation, weights and targets that are the inputs too', async () => {
    const samples = { x: new Uint8Array(7 * 16).map((_, i) => i * 37), y: new Uint8Array(7) };
    const weights = Float32Array.from({ length: 7 }, (_, i) => 1 + (i % 3));
    const data = selfTargets(dataset({ ...samples, inputShape: [4, 4, 1], weights }));
    const results = [];
    for (const source of [data, streamed(() => cut(data, 3, 3, 1))]) {
      const own = await sequential([dropout(0.3), conv2d({ filters: 1, kernelSize: 1 })], {
        inputShape: [4, 4, 1],
      }).compile({
        gpu: await testGpu(),
        optimizer: 'adam',
        loss: 'meanSquaredError',
      });
      const augment = { flipHorizontal: true, noise: 0.1 };
      const batches = source === data ? { batchSize: 3, shuffle: false } : {};
      const { steps, epochs } = await own.fit(source, { epochs: 2, augment, ...batches });
      results.push({ steps, epochs, weights: await weightsOf(own) });
      own.destroy();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('takes batches of many sizes, with a bounded number of programs, and frees all', async () => {
    const gpu = await testGpu();
    const start = gpu.device.liveBuffers;
    const model = await sequential([dense({ units: 1 })], { inputShape: [2] }).compile({
      gpu,
      optimizer: 'sgd',
      loss: 'meanSquaredError',
    });
    const idle = gpu.device.liveBuffers;
    const live: number[] = [];
    const sizes = [20, 1, 2, 3, 4, 5, 5];
    const { steps, epochs } = await model.fit(
      streamed(() => cut(train, ...sizes)),
      { beforeStep: () => void live.push(gpu.device.liveBuffers - idle) },
    );
    const mean = steps.reduce((sum, { loss }, i) => sum + loss * sizes[i], 0) / 40;
    expect(epochs).toMatchObject([{ loss: expect.closeTo(mean, 6) as number }]);
    expect(live[4]).toBeGreaterThan(live[1]);
    expect(live.slice(4)).toEqual([live[4], live[4], live[4]]); // four programs
    expect(gpu.device.liveBuffers).toBe(idle);
    model.destroy();
    expect(gpu.device.liveBuffers).toBe(start);
  });

  it('resumes after the samples that were done, also within a batch', async () => {
    const [whole, parts] = [await compiledTiny(), await compiledTiny()];
    const { stream, seen } = watched(cut(train, 10, 10, 10, 10));
    const expected = await whole.fit(train, { epochs: 2, batchSize: 10, shuffle: false });
    await parts.fit(train, { steps: 3, batchSize: 5, shuffle: false }); // 15 samples
    const rest = await parts.fit(stream, { epochs: 2, resume: true });
    expect(seen.epochs).toEqual([0, 1]);
    expect(rest.steps.length).toBe(3 + 4); // 5, 10 and 10 samples are left of the first epoch
    expect([parts.epoch, whole.epoch]).toEqual([2, 2]);
    const again = await compiledTiny();
    await again.fit(stream, { steps: 5 });
    const { steps } = await again.fit(stream, { epochs: 2, resume: true });
    expect(steps).toEqual(expected.steps.slice(5));
    expect(await weightsOf(again)).toEqual(await weightsOf(whole));
    for (const model of [whole, parts, again]) model.destroy();
  });

  it('fetches ahead: the next batches are made while nobody waits for them', async () => {
    const model = await compiledTiny();
    const { stream, seen } = watched(cut(train, 5, 5, 5, 5, 5, 5, 5, 5));
    const ahead: number[] = [];
    await model.fit(stream, {
      beforeStep: async (step) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        ahead.push(seen.made - step);
      },
    });
    expect(ahead).toEqual([2, 2, 2, 2, 2, 2, 2, 1]);
    model.destroy();
  });

  it('leaves the generator when it ends early, and closes it first', async () => {
    const model = await compiledTiny();
    for (const options of [{ steps: 2 }, { beforeStep: () => Promise.reject(new Error('mine')) }]) {
      const { stream, seen } = watched(cut(train, 10, 10, 10, 10));
      const ended = Promise.resolve(model.fit(stream, options));
      if ('steps' in options) expect((await ended).steps.length).toBe(2);
      else await expect(ended).rejects.toThrow('mine');
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(seen.left).toBe(1);
    }
    const broken = streamed(async function* () {
      try {
        yield* cut(train, 10, 10, 10, 10);
      } finally {
        await Promise.reject(new Error('the file cannot be closed'));
      }
    });
    const wait = { beforeStep: () => new Promise<void>((resolve) => setTimeout(resolve, 5)) };
    await expect(model.fit(broken, { steps: 1, ...wait })).rejects.toThrow('the file cannot be closed');
    model.destroy();
  });

  it('may be iterated over, and stops at an abort even if the stream never goes on', async () => {
    const model = await compiledTiny();
    for (const before of [0, 1, 3]) {
      const controller = new AbortController();
      const hanging = streamed(async function* () {
        yield* cut(train, 10, 10, 10).slice(0, before);
        setTimeout(() => controller.abort(), 300); // after all steps
        await never();
      });
      const { stopped, steps } = await model.fit(hanging, { signal: controller.signal });
      expect(stopped).toBe('aborted');
      expect(steps.length).toBe(before);
      const evaluation = new AbortController();
      setTimeout(() => evaluation.abort(), 5);
      await expect(model.evaluate(hanging, { signal: evaluation.signal })).rejects.toThrow(/abort/i);
    }
    let count = 0;
    const endless = streamed(function* () {
      while (true) yield take(train, 0, 10);
    });
    for await (const _ of model.fit(endless, { steps: Infinity })) if (++count === 5) break;
    expect(count).toBe(5);
    model.destroy();
  });

  it('ends at once where the model is destroyed or compiled again, and can be saved while it waits', async () => {
    for (const end of ['destroy', 'compile'] as const) {
      const { gpu } = await ownGpu();
      const model = await compiledTiny({ gpu });
      const run = model.fit(
        streamed(async function* () {
          yield* cut(train, 10, 10);
          await never();
        }),
      );
      run.then(undefined, () => {});
      while (model.step < 1) await new Promise((resolve) => setTimeout(resolve, 2));
      expect((await model.save()).length).toBeGreaterThan(0);
      if (end === 'destroy') model.destroy();
      else await model.compile({ gpu, optimizer: 'sgd', loss: 'softmaxCrossEntropy' });
      await expect(run).rejects.toThrow(InterruptedError);
      model.destroy();
      expect(gpu.device.liveBuffers).toBe(0);
      gpu.destroy();
    }
  });
});

describe('a stream that is wrong', () => {
  const refused = async (source: Parameters<typeof streamed>[0], options = {}) => {
    const gpu = await testGpu();
    const before = gpu.device.liveBuffers;
    const model = await compiledTiny({ gpu });
    const stream = streamed(source, { inputShape: [2], ...options });
    const error: unknown = await Promise.resolve(model.fit(stream, { epochs: 2 })).catch(
      (own: unknown) => own,
    );
    model.destroy();
    expect(gpu.device.liveBuffers).toBe(before);
    return error;
  };
  const good = take(train, 0, 10);

  it('says which batch is, and what is wrong with it', async () => {
    const x = new Float32Array(4);
    expect(await refused(() => [good, { x: Float64Array.of(1, NaN), y: [0] }])).toMatchObject({
      name: 'NumericError',
      message: expect.stringMatching(/stream batch 1': x\[1\].* is NaN/) as string,
    });
    expect(await refused(() => [good, { x, y: Uint8Array.of(0, 3) }])).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(/label 3 of sample 1 of data set 'stream batch 1'/) as string,
    });
    expect(await refused(() => [good, { x, y: Float32Array.of(0, 1) }])).toMatchObject({
      name: 'ShapeError',
      message: expect.stringMatching(/'stream batch 1' has other types or shapes/) as string,
    });
    expect(await refused(() => [good, { x, y: [0] }])).toMatchObject({
      name: 'ShapeError',
      message: expect.stringMatching(/stream batch 1': x holds 2 samples/) as string,
    });
    expect(await refused(() => [good, { x }])).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(/batch 1 has no targets/) as string,
    });
    expect(await refused(() => [good, { x, y: [0, 1], weight: [1, 1] } as never])).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(/batch 1.*no option "weight"/) as string,
    });
    expect(await refused(() => [good, x as never])).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(/batch 1 is a value of the class Float32Array/) as string,
    });
    expect(
      await refused(() => [{ x, y: [0, 1] }], {
        inputShape: undefined,
      }),
    ).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(/needs the shape of one sample/) as string,
    });
    expect(await refused(() => [dataset({ x: [0, 1, 2], y: [0], inputShape: [3] })])).toMatchObject({
      name: 'ShapeError',
      message: expect.stringMatching(/takes samples of shape \[2\]/) as string,
    });
  });

  it('is empty, or not there at all', async () => {
    expect(await refused(() => [])).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(/gave no batch in epoch 0/) as string,
    });
    expect(await refused(() => 5 as never)).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(/its batches are 5/) as string,
    });
    const used = (function* () {
      yield good;
    })();
    expect(await refused(() => used)).toMatchObject({
      name: 'ArgumentError',
      message: expect.stringMatching(/gave no batch in epoch 1; .*pass a function/) as string,
    });
    expect(() => streamed(undefined as never)).toThrow(ArgumentError);
    for (const prefetch of [0, 1.5, '2']) {
      expect(() => streamed([], { prefetch: prefetch as number })).toThrow(/prefetch/);
    }
    expect(() => streamed([], { preFetch: 2 } as never)).toThrow(/did you mean "prefetch"/);
  });

  it('throws: its error surfaces, after the batches before it', async () => {
    const model = await compiledTiny();
    const stream = streamed(async function* () {
      yield* cut(train, 10, 10);
      throw new RangeError('no such file');
    });
    await expect(model.fit(stream)).rejects.toThrow(new RangeError('no such file'));
    expect(model.step).toBe(2);
    await expect(model.evaluate(stream)).rejects.toThrow(RangeError);
    await expect(
      model.fit(
        streamed(() => {
          throw new RangeError('at once');
        }),
      ),
    ).rejects.toThrow('at once');
    model.destroy();
  });

  it('can be run once only: one epoch, a second one is an error that says what to pass', async () => {
    const model = await compiledTiny();
    async function* generator() {
      yield* cut(train, 20, 20);
    }
    expect((await model.fit(generator())).steps.length).toBe(2);
    await expect(model.fit(generator(), { epochs: 2 })).rejects.toThrow(/only once; pass a function/);
    await expect(model.fit(generator(), { steps: 3 })).rejects.toThrow(/only once; pass a function/);
    const validationData = generator();
    await expect(model.fit(train, { epochs: 2, validationData })).rejects.toThrow(
      /only once; pass a function/,
    );
    expect((await model.fit(train, { validationData })).epochs[0].validationLoss).toBeGreaterThan(0);
    const used = streamed(generator());
    await model.evaluate(used);
    await expect(model.evaluate(used)).rejects.toThrow(ArgumentError);
    expect(() => model.fit((function* () {})() as never)).toThrow(/streamed/);
    model.destroy();
  });

  it('or is given options of data sets', async () => {
    const model = await compiledTiny();
    const stream = streamed(() => cut(train, 20, 20));
    for (const options of [{ batchSize: 8 }, { lastBatch: 'drop' as const }, { epochs: 1.5 }]) {
      await expect(model.fit(stream, options)).rejects.toThrow(ArgumentError);
    }
    const bad = streamed(() => [take(dataset({ x: [0, 0], y: Uint8Array.of(7), inputShape: [2] }), 0)]);
    await expect(model.fit(stream, { validationData: bad })).rejects.toThrow(/label 7/);
    expect(model.step).toBe(0);
    model.destroy();
  });
});

describe('evaluation and prediction of a stream', () => {
  it('are those of the data set, in batches of whatever size', async () => {
    const model = await compiledTiny();
    const sets = cut(train, 1, 17, 22);
    const options = { batchSize: 8 };
    const [expected, stream] = [await model.evaluate(train, options), streamed(() => sets)];
    const { loss, accuracy } = await model.evaluate(stream, options);
    expect(loss).toBeCloseTo(expected.loss, 6);
    expect(accuracy).toBe(expected.accuracy);
    const outputs = await model.predict(train, options);
    expect(await model.predict(stream, options)).toEqual(outputs);
    const inputs = streamed(() => sets.map(({ x }) => ({ x: x.data })), { inputShape: [2] });
    expect(await model.predict(inputs, options)).toEqual(outputs);
    const { epochs } = await model.fit(train, { epochs: 2, validationData: stream });
    expect(epochs[1].validationLoss).toBeCloseTo((await model.evaluate(train)).loss, 6);
    model.destroy();
  });

  it('bytes of targets are shares of 255 if any batch has shown it', async () => {
    const model = await sequential([dense({ units: 2 })], { inputShape: [2] }).compile({
      gpu: await testGpu(),
      optimizer: 'sgd',
      loss: 'meanSquaredError',
    });
    const batch = (...y: number[]) => ({ x: [0, 0], y: Uint8Array.from(y) });
    const options = { inputShape: [2], targetShape: [2] };
    const shares = streamed(() => [batch(0, 0), batch(0, 255), batch(1, 0)], options);
    await model.fit(shares);
    await model.evaluate(shares);
    const hot = streamed(() => [batch(0, 0), batch(0, 1)], options);
    await expect(model.fit(hot)).rejects.toThrow(/shares of 255/);
    await expect(model.evaluate(hot)).rejects.toThrow(/shares of 255/);
    model.destroy();
  });
});

it('a GAN plays with a stream to the same bits', async () => {
  const results = [];
  for (const source of [arc(24), streamed(() => cut(arc(24), 8, 8, 8))]) {
    const gan = await compiledTinyGan();
    const train = (step: number) => (step % 2 ? 'generator' : 'both');
    const batches = 'size' in source ? { batchSize: 8, shuffle: false } : {};
    const { steps } = await gan.fit(source, { epochs: 2, train, ...batches });
    results.push({ steps, weights: await weightsOfGan(gan) });
    gan.destroy();
  }
  expect(results[1]).toEqual(results[0]);
});

describe('a stream that hesitates', () => {
  const never = new Promise<never>(() => {});
  const batch = () => ({ x: new Float32Array(8).fill(0.5), y: new Uint8Array(4) });

  it('is trained on batch by batch as they come: a step does not wait for the batch after it', async () => {
    const model = await compiledTiny();
    const stalls = streamed(
      async function* () {
        yield batch();
        await never;
      },
      { inputShape: [2] },
    );
    const { steps, stopped } = await model.fit(stalls, { steps: 1 });
    expect([steps.length, stopped]).toEqual([1, 'finished']);
    const end = new AbortController();
    setTimeout(() => end.abort(), 500);
    expect((await model.fit(stalls, { steps: 2, signal: end.signal })).stopped).toBe('aborted');
    expect(model.step).toBe(2);
    model.destroy();
  });

  it('when it is closed does not hold up a destroy or an abort', async () => {
    for (const how of ['destroy', 'abort'] as const) {
      const model = await compiledTiny();
      const end = new AbortController();
      const stream = streamed(
        async function* () {
          try {
            for (;;) yield batch();
          } finally {
            await never;
          }
        },
        { inputShape: [2] },
      );
      const stop = () => (how === 'destroy' ? model.destroy() : end.abort());
      const run = model.fit(stream, {
        steps: 100,
        signal: end.signal,
        beforeStep: (step) => void (step === 3 && stop()),
      });
      const outcome = await outcomeOf('fit', run);
      if (how === 'destroy') expect(outcome).toBeInstanceOf(InterruptedError);
      else expect(outcome).toMatchObject({ stopped: 'aborted' });
      model.destroy();
    }
  });

  it('a file that is never written does not hold up a destroy', async () => {
    const model = await compiledTiny();
    const run = model.fit(clusters(20), { checkpoint: { write: () => never, every: 1 }, batchSize: 5 });
    setTimeout(() => model.destroy(), 100);
    expect(await outcomeOf('fit', run)).toBeInstanceOf(InterruptedError);
  });
});
