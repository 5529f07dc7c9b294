import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../src/data/digits.ts';
import { flowObjective } from '../../src/models/flow.ts';
import {
  imageFlow,
  imageFlowData,
  imageMasks,
  logitStretches,
  pixelsOf,
  pixelStatistics,
  standardLogits,
} from '../../src/models/imageFlow.ts';
import { model } from '../../src/nn/model.ts';
import { adam } from '../../src/nn/optimizers.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import * as reference from '../reference/flow.ts';

const PIXELS = 784;
const digits = syntheticDigits({ train: 64, test: 16 });
const statistics = pixelStatistics(digits.train);
const { mean, deviation } = statistics;
const images: Array64 = {
  shape: [16, PIXELS],
  data: Float64Array.from(digits.test.x.data, (byte) => byte / 255),
};
const uniform = (seed: number): Array64 => {
  const { shape, data } = random(seed, [16, PIXELS]);
  return { shape, data: data.map((value) => Math.abs(value) % 1) };
};

describe('pixels as standardised logits', () => {
  const noise = uniform(1);
  noise.data.set([0, 1 - 2 ** -24]); // the ends of what is drawn
  const half: Array64 = { ...images, data: images.data.slice() };
  half.data.set([0, 1]);

  it('are those of the formula, and their stretch is their derivative by the grey level', async () => {
    const [logits, stretches] = await evaluate(
      (x, u) => [standardLogits(x, u, statistics), logitStretches(x, u, statistics)],
      [half, noise],
    );
    expect(logits).toBeAllClose(reference.standardLogits(half, noise, mean, deviation), { atol: 1e-4 });
    const h = 1e-4; // of a grey level: the noise moves by as much
    const inner: Array64 = { ...noise, data: noise.data.map((u) => Math.min(1 - 2 * h, Math.max(2 * h, u))) };
    const at = (by: number) =>
      reference.standardLogits(half, { ...inner, data: inner.data.map((u) => u + by) }, mean, deviation).data;
    const [above, below] = [at(h), at(-h)];
    const [found] = await evaluate((x, u) => logitStretches(x, u, statistics), [half, inner]);
    expect(found.data).toBeAllClose(
      above.map((value, i) => Math.log((value - below[i]) / (2 * h))),
      { rtol: 1e-3, atol: 2e-2 }, // near the ends the logit bends within h
    );
    expect(stretches.data.every(Number.isFinite)).toBe(true);
  });

  it('have mean 0 and deviation 1 over the images that the statistics are of', () => {
    const all: Array64 = {
      shape: [64, PIXELS],
      data: Float64Array.from(digits.train.x.data, (byte) => byte / 255),
    };
    let [sum, squares] = [0, 0];
    for (let draw = 0; draw < 4; draw++) {
      const { data } = random(draw, all.shape);
      const u = { ...all, data: data.map((value) => Math.abs(value) % 1) };
      for (const value of reference.standardLogits(all, u, mean, deviation).data) {
        sum += value / (4 * all.data.length);
        squares += value ** 2 / (4 * all.data.length);
      }
    }
    // the test's noise is no exactly uniform one
    expect(Math.abs(sum)).toBeLessThan(0.1);
    expect(Math.abs(squares - 1)).toBeLessThan(0.15);
  });

  it('go back to pixels', async () => {
    const [pixels] = await evaluate(
      (x, u) => pixelsOf(standardLogits(x, u, statistics), statistics),
      [images, noise],
    );
    const expected = images.data.map((value, i) => (255 * value + noise.data[i]) / 256);
    expect(pixels.data).toBeAllClose(expected, { atol: 1e-5 });
  });
});

it('masks of an image keep a half of it, and the next coupling the other half', () => {
  const masks = imageMasks(6);
  for (const mask of masks) expect(mask.reduce((a, b) => a + b)).toBe(PIXELS / 2);
  const complement = (mask: Float32Array) => mask.map((value) => 1 - value);
  expect([masks[1], masks[3], masks[5]]).toEqual([masks[0], masks[2], masks[4]].map(complement));
  expect(masks[4]).toEqual(masks[0]);
  expect([...masks[2].subarray(0, PIXELS / 2)]).toEqual(new Array(PIXELS / 2).fill(1));
});

describe('imageFlow', () => {
  it('has 1,920,288 parameters', () => {
    expect(imageFlow({ statistics }).network.parameters).toBe(1_920_288);
  });

  it('begins with the likelihood of pixels that are independent and normal as logits', async () => {
    const own = imageFlow({ statistics, couplings: 2, units: 8 });
    const trained = await model(own.options).compile({
      gpu: await testGpu(),
      optimizer: adam(),
      ...flowObjective(),
    });
    const { loss } = await trained.evaluate(imageFlowData(digits.test));
    // the same in float64, with noise of its own
    const u = uniform(7);
    const logits = reference.standardLogits(images, u, mean, deviation).data;
    let expected = 0;
    for (let i = 0; i < logits.length; i++) {
      const p = 1e-6 + ((1 - 2e-6) * (255 * images.data[i] + u.data[i])) / 256;
      const slope = (1 - 2e-6) / 256 / (p * (1 - p)) / deviation[i % PIXELS];
      expected += 0.5 * logits[i] ** 2 + 0.5 * Math.log(2 * Math.PI) - Math.log(slope);
    }
    expect(Math.abs(loss / (expected / 16) - 1)).toBeLessThan(0.05);
    trained.destroy();
  });

  it('learns, and its inverse is exact', async () => {
    const own = imageFlow({ statistics, couplings: 4, units: 16 });
    const trained = await model(own.options).compile({
      gpu: await testGpu(),
      optimizer: adam({ learningRate: 0.003, globalClipNorm: 1 }),
      ...flowObjective(),
    });
    const { steps } = await trained.fit(imageFlowData(digits.train), { steps: 24, batchSize: 32 });
    expect(steps.at(-1)!.loss).toBeLessThan(0.95 * steps[0].loss);
    const [z] = await trained.predictAll(imageFlowData(digits.test));
    const [x, again] = await evaluate(
      (noise) => {
        const back = own.inverse.call(noise);
        return [back, own.inverse.call(own.forward.callAll(back)[0])];
      },
      [{ shape: [16, PIXELS], data: Float64Array.from(z) }],
    );
    expect(again.data).toBeAllClose(x.data, { rtol: 0, atol: 1e-4 });
    trained.destroy();
  });
});
