import { afterEach, expect, it, vi } from 'vitest';
import { PipelineCache } from '../../src/kernels/pipelineCache.ts';
import { specialize } from '../../src/kernels/specialize.ts';
import { testDevice } from '../helpers/device.ts';

const SOURCE = `// Adds N
const N: f32 = 1.0;
@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<uniform> table: array<vec4f, 4>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
@group(0) @binding(5) var<storage, read_write> count: array<u32>;
@compute @workgroup_size(4)
fn main(@builtin(local_invocation_index) i: u32) {
  output[i] = input[i] + table[i].x + N;
  count[0] = 1u;
}
`;
const kernels = [1, 2, 3, 4].map((N) => ({
  kernel: specialize({ name: 'test/add', source: SOURCE }, { constants: { N } }),
  label: `add ${N}`,
}));
const list = [...kernels, { ...kernels[0], label: 'add 1 again' }];

/** What `compileAll` reports. */
async function compile(cache: PipelineCache): Promise<string[]> {
  const told: string[] = [];
  let last = 0;
  await cache.compileAll(list, (done, total, label) => {
    expect([done, total]).toEqual([++last, list.length]);
    told.push(label);
  });
  return told.sort();
}

// Also after a failure: the device is shared, and a mock of a mock would call itself.
afterEach(() => {
  vi.restoreAllMocks();
});

it('dispatches each pipeline once, and then tells that it is ready', async () => {
  const device = await testDevice();
  const submit = vi.spyOn(device.queue, 'submit');
  const cache = new PipelineCache(device, {});
  expect(await compile(cache)).toEqual(['add 1', 'add 1 again', 'add 2', 'add 3', 'add 4']);
  expect(submit).toHaveBeenCalledTimes(4);
  expect(await compile(cache), 'all is warm').toHaveLength(5);
  expect(submit).toHaveBeenCalledTimes(4);
});

it('leaves the helper alone where all is soon done', async () => {
  const openHelper = vi.fn<() => Promise<undefined>>();
  const { kernel } = kernels[0];
  await new PipelineCache(await testDevice(), { openHelper }).compileAll([{ kernel, label: 'add' }]);
  expect(openHelper).not.toHaveBeenCalled();
});

it('shares the work with a helper, and sends it away', async () => {
  const device = await testDevice();
  const helper = await testDevice({ label: 'helper' });
  const created = vi.spyOn(helper, 'createComputePipelineAsync');
  const destroyed = vi.spyOn(helper, 'destroy').mockReturnValue(undefined);
  // The device is slower than the helper.
  const done = device.queue.onSubmittedWorkDone.bind(device.queue);
  const slow = vi.spyOn(device.queue, 'onSubmittedWorkDone').mockImplementation(async () => {
    await vi.waitUntil(() => created.mock.calls.length === 2, { timeout: 20_000 });
    return done();
  });
  const cache = new PipelineCache(device, { openHelper: async () => helper });
  expect(await compile(cache)).toHaveLength(5);
  expect(created).toHaveBeenCalledTimes(2); // the device had begun the first two
  expect(slow).toHaveBeenCalledTimes(4); // it loads what the helper has compiled
  expect(destroyed).toHaveBeenCalledTimes(1);
});

it('does without a helper that cannot be had, and goes on where its device fails', async () => {
  const device = await testDevice();
  const done = device.queue.onSubmittedWorkDone.bind(device.queue);
  vi.spyOn(device.queue, 'onSubmittedWorkDone').mockImplementation(async () => {
    await new Promise((resolve) => setTimeout(resolve, 120));
    return done();
  });
  expect(await compile(new PipelineCache(device, { openHelper: async () => undefined }))).toHaveLength(5);
  const refuses = () => Promise.reject(new Error('no second device'));
  expect(await compile(new PipelineCache(device, { openHelper: refuses }))).toHaveLength(5);
  const helper = await testDevice({ label: 'helper' });
  vi.spyOn(helper, 'destroy').mockReturnValue(undefined);
  vi.spyOn(helper, 'createComputePipelineAsync').mockRejectedValue(new Error('lost'));
  expect(await compile(new PipelineCache(device, { openHelper: async () => helper }))).toHaveLength(5);
});

it('is ended by a listener that throws, with nothing unhandled and nothing left behind', async () => {
  const device = await testDevice();
  const helper = await testDevice({ label: 'helper' });
  const destroyed = vi.spyOn(helper, 'destroy').mockReturnValue(undefined);
  const late = ({ queue }: GPUDevice, delays: number[]) => {
    const done = queue.onSubmittedWorkDone.bind(queue);
    vi.spyOn(queue, 'onSubmittedWorkDone').mockImplementation(async () => {
      await new Promise((resolve) => setTimeout(resolve, delays.shift() ?? 0));
      return done();
    });
  };
  late(device, [500, 500]); // the helper is told first, while it compiles the last kernel
  late(helper, [0, 200]);
  const unhandled = vi.fn<(reason: unknown) => void>();
  process.on('unhandledRejection', unhandled);
  const refuse = () => {
    throw new Error('enough');
  };
  const compiling = new PipelineCache(device, { openHelper: async () => helper }).compileAll(list, refuse);
  await expect(compiling).rejects.toThrow('enough');
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
  expect(destroyed).toHaveBeenCalledTimes(1);
  vi.restoreAllMocks();
});
