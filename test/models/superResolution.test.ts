import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import { take } from '../../src/data/dataset.ts';
import {
  interpolated,
  superResolution,
  superResolutionData,
  superResolutionMetrics,
  superResolutionOptimizer,
} from '../../src/models/superResolution.ts';
import type {
  Interpolation,
  SuperResolution,
  SuperResolutionPreset,
} from '../../src/models/superResolution.ts';
import { drawFields, FIELD_MODES, zeldovichFields } from '../../src/models/zeldovich.ts';
import { model } from '../../src/nn/model.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { ownGpu } from '../nn/modelFixtures.ts';
import { array, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as metrics from '../reference/metrics.ts';
import { bicubicWeight, bilinearWeight, resizeBilinear, resizeNearest } from '../reference/resize.ts';
import { edsr, espcn, halved } from '../reference/superResolution.ts';
import * as zeldovich from '../reference/zeldovich.ts';

const digits = syntheticDigits({ train: 96, test: 12 });
const [train, test] = [digits.train, digits.test].map(superResolutionData);
const whole: Array64 = array(
  [12, 28, 28, 1],
  Float64Array.from(test.x.data, (byte) => byte / 255),
);
const low = halved(whole);
const twins = { espcn, edsr };
const STEPS = 30;
const PRESETS = Object.keys(twins) as SuperResolutionPreset[];

async function compiled(network: SuperResolution, gpu?: Gpu, steps = STEPS) {
  return model(network.options).compile({
    gpu: gpu ?? (await testGpu()),
    optimizer: superResolutionOptimizer({ learningRate: 0.002, steps }),
    loss: 'meanAbsoluteError',
    metrics: superResolutionMetrics(),
  });
}

const comparing = async (interpolation: Interpolation) =>
  model(interpolated(interpolation).options).compile({
    gpu: await testGpu(),
    loss: 'meanAbsoluteError',
    metrics: superResolutionMetrics(),
  });

describe.each(PRESETS)('%s', (preset) => {
  it('has its parameters, and computes what float64 has of its weights, at any size', async () => {
    const network = superResolution(preset);
    expect(network.upscaler.parameters).toBe({ espcn: 6036, edsr: 19_300 }[preset]);
    const trained = await compiled(network);
    expect(trained.parameters).toBe(network.upscaler.parameters);
    const nearest = resizeNearest(low, [28, 28]);
    expect(await trained.predict(test)).toBeAllClose(nearest.data);
    const shapes = trained.variables.map(({ shape }) => shape);
    const convolutions = Array.from({ length: shapes.length / 2 }, (_, i) => ({
      // not 0, as the last and all biases begin
      kernel: random(100 + i, shapes[2 * i], -0.2, 0.2),
      bias: random(i, shapes[2 * i + 1], -0.1, 0.1),
    }));
    await trained.setWeights(
      convolutions.flatMap(({ kernel, bias }) => [kernel, bias].map(({ data }) => Float32Array.from(data))),
    );
    const expected = twins[preset](low, convolutions);
    expect(await trained.predict(test)).toBeAllClose(expected.data, { rtol: 1e-3, atol: 1e-4 });
    const odd = random(1, [2, 5, 3, 1], 0, 1);
    const [found] = await evaluate((x) => network.upscaler.call(x), [odd]);
    expect(found).toBeAllClose(twins[preset](odd, convolutions), { rtol: 1e-3, atol: 1e-4 });
    trained.destroy();
  });

  it('learns, with a rate that falls to 0, and the same from the same seed', async () => {
    const losses = async (seed: number, steps: number) => {
      const trained = await compiled(superResolution(preset, { seed }));
      const fitted = await trained.fit(train, { steps, batchSize: 16 });
      return { trained, losses: fitted.steps.map(({ loss }) => loss) };
    };
    const { trained, losses: first } = await losses(1, STEPS);
    expect(first.at(-1)).toBeLessThan(0.95 * first[0]);
    const nearest = await comparing('nearest');
    const [{ psnr: reached }, { psnr: base }] = [await trained.evaluate(test), await nearest.evaluate(test)];
    expect(reached).toBeGreaterThan((base as number) + 0.3);
    nearest.destroy();
    const before = await trained.getWeights();
    await trained.trainOnBatch(test.x.data, test.x.data); // at the rate 0
    expect(await trained.getWeights()).toEqual(before);
    trained.destroy();
    for (const [seed, same] of [
      [1, true],
      [2, false],
    ] as const) {
      // prettier-ignore
      const again = await losses(seed, 3);
      expect(again.losses.every((loss, i) => loss === first[i])).toBe(same);
      again.trained.destroy();
    }
  });

  it('trains in one submit per step; nothing is made or uploaded', async () => {
    const { gpu, counted } = await ownGpu();
    const trained = await compiled(superResolution(preset), gpu);
    let calls: Partial<Record<string, number>> = {};
    await trained.fit(train, {
      steps: 30,
      batchSize: 8,
      beforeStep(step) {
        if (step === 10) counted.reset();
        if (step === 20) calls = { ...counted.calls };
      },
    });
    delete calls.mapAsync; // reads of the ring, as many as the clock asks for
    expect(calls).toEqual({ createCommandEncoder: 10, submit: 10, onSubmittedWorkDone: 10 });
    trained.destroy();
    gpu.destroy();
  });
});

describe('enlarging without learning', () => {
  it.each([
    ['nearest', (x: Array64) => resizeNearest(x, [28, 28])],
    ['bilinear', (x: Array64) => resizeBilinear(x, [28, 28], bilinearWeight)],
    ['bicubic', (x: Array64) => resizeBilinear(x, [28, 28], bicubicWeight)],
  ] as const)('%s is that of float64, as are its PSNR and SSIM', async (interpolation, twin) => {
    const own = await comparing(interpolation);
    const expected = twin(low);
    expect(await own.predict(test)).toBeAllClose(expected.data, { atol: 1e-5 });
    const found = await own.evaluate(test);
    const shown = map(expected, (value) => Math.min(1, Math.max(0, value)));
    const [decibels, similarity] = [[], []] as number[][];
    for (let n = 0; n < 12; n++) {
      const [a, b] = [shown, whole].map(({ data }) => array([28, 28], data.slice(n * 784, (n + 1) * 784)));
      const error = map(a, (value, i) => (value - b.data[i]) ** 2).data.reduce((x, y) => x + y) / 784;
      decibels.push(-10 * Math.log10(error));
      similarity.push(metrics.ssim(a, b, { size: 11, sigma: 1.5, maxValue: 1 }));
    }
    const mean = (values: readonly number[]) => values.reduce((x, y) => x + y) / values.length;
    expect(found.psnr).toBeCloseTo(mean(decibels), 3);
    expect(found.ssim).toBeCloseTo(mean(similarity), 3);
    own.destroy();
  });
});

describe('Zel’dovich fields', () => {
  it('are those of float64, particle by particle', async () => {
    const noise = random(1, [2, FIELD_MODES, FIELD_MODES], -1.7, 1.7);
    const [found] = await evaluate(zeldovichFields, [noise]);
    expect(found).toBeAllClose(zeldovich.zeldovichFields(noise), { rtol: 1e-3, atol: 1e-3 });
  });

  it('are an even field without noise, and hold all particles', async () => {
    const [even] = await evaluate(zeldovichFields, [array([1, FIELD_MODES, FIELD_MODES], new Float64Array(FIELD_MODES ** 2))]); // prettier-ignore
    for (const value of even.data) expect(value).toBeCloseTo(Math.log(5) / 4, 5);
    const fields = await drawFields(await testGpu(), { count: 3, seed: 5 });
    for (let field = 0; field < 3; field++) {
      const own = (fields.x.data as Float32Array).subarray(field * 784, (field + 1) * 784);
      const particles = own.reduce((sum, value) => sum + Math.exp(4 * value) - 1, 0);
      expect(particles / 3136).toBeCloseTo(1, 4);
      expect(Math.max(...own) / Math.max(0.01, Math.min(...own))).toBeGreaterThan(2);
    }
  });

  it('follow their seed, and no two are alike', async () => {
    const gpu = await testGpu();
    const draw = async (seed: number) => drawFields(gpu, { count: 60, seed });
    const fields = await draw(1);
    expect(fields.size).toBe(60);
    expect((await draw(1)).x.data).toEqual(fields.x.data);
    const other = take(await draw(2), 0, 1).x.data;
    const firsts = new Set([...Array(60).keys()].map((i) => fields.x.data[i * 784]));
    expect(firsts.size).toBeGreaterThan(55);
    expect(other).not.toEqual(take(fields, 0, 1).x.data);
  });
});
