import { beforeAll, describe, expect, it } from 'vitest';
import { Device } from '../../src/device/device.ts';
import { ops } from '../../src/index.ts';
import { formatProfile, profile, repeatsFor } from '../../src/runtime/profile.ts';
import type { DispatchTiming } from '../../src/runtime/profile.ts';
import { PassTimer } from '../../src/runtime/passTimer.ts';
import type { Program } from '../../src/runtime/program.ts';
import { Gpu } from '../../src/runtime/session.ts';
import { testDevice } from '../helpers/device.ts';

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
    expect(formatProfile(timings).split('\n')).toHaveLength(timings.length + 3);
    program.destroy();
  });

  it('makes whole steps: what changes lasting memory runs as often as there are runs', async () => {
    const [profiled, stepped] = [await compile(), await compile()];
    await profile(gpu.device, profiled, 3);
    for (let step = 0; step < 5; step++) await stepped.step(); // one to warm up, one to see how long it takes, three runs
    await Promise.all([profiled.step(), stepped.step()]);
    expect(await profiled.read('noise')).toEqual(await stepped.read('noise'));
    profiled.destroy();
    stepped.destroy();
  });
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

it('the slowest comes first in the table', () => {
  const timing = (label: string, microseconds: number): DispatchTiming => ({
    label,
    kernel: 'k',
    variant: '',
    workgroups: [1, 1, 1],
    microseconds,
    gflops: 0,
    share: microseconds / 30,
  });
  const lines = formatProfile([timing('quick', 10), timing('slow', 20)]).split('\n');
  expect(lines.map((line) => line.split(' ')[0])).toEqual([
    'dispatch',
    expect.stringMatching(/^─+$/),
    'slow',
    'quick',
    'total',
  ]);
});
