import { expect, it } from 'vitest';
import { GpuError, KernelError } from '../../src/errors.ts';
import { reshape } from '../../src/ops/movement/movement.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { compiledTinyGan } from './ganFixtures.ts';
import { ownGpu } from './modelFixtures.ts';

const points = Float32Array.from({ length: 2 * 70 }, (_, i) => Math.sin(i));

it('any number of images is judged by one program', async () => {
  const { gpu, counted } = await ownGpu();
  const gan = await compiledTinyGan({ gpu });
  const before = gpu.device.liveBuffers;
  const all = await gan.judge(points);
  expect(all).toHaveLength(70);
  expect(new Set(all).size).toBeGreaterThan(60);
  const held = gpu.device.liveBuffers - before;
  counted.reset();
  for (let count = 1; count <= 70; count += count < 40 ? 1 : 15) {
    expect(await gan.judge(points.subarray(0, 2 * count))).toEqual(all.subarray(0, count));
  }
  expect(counted.calls.createComputePipelineAsync ?? 0).toBe(0);
  expect(counted.calls.createBindGroup ?? 0).toBe(0);
  expect(gpu.device.liveBuffers - before).toBe(held);
  gan.destroy();
  expect(gpu.device.liveBuffers).toBe(0);
  gpu.destroy();
});

it('images of many shapes hold the memory of a few', async () => {
  const gpu = await testGpu();
  const gan = await compiledTinyGan({ gpu, prepare: (images) => reshape(images, [images.shape[0], 2]) });
  const before = gpu.device.liveBuffers;
  const own = await gan.judge(points, [2]);
  const one = gpu.device.liveBuffers - before;
  for (let rank = 0; rank < 8; rank++) {
    const shape = [...Array<number>(rank).fill(1), 2];
    expect(await gan.judge(points, shape)).toEqual(own);
    expect(gpu.device.liveBuffers - before).toBeLessThanOrEqual(4 * one);
  }
  gan.destroy();
});

it('questions at the same time do not disturb each other', async () => {
  const gan = await compiledTinyGan();
  const all = await gan.judge(points);
  const parts = await Promise.all([0, 10, 20].map((from) => gan.judge(points.subarray(2 * from))));
  parts.forEach((part, i) => expect(part).toEqual(all.subarray(10 * i)));
  gan.destroy();
});

it.each(['createComputePipelineAsync', 'createShaderModule', 'createBuffer', 'createBindGroup'] as const)(
  'a compilation whose %s fails is forgotten: the next question is answered',
  async (name) => {
    const { gpu, counted } = await ownGpu();
    const gan = await compiledTinyGan({ gpu });
    counted.reset();
    const before = gpu.device.liveBuffers;
    counted.spoil(name, 0);
    const error: unknown = await gan.judge(points).catch((reason: unknown) => reason);
    expect([GpuError, KernelError].some((own) => error instanceof own)).toBe(true);
    expect(gpu.device.liveBuffers).toBe(before);
    expect(await gan.judge(points)).toHaveLength(70);
    gan.destroy();
    gpu.destroy();
  },
);
