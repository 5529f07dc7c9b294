import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { FormatError, NumericError } from '../../src/errors.ts';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import type { GanPart, GanStepValues } from '../../src/nn/gan/index.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { scale } from '../../src/ops/elementwise/elementwise.ts';
import '../helpers/close.ts';
import { expectFewSubmits } from '../helpers/countCalls.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { arc, compiledTinyGan, tinyGan, weightsOf } from './ganFixtures.ts';
import { ownGpu } from './modelFixtures.ts';

const data = arc(40);
const batchSize = 8;
const range = (start: number, end: number) => Array.from({ length: end - start }, (_, i) => start + i);
const parts: readonly GanPart[] = ['both', 'generator', 'both', 'discriminator', 'discriminator'];
const mixed = (step: number) => parts[step % parts.length];

describe('a GAN', () => {
  it('learns to imitate its data', async () => {
    const gan = await compiledTinyGan({
      generatorOptimizer: adam({ learningRate: 0.02, beta1: 0.5 }),
      discriminatorOptimizer: adam({ learningRate: 0.05, beta1: 0.5 }),
    });
    const mean = (values: ArrayLike<number>, axis: number) =>
      Array.from(values)
        .filter((_, i) => i % 2 === axis)
        .reduce((sum, value) => sum + value, 0) /
      (values.length / 2);
    const sampler = await gan.sampler({ count: 200 });
    const distance = async () => {
      await sampler.draw();
      const points = (await sampler.readImages()).map((value) => 2 * value - 1);
      return Math.hypot(...[0, 1].map((axis) => mean(points, axis) - mean(data.x.data, axis)));
    };
    const before = await distance();
    const { steps } = await gan.fit(data, { steps: 120, batchSize: 32, keepSteps: false });
    expect(steps).toEqual([]);
    expect(await distance()).toBeLessThan(before / 2);
    sampler.destroy();
    gan.destroy();
  });

  it('tells its values in order, awaited, iterated over or called back', async () => {
    const gan = await compiledTinyGan();
    const heard: GanStepValues[] = [];
    const started: number[] = [];
    const ready: string[] = [];
    const run = gan.fit(data, {
      epochs: 3,
      batchSize,
      train: mixed,
      beforeStep: (step) => void started.push(step),
      onSteps: (values) => heard.push(...values),
      onReady: (program, part) => void ready.push(`${part} ${program.commands.length > 10}`),
    });
    const seen: GanStepValues[] = [];
    for await (const values of run) seen.push(values);
    const history = await run;
    expect(history.stopped).toBe('finished');
    expect(started).toEqual(range(0, 15)); // 3 · 40 / 8
    expect(history.steps.map(({ step }) => step)).toEqual(started);
    expect(history.steps.map(({ epoch }) => epoch)).toEqual(started.map((step) => Math.floor(step / 5)));
    expect(seen).toEqual(history.steps);
    expect(heard).toEqual(history.steps);
    expect(ready).toEqual(['both true', 'generator true', 'discriminator true']);
    expect(history.epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
      [0, 5],
      [1, 10],
      [2, 15],
    ]);
    for (const values of history.epochs) {
      const own = history.steps.filter(({ epoch }) => epoch === values.epoch);
      const mean = own.reduce((sum, { generatorLoss }) => sum + generatorLoss, 0) / own.length;
      expect(values.generatorLoss).toBeCloseTo(mean, 12);
    }
    expect(gan.updates).toEqual({ generator: 9, discriminator: 12 });
    gan.destroy();
  });

  it('gives equal bits for equal seeds, and others for another seed', async () => {
    const train = async (seed: number) => {
      const gan = await compiledTinyGan({ seed, dropout: 0.3, labelNoise: 0.1, instanceNoise: 0.1 });
      const { steps } = await gan.fit(data, { steps: 7, batchSize, train: mixed });
      const weights = await weightsOf(gan);
      gan.destroy();
      return { steps, weights };
    };
    const first = await train(1);
    expect(await train(1)).toEqual(first);
    expect((await train(2)).steps).not.toEqual(first.steps);
  });

  it('goes on bit by bit from a checkpoint, also on another GPU', async () => {
    const options = { dropout: 0.3, labelNoise: 0.1, instanceNoise: 0.1 };
    const whole = await compiledTinyGan(options);
    const { steps } = await whole.fit(data, { steps: 24, batchSize, train: mixed });

    const first = await compiledTinyGan(options);
    await first.fit(data, { steps: 13, batchSize, train: mixed });
    first.learningRates = { discriminator: 2e-4 };
    const bytes = await first.save();
    first.destroy();

    const { gpu } = await ownGpu();
    const second = await compiledTinyGan({ ...options, seed: 99, gpu });
    second.load(bytes);
    expect([second.step, second.seed]).toEqual([13, 3]);
    expect(second.updates).toEqual({ generator: 9, discriminator: 10 });
    expect(Buffer.from(await second.save()).equals(Buffer.from(bytes))).toBe(true);
    const rest = await second.fit(data, { steps: 24, batchSize, train: mixed, resume: true });
    expect(rest.steps).toEqual(steps.slice(13));
    expect(await weightsOf(second)).toEqual(await weightsOf(whole));
    expect((await second.fit(data, { steps: 24, batchSize, resume: true })).steps).toEqual([]);
    second.destroy();
    whole.destroy();
    gpu.destroy();
  });

  it('counts an optimizer’s own updates: the first one is the first, after however many of the other', async () => {
    const late = await compiledTinyGan({ discriminatorOptimizer: sgd({ learningRate: 0 }) });
    await late.fit(data, { steps: 20, batchSize, train: 'discriminator' }); // which does not move
    const before = await weightsOf(late, 'generator');
    await late.fit(data, { steps: 1, batchSize, train: 'generator' });
    const after = await weightsOf(late, 'generator');
    // Adam's first step is the learning rate in the direction of each gradient's sign, whatever its size.
    const moved = after.map((value, i) => Math.abs(value - before[i]));
    expect(moved).toBeAllClose(
      moved.map(() => 2e-4),
      { rtol: 1e-2 },
    );
    late.destroy();
  });

  it('ends where it is aborted or its loop is left, and can go on', async () => {
    const gan = await compiledTinyGan();
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = await gan.fit(data, {
      steps: Infinity,
      batchSize,
      signal,
      beforeStep: (step) => void (step === 33 && controller.abort()),
    });
    expect([aborted.stopped, aborted.steps.length, aborted.epochs.length, gan.step]).toEqual([
      'aborted',
      33,
      6,
      33,
    ]);
    const run = gan.fit(data, { steps: Infinity, batchSize });
    expect(() => gan.fit(data)).toThrow('fit was called while it is being trained');
    for await (const { step } of run) if (step === 40) break;
    expect((await run).stopped).toBe('aborted');
    expect((await gan.fit(data, { steps: 1, batchSize })).stopped).toBe('finished');
    gan.destroy();
  });

  it('stops at NaN and says at which step', async () => {
    const gan = await compiledTinyGan({ discriminatorOptimizer: sgd({ learningRate: 1e38 }) });
    const error = await gan.fit(data, { steps: 50, batchSize }).then(undefined, (reason: unknown) => reason);
    expect(error).toBeInstanceOf(NumericError);
    expect((error as Error).message).toMatch(
      /^tiny: .*became NaN or infinite at step \d+\. The step was not made: .* Lower the learning rates \(now 0.0002 of the generator and 1e\+38/,
    );
    gan.destroy();
  });

  it('in its steady state submits at most once per step, and creates and uploads nothing', async () => {
    const { gpu, counted } = await ownGpu();
    const gan = await tinyGan({ dropout: 0.2 }).compile({ gpu, instanceNoise: 0.1 });
    let calls: Partial<Record<string, number>> = {};
    const alive = new Set<number>();
    await gan.fit(arc(300), {
      steps: 100,
      batchSize: 2, // no epoch ends
      beforeStep: (step) => {
        alive.add(gpu.device.liveBuffers);
        if (step === 10) counted.reset();
        if (step === 90) calls = { ...counted.calls };
      },
    });
    delete calls.mapAsync; // reads of the ring, as many as the clock asks for
    expectFewSubmits(calls, 80);
    expect(alive.size).toBe(1);

    const sampler = await gan.sampler({ count: 4 });
    await sampler.draw();
    counted.reset();
    for (let i = 0; i < 10; i++) await sampler.draw();
    expect(counted.calls).toEqual({ createCommandEncoder: 10, submit: 10, onSubmittedWorkDone: 10 });
    sampler.destroy();
    gan.destroy();
    gpu.destroy();
  });

  it('leaves no buffer behind', async () => {
    const { gpu } = await ownGpu();
    const live = gpu.device.liveBuffers;
    for (let life = 0; life < 3; life++) {
      const gan = await tinyGan().compile({ gpu });
      await gan.fit(data, { steps: 2, batchSize, train: mixed });
      await gan.judge(new Float32Array(4), [2]);
      (await gan.sampler({ count: 3 })).destroy();
      gan.destroy();
      await new Promise((resolve) => setTimeout(resolve));
      expect(gpu.device.liveBuffers).toBe(live);
    }
    gpu.destroy();
  });
});

