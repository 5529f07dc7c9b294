import { describe, expect, it } from 'vitest';
import { dataset, selfTargets } from '../../src/data/dataset.ts';
import { conv2d } from '../../src/nn/layers/conv2d.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { flatten } from '../../src/nn/layers/shaping.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { FitOptions } from '../../src/nn/training/fit.ts';
import { sgd } from '../../src/nn/optimizers.ts';
import { randomIntegers } from '../reference/array.ts';
import { testGpu } from '../helpers/evaluate.ts';

const pixels = Uint8Array.from(randomIntegers(1, [24 * 64], 256).data);
const labels = Uint8Array.from({ length: 24 }, (_, i) => i % 3);
const images = dataset({ x: pixels, y: labels, inputShape: [8, 8, 1] });

/** Weights after a training that was broken off and resumed after `pause` steps. */
async function train(options: FitOptions, pause?: number): Promise<Float32Array> {
  const gpu = await testGpu();
  const model = sequential([flatten(), dense({ units: 3 })], { inputShape: [8, 8, 1], seed: 4 });
  await model.compile({ gpu, optimizer: sgd({ learningRate: 0.05 }), loss: 'softmaxCrossEntropy' });
  const total = { steps: 6, batchSize: 8, resume: true, ...options };
  if (pause) await model.fit(images, { ...total, steps: pause });
  await model.fit(images, total);
  const weights = await gpu.variables.read(model.variables[0]);
  model.destroy();
  return weights;
}

describe('augmentation in fit', () => {
  const augment = { shift: 0.2, rotate: 10, noise: 0.1, cutout: 3, flipHorizontal: true };

  it('changes what is learned, the same way each time, also when training is broken off and resumed', async () => {
    const plain = await train({});
    const augmented = await train({ augment });
    expect(augmented).not.toEqual(plain);
    expect(await train({ augment })).toEqual(augmented);
    expect(await train({ augment }, 2)).toEqual(augmented);
    expect(await train({ augment: {} })).toEqual(plain);
  });

  it('costs no dispatch', async () => {
    const counts: number[] = [];
    for (const options of [{}, { augment }]) {
      await train({ ...options, onReady: ({ commands }) => void counts.push(commands.length) });
    }
    expect(counts[1]).toBe(counts[0]);
  });

  it('leaves targets that are the inputs as they are', async () => {
    const gpu = await testGpu();
    const blank = dataset({
      x: new Uint8Array(4 * 16).fill(255),
      y: new Uint8Array(4),
      inputShape: [4, 4, 1],
    });
    const layer = conv2d({ filters: 1, kernelSize: 1, kernelInitializer: 'zeros' });
    const model = sequential([layer], { inputShape: [4, 4, 1] });
    await model.compile({ gpu, optimizer: sgd({ learningRate: 0 }), loss: 'meanSquaredError' });
    const { steps } = await model.fit(selfTargets(blank), { steps: 1, augment: { cutout: 8 } });
    expect(steps[0].loss).toBeCloseTo(1, 5); // zeros against targets of ones, whatever was cut out of the inputs
    model.destroy();
  });

  it('of data that are no images is an error', async () => {
    const rows = dataset({ x: new Float32Array(8), y: new Float32Array(4), inputShape: [2] });
    const model = sequential([dense({ units: 1 }), flatten()], { inputShape: [2] });
    await model.compile({ gpu: await testGpu(), optimizer: 'sgd', loss: 'meanSquaredError' });
    await expect(model.fit(rows, { augment: { shift: 0.1 } })).rejects.toThrow('works on u8 or f32 images');
    model.destroy();
  });
});
