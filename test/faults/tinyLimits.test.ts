import { describe, expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { Device } from '../../src/device/device.ts';
import { LimitError } from '../../src/errors.ts';
import { conv2d, dense, flatten, maxPool2d, sequential } from '../../src/index.ts';
import { Gpu } from '../../src/runtime/session.ts';
import { testDevice } from '../helpers/device.ts';
import { withLimits } from '../helpers/limits.ts';
import { casesOf, expectFreed, lifeOfGan, SWEEP } from './flows.ts';

const images = dataset({
  x: Uint8Array.from({ length: 40 * 64 }, (_, i) => (i * 37) % 251),
  y: Uint8Array.from({ length: 40 }, (_, i) => i % 3),
  inputShape: [8, 8, 1],
});

/** Compiles, trains, evaluates, predicts and saves a convolutional model. */
async function lifeOfCnn(gpu: Gpu): Promise<number[]> {
  const model = sequential(
    [conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }), maxPool2d(), flatten(), dense({ units: 3 })],
    { inputShape: [8, 8, 1] },
  );
  try {
    await model.compile({ gpu, optimizer: 'adam', loss: 'softmaxCrossEntropy', metrics: ['accuracy'] });
    const { epochs } = await model.fit(images, { epochs: 2, batchSize: 16 });
    const { loss } = await model.evaluate(images);
    await model.save();
    return [...epochs.map((epoch) => epoch.loss), loss, ...(await model.predict(images))];
  } finally {
    model.destroy();
  }
}

/** Limits, and how far each is lowered: by steps to what nothing can do with. */
const limits: Partial<Record<keyof GPUSupportedLimits, number[]>> = {
  maxBufferSize: [2 ** 16, 2 ** 13, 2 ** 11, 2 ** 9, 64, 16],
  maxStorageBufferBindingSize: [2 ** 16, 2 ** 13, 2 ** 11, 2 ** 9, 64, 16],
  maxComputeWorkgroupsPerDimension: [64, 16, 4, 1],
  maxComputeInvocationsPerWorkgroup: [128, 64, 32, 1],
  maxComputeWorkgroupSizeX: [128, 64, 16, 1],
  maxComputeWorkgroupSizeY: [8, 1],
  maxComputeWorkgroupStorageSize: [4096, 512, 0],
  maxStorageBuffersPerShaderStage: [7, 6, 5, 4, 3, 2, 1],
};
const cases = Object.entries(limits).flatMap(([name, values]) =>
  values.map((value) => [name, value] as const),
);

describe.each([
  ['a CNN, kernels for CPUs', lifeOfCnn, true],
  ['a CNN, kernels for GPUs', lifeOfCnn, false],
  ['a GAN, kernels for CPUs', (gpu: Gpu) => lifeOfGan(gpu), true],
] as const)('%s', (_name, life, software) => {
  const open = async (lowered: Partial<Record<keyof GPUSupportedLimits, number>>) => {
    const real = await testDevice();
    return new Gpu(new Device(withLimits(real, lowered), real.adapterInfo, { owned: false, software }));
  };

  it(
    'on a device with lower limits gives the same numbers, or a LimitError that leaves nothing',
    async () => {
      const whole = await open({});
      const expected = await life(whole);
      whole.destroy();
      const refused = new Map<string, number>();
      for (const n of casesOf(cases.length, 12)) {
        const [name, value] = cases[n];
        const gpu = await open({ [name]: value });
        const outcome = await life(gpu).catch((error: unknown) => error);
        if (outcome instanceof Error) {
          if (!(outcome instanceof LimitError)) throw outcome;
          expect(outcome.message).toMatch(/\d/);
          refused.set(name, value);
        } else {
          // Other kernels may be chosen: not the same bits.
          expect((outcome as number[]).length).toBe(expected.length);
          (outcome as number[]).forEach((own, i) => expect(own).toBeCloseTo(expected[i], 3));
        }
        await expectFreed(gpu, `${name} ${value}`);
        gpu.destroy();
      }
      expect(refused.size).toBeGreaterThan(2);
    },
    SWEEP,
  );
});