describe('samples', () => {
  it('stay the same for the same latent vectors and weights, and follow both', async () => {
    const gan = await compiledTinyGan();
    const sampler = await gan.sampler({ count: 6 });
    await sampler.draw();
    const first = await sampler.readImages();
    await sampler.draw();
    expect(await sampler.readImages()).toEqual(first);
    expect(sampler.images.bytes).toBe(first.byteLength);
    expect(sampler.probabilities.bytes).toBe(24);
    await sampler.draw(gan.latents(6, 77));
    expect(await sampler.readImages()).not.toEqual(first);
    sampler.setLatents(gan.latents(6));
    await gan.fit(data, { steps: 1, batchSize });
    await sampler.draw();
    expect(await sampler.readImages()).not.toEqual(first);
    expect(() => sampler.setLatents(new Float32Array(5))).toThrow(
      '6 latent vectors of 2 values are 12 values, got 5',
    );
    await expect(gan.sampler({ count: 0 })).rejects.toThrow('count is 0');
    sampler.destroy();
    gan.destroy();
  });

  it('are what the networks give, from black 0 to white 1, with what D thinks of each', async () => {
    const gan = await compiledTinyGan();
    const values = await weightsOf(gan);
    const latents = gan.latents(3);
    const next = values.values();
    const take = (count: number) => Array.from({ length: count }, () => next.next().value as number);
    const layer = (inputs: number, units: number, f: (x: number) => number) => {
      const [weight, bias] = [take(inputs * units), take(units)];
      return (x: readonly number[]) =>
        bias.map((b, unit) => f(x.reduce((sum, value, i) => sum + value * weight[i * units + unit], b)));
    };
    const generate = [layer(2, 4, Math.tanh), layer(4, 2, Math.tanh)];
    const judge = [layer(2, 5, Math.tanh), layer(5, 1, (x) => 1 / (1 + Math.exp(-x)))];
    const run = (layers: typeof judge, x: readonly number[]) => layers.reduce((values, f) => f(values), x);
    const images = [0, 1, 2].map((i) => run(generate, [...latents.subarray(2 * i, 2 * i + 2)]));

    const sampler = await gan.sampler({ count: 3 });
    await sampler.draw();
    expect(await sampler.readImages()).toBeAllClose(
      images.flat().map((value) => (value + 1) / 2),
      { rtol: 1e-5 },
    );
    const probabilities = images.map((image) => run(judge, image)[0]);
    expect(await sampler.readProbabilities()).toBeAllClose(probabilities, { rtol: 1e-5 });
    expect(await gan.judge(Float32Array.from(images.flat()))).toBeAllClose(probabilities, { rtol: 1e-5 });
    const [black] = await gan.judge(Uint8Array.of(0, 255));
    expect(black).toBeCloseTo(run(judge, [-1, 1])[0], 5);
    await expect(gan.judge(new Float32Array(3))).rejects.toThrow('3 values are not a whole number of images');
    sampler.destroy();
    gan.destroy();
  });
});

