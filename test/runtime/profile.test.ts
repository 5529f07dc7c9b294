import { beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../../src/device/device.ts';
import { adam, ops } from '../../src/index.ts';
import { measureStep, profile, repeatsFor } from '../../src/runtime/profile.ts';
import { PassTimer } from '../../src/runtime/passTimer.ts';
import type { Program } from '../../src/runtime/program.ts';
import { Gpu } from '../../src/runtime/session.ts';
import { testDevice } from '../helpers/device.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { variable } from './values.ts';

describe('a profile', () => {
  let gpu: Gpu;
  beforeAll(async () => {
    const device = await testDevice({ requiredFeatures: ['timestamp-query'] });
    gpu = new Gpu(new Device(device, device.adapterInfo, { owned: false }));
  });

  const compile = () => {
    const [a, b] = [ops.input('a', [64, 64]), ops.input('b', [64, 64])];
    return gpu.compile(() => ({ c: ops.matmul(a, b), noise: ops.randomUniform([4]) }), { seed: 7 });
  };

  it('is of a clock that is not rounded for the sake of web pages', async () => {
    const program = await compile();
    const timer = new PassTimer(gpu.device, 8);
    const times = await timer.run(Array.from({ length: 8 }, () => (pass) => encodeFirst(pass, program)));
    expect(times.every((microseconds) => microseconds > 0)).toBe(true);
    expect(times.some((microseconds) => microseconds % 65.536 !== 0)).toBe(true);
    timer.destroy();
    program.destroy();
  });

  it('has a row for each dispatch', async () => {
    const program = await compile();
    const timings = await profile(gpu.device, program, 5);
    expect(timings.map(({ label }) => label)).toEqual(program.build.dispatches.map(({ label }) => label));
    expect(timings.every(({ microseconds }) => microseconds > 0)).toBe(true);
    expect(timings.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    program.destroy();
  });

  it('leaves a training bit by bit as it is', async () => {
    const [profiled, stepped] = [await compileTraining(gpu), await compileTraining(gpu)];
    for (const own of [profiled, stepped]) await own.program.run(2);
    const buffers = gpu.device.liveBuffers;
    await profile(gpu.device, profiled.program, 3);
    expect(gpu.device.liveBuffers).toBe(buffers);
    for (const own of [profiled, stepped]) await own.program.run(2);
    const [a, b] = [await profiled.values(), await stepped.values()];
    expect(a).toEqual(b);
    profiled.program.destroy();
    stepped.program.destroy();
  });
});

/** A step with a state of every kind: weights, moments, a counter, random numbers. */
async function compileTraining(gpu: Gpu) {
  const w = variable('w', [4], 1, 2, 3, 4);
  const program = await gpu.compile(
    (g) => {
      const noise = ops.randomUniform([4]);
      const loss = ops.reduceSum(ops.square(ops.subtract(ops.read(w), noise)));
      g.minimize(loss, [w], adam({ learningRate: 0.1 }));
      return { loss, noise };
    },
    { seed: 7 },
  );
  const values = async () => [
    await program.read('loss'),
    await program.read('noise'),
    await gpu.variables.read(w),
  ];
  return { program, values };
}

it('without timestamps the time is that of the caller, of the same steps', async () => {
  const gpu = await testGpu();
  expect(gpu.device.features.has('timestamp-query')).toBe(false);
  const { program } = await compileTraining(gpu);
  const { microseconds, step, clock } = await measureStep(gpu.device, program, { samples: 3 });
  expect(clock).toBe('wall');
  expect(microseconds).toHaveLength(program.commands.length);
  expect(step).toBeGreaterThan(0);
  await expect(profile(gpu.device, program)).rejects.toThrow(/no timestamp-query/);
  program.destroy();
});

function encodeFirst(
  pass: GPUComputePassEncoder,
  { commands: [{ pipeline, bindGroup, workgroups }] }: Program,
) {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  pass.dispatchWorkgroups(...workgroups);
}

it.each([
  [1, 2000],
  [0, 2000], // too short to be seen
  [500, 4],
  [2001, 1],
])('%d µs take %d repeats, within bounds', (microseconds, repeats) => {
  expect(repeatsFor(microseconds, 2000)).toBe(Math.min(1000, repeats));
});
