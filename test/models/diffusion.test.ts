import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import {
  addNoise,
  diffusion,
  diffusionData,
  diffusionObjective,
  diffusionOptimizer,
  hideLabels,
  NO_LABEL,
  randomTimes,
  targetOf,
} from '../../src/models/diffusion.ts';
import type { DiffusionOptions } from '../../src/models/diffusion.ts';
import { alphaBars, DIFFUSION_TIMES } from '../../src/models/diffusionSchedule.ts';
import { timeWaves } from '../../src/models/unet.ts';
import { model } from '../../src/nn/model.ts';
import { adam, sgd } from '../../src/nn/optimizers.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { ownGpu } from '../nn/modelFixtures.ts';
import { array, map, random } from '../reference/array.ts';
import * as reference from '../reference/diffusion.ts';

const digits = syntheticDigits({ train: 64, test: 16 });
const CHANNELS = 8;

async function compiled({
  gpu,
  optimizer = adam({ learningRate: 0.01 }),
  ...options
}: DiffusionOptions & { gpu?: Gpu; optimizer?: ReturnType<typeof adam> } = {}) {
  const network = diffusion({ channels: CHANNELS, ...options });
  const trained = await model(network.options).compile({
    gpu: gpu ?? (await testGpu()),
    optimizer,
    ...diffusionObjective,
  });
  return { network, trained, train: diffusionData(digits.train) };
}

describe('the forward process', () => {
  it('mixes image and noise as the schedule says, and v is what the formula says', async () => {
    const [x0, epsilon] = [random(1, [5, 2, 2, 1]), random(2, [5, 2, 2, 1])];
    const times = array([5], [1, 17, 500, 999, 1000]);
    const [noisy, v, same] = await evaluate(
      (x, e, t) => [
        addNoise('cosine', x, e, t),
        targetOf({ target: 'v', schedule: 'cosine' }, x, e, t),
        targetOf({ target: 'epsilon', schedule: 'cosine' }, x, e, t),
      ],
      [x0, epsilon, times],
    );
    const bar = (i: number) => reference.cosineBar(times.data[Math.floor(i / 4)], DIFFUSION_TIMES);
    expect(noisy).toBeAllClose(map(x0, (x, i) => reference.mixed(x, epsilon.data[i], bar(i))));
    expect(v).toBeAllClose(map(x0, (x, i) => reference.velocity(x, epsilon.data[i], bar(i))));
    expect(same).toBeAllClose(epsilon);
  });

  it('has times from 1 to T, whole and equally likely', async () => {
    const [times] = await evaluate(() => randomTimes(20_000), []);
    const { data } = times;
    expect(data.every((t) => Number.isInteger(t) && t >= 1 && t <= DIFFUSION_TIMES)).toBe(true);
    expect(data.reduce((a, b) => a + b) / data.length).toBeCloseTo(500.5, -1);
    expect(new Set(data).size).toBe(DIFFUSION_TIMES);
  });

  it('gives times their own waves: neighbours differ, and so do distant ones', async () => {
    const times = array([4], [1, 2, 500, 1000]);
    const [waves] = await evaluate(timeWaves, [times]);
    expect(waves.shape).toEqual([4, 32]);
    const wanted = array([4, 32], [...times.data].flatMap(reference.timeWaves));
    expect(waves).toBeAllClose(wanted, { atol: 1e-4 });
    const distance = (a: number, b: number) =>
      Math.hypot(...reference.timeWaves(a).map((own, i) => own - reference.timeWaves(b)[i]));
    for (let t = 1; t < DIFFUSION_TIMES; t++) expect(distance(t, t + 1)).toBeGreaterThan(0.5);
    // shares of T would not: all of them lie within a radian
    expect(distance(0.001, 0.002)).toBeLessThan(0.01);
  });

  it('hides a tenth of the labels, others each time, and no more', async () => {
    const gpu = await testGpu();
    const labels = Int32Array.from({ length: 5000 }, (_, i) => i % 10);
    const program = await gpu.compile(() => ({ labels: hideLabels(constant(labels, [5000])) }));
    const draws: number[][] = [];
    for (let draw = 0; draw < 2; draw++) {
      await program.step();
      draws.push([...((await program.read('labels')) as Int32Array)]);
    }
    program.destroy();
    for (const draw of draws) {
      expect(draw.every((own, i) => own === labels[i] || own === NO_LABEL)).toBe(true);
      expect(draw.filter((own) => own === NO_LABEL).length / 5000).toBeCloseTo(0.1, 1.5);
    }
    expect(draws[0]).not.toEqual(draws[1]);
  });
});