describe('data', () => {
  it('of bytes come in the generator’s range, and through `prepare`', async () => {
    const x = Uint8Array.from({ length: 32 }, (_, i) => (i % 2) * 255);
    const bytes = dataset({ name: 'bytes', x, y: new Uint8Array(16), inputShape: [2] });
    const discriminator = sequential([dense({ units: 1, kernelInitializer: 'ones' })], { inputShape: [2] });
    const lossOn = async (imageRange: [number, number], factor: number) => {
      const gan = tinyGan({ discriminator, imageRange, prepare: (images) => scale(images, factor) });
      await gan.compile({ gpu: await testGpu(), discriminatorOptimizer: sgd({ learningRate: 0 }) });
      const { steps } = await gan.fit(bytes, { steps: 1, batchSize: 4 });
      gan.destroy();
      return steps[0].realAccuracy;
    };
    // D's logit is the sum of the two values, low + high, times the factor.
    expect(await lossOn([-1, 2], 1)).toBe(1);
    expect(await lossOn([-2, 1], 1)).toBe(0);
    expect(await lossOn([-1, 2], -1)).toBe(0);
  });

  it('that do not fit, and wrong options, are refused', async () => {
    const gan = await compiledTinyGan();
    const wide = dataset({ name: 'wide', x: new Float32Array(6), y: new Uint8Array(2), inputShape: [3] });
    expect(() => gan.fit(wide)).toThrow(
      "works on images of shape [2], but those of data set 'wide' become [3]",
    );
    await expect(gan.fit(data, { batchSize: 0 })).rejects.toThrow('batchSize is 0');
    await expect(gan.fit(data, { epochs: -1 })).rejects.toThrow('epochs is -1');
    await expect(gan.fit(data, { steps: 0.5 })).rejects.toThrow('steps is 0.5');
    await expect(gan.fit(data, { train: 'none' as GanPart })).rejects.toThrow(
      "cannot train 'none'; choose one of both, generator, discriminator",
    );
    expect(() => (gan.learningRate = -1)).toThrow('the learning rate must be a finite number of at least 0');
    gan.destroy();
    expect(() => gan.compiled).toThrow('call compile({ gpu }) first');
    const two = sequential([dense({ units: 2 })], { inputShape: [2] });
    expect(() => tinyGan({ discriminator: two })).toThrow('the discriminator gives [2] per image');
    const three = sequential([dense({ units: 1 })], { inputShape: [3] });
    expect(() => tinyGan({ discriminator: three })).toThrow(
      'makes images of shape [2], but the discriminator takes [3]',
    );
    expect(() => tinyGan({ imageRange: [1, 0] })).toThrow('imageRange is [1, 0]');
    expect(() => tinyGan({ seed: -1 })).toThrow('seed is -1');
  });
});

it('a wrong checkpoint is refused and changes nothing', async () => {
  const gan = await compiledTinyGan();
  await gan.fit(data, { steps: 2, batchSize });
  const before = await gan.save();
  const other = await compiledTinyGan({ discriminatorOptimizer: sgd() });
  const loaded = other.load(before);
  expect(loaded.resumes).toBe(false);
  expect(loaded.fresh).toEqual([]); // sgd keeps no state
  expect(await weightsOf(other)).toEqual(await weightsOf(gan));
  const larger = await tinyGan({
    discriminator: sequential([dense({ units: 6 }), dense({ units: 1 })], { inputShape: [2] }),
  }).compile({ gpu: await testGpu() });
  const refused = async (bytes: Uint8Array, message: string) => {
    expect(() => gan.load(bytes, 'a file')).toThrow(FormatError);
    expect(() => gan.load(bytes, 'a file')).toThrow(message);
    expect(Buffer.from(await gan.save()).equals(Buffer.from(before))).toBe(true);
  };
  await refused(
    await larger.save(),
    'tensor discriminator.dense.weight is F32 [2, 6], but tiny needs F32 [2, 5]',
  );
  await refused(before.slice(0, 100), 'a file');
  const { tensors, metadata } = decodeSafetensors(before);
  const numbers = [
    ...['step', 'generator.updates'].flatMap((key) => ['4294967296', '0.5', ''].map((text) => [key, text])),
    ...['-1', 'NaN', ''].map((text) => ['discriminator.learningRate', text]),
  ];
  for (const [key, text] of numbers) {
    await refused(
      encodeSafetensors(tensors, { ...metadata, [key]: text }),
      `its metadata '${key}' is ${text},`,
    );
  }
  const [weight] = gan.discriminator.variables;
  const values = Float32Array.from(tensors.get('discriminator.dense.weight')!.data).fill(NaN, 3, 4);
  const holed = new Map(tensors).set('discriminator.dense.weight', {
    dtype: 'F32',
    shape: weight.shape,
    data: values,
  });
  await refused(encodeSafetensors(holed, metadata), 'tensor discriminator.dense.weight is NaN at element 3');
  gan.compiled.gpu.variables.write(weight, values);
  await expect(gan.save()).rejects.toThrow(
    'tiny: is not saved, because tensor discriminator.dense.weight is NaN at element 3',
  );
  for (const gone of [gan, other, larger]) gone.destroy();
});