describe('a diffusion model', () => {
  it.each([
    [{}, 71_172],
    [{ channels: 24 }, 156_484],
    [{ channels: 32 }, 274_948],
    // normalization 2 · 32, and four matrices 32 × 32 with biases
    [{ attention: true }, 71_172 + 64 + 4 * (32 * 32 + 32)],
  ])('of %j has %i parameters', (options, parameters) => {
    const own = diffusion(options);
    expect(own.denoiser.parameters).toBe(parameters);
    expect(model(own.options).parameters).toBe(parameters);
    expect(own.denoiser.outputs[0].shape).toEqual([28, 28, 1]);
  });

  it.each([0, 12, 2.5])('refuses %s channels', (channels) => {
    expect(() => diffusion({ channels })).toThrow(`channels is ${channels}; it must be a multiple of 8`);
  });

  it('loses the mean square of what it predicts wrongly', async () => {
    const [predicted, wanted] = [random(3, [3, 28, 28, 1]), random(4, [3, 28, 28, 1])];
    const error = map(predicted, (own, i) => own - wanted.data[i]);
    const [loss] = await evaluate(diffusionObjective.loss, [error]);
    expect(loss).toBeAllClose(reference.errors(predicted, wanted));
  });

  it.each([{}, { attention: true }, { target: 'epsilon', schedule: 'linear' }] as const)(
    'of %j learns',
    async (options) => {
      const { trained, train } = await compiled(options);
      const { steps } = await trained.fit(train, { steps: 16, batchSize: 32 });
      expect(steps[0].loss).toBeGreaterThan(0.9); // v and ε have the variance 1
      expect(steps.at(-1)!.loss).toBeLessThan(0.75 * steps[0].loss);
      trained.destroy();
    },
  );

  it('"no label" is a row of its own, which hidden labels train', async () => {
    const optimizer = sgd({ learningRate: 1 });
    const { network, trained, train } = await compiled({ optimizer });
    // The second convolutions start at zero, which hides the embedding from the first step.
    await trained.fit(train, { steps: 2, batchSize: 64 });
    const [before] = await trained.getWeights('label');
    await trained.fit(train, { steps: 3, batchSize: 64, resume: true });
    const [after] = await trained.getWeights('label');
    const units = 4 * CHANNELS;
    expect(after).toHaveLength((NO_LABEL + 1) * units);
    const row = (values: Float32Array, label: number) => [
      ...values.subarray(label * units, (label + 1) * units),
    ];
    for (const label of [0, 9, NO_LABEL]) expect(row(after, label)).not.toEqual(row(before, label));

    const gpu = await testGpu();
    const labels = input('labels', [2], 'i32');
    const x = constant(Float32Array.from(random(5, [2, 28, 28, 1]).data), [2, 28, 28, 1]);
    const times = constant(Float32Array.of(300, 300), [2]);
    const program = await gpu.compile(() => ({ y: network.denoiser.call([x, times, labels]) }));
    const ask = async (...values: number[]) => {
      program.write(labels, Int32Array.from(values));
      await program.step();
      return [...((await program.read('y')) as Float32Array)];
    };
    const first = await ask(3, NO_LABEL);
    const changed = after.map((value, i) => (i >= NO_LABEL * units ? value + 1 : value));
    await trained.setWeights([changed], 'label');
    const second = await ask(3, NO_LABEL);
    expect(second.slice(0, 784)).toEqual(first.slice(0, 784));
    expect(second.slice(784)).not.toEqual(first.slice(784));
    program.destroy();
    trained.destroy();
  });

  it('follows its seed, and draws other noise in each step', async () => {
    const losses = async (seed: number) => {
      const { trained, train } = await compiled({ seed, optimizer: sgd({ learningRate: 0 }) });
      const { steps } = await trained.fit(train, { steps: 3, batchSize: 64 });
      trained.destroy();
      return steps.map(({ loss }) => loss);
    };
    const first = await losses(1);
    expect(await losses(1)).toEqual(first);
    expect((await losses(2))[0]).not.toBe(first[0]);
    expect(new Set(first).size).toBe(3);
  });

  it('trains in one submit per step; nothing is made, uploaded or waited for', async () => {
    const { gpu, counted } = await ownGpu();
    const optimizer = diffusionOptimizer({ learningRate: 0.002, steps: 30 });
    const { trained, train } = await compiled({ gpu, optimizer });
    let calls: Partial<Record<string, number>> = {};
    await trained.fit(train, {
      steps: 30,
      batchSize: 2,
      beforeStep(step) {
        if (step === 10) counted.reset();
        if (step === 25) calls = { ...counted.calls };
      },
    });
    delete calls.mapAsync; // reads of the ring, as many as the clock asks for
    expect(calls).toEqual({ createCommandEncoder: 15, submit: 15, onSubmittedWorkDone: 15 });
    trained.destroy();
    gpu.destroy();
  });
});

it('the rate rises, falls to 0 at the end, and averages are kept', async () => {
  const optimizer = diffusionOptimizer({ learningRate: 0.002, steps: 12 });
  const { trained, train } = await compiled({ optimizer });
  await trained.fit(train, { steps: 12, batchSize: 8 });
  const own = await trained.getWeights('time1');
  const averaged = await trained.useAveragedWeights(() => trained.getWeights('time1'));
  expect(averaged).not.toEqual(own);
  await trained.fit(train, { steps: 14, batchSize: 8, resume: true });
  // At the rate 0, as far as the driver's cosine of π is −1; a step of the full rate moves weights by 2e-3.
  (await trained.getWeights('time1')).forEach((values, i) =>
    expect(values).toBeAllClose(own[i], { rtol: 1e-5, atol: 1e-6 }),
  );
  trained.destroy();
});

it('schedules start at an image without noise and end at noise', () => {
  const cosine = alphaBars('cosine');
  expect(cosine).toHaveLength(DIFFUSION_TIMES + 1);
  cosine.forEach((bar, t) => expect(bar).toBeCloseTo(reference.cosineBar(t, DIFFUSION_TIMES), 10));
  const linear = alphaBars('linear');
  for (const t of [0, 1, 2, 500, 1000]) expect(linear[t]).toBeCloseTo(reference.linearBar(t), 12);
  for (const bars of [cosine, linear, alphaBars('linear', 200)]) {
    expect(bars[0]).toBe(1);
    expect(bars.every((bar, t) => t === 0 || bar < bars[t - 1])).toBe(true);
    expect(bars.at(-1)).toBeLessThan(1e-4);
    expect(bars.at(-1)).toBeGreaterThan(0);
  }
});
