import { afterEach, expect, it, vi } from 'vitest';
import { sleepWhileWaiting } from '../../src/node/polling.ts';
import { testDevice } from '../helpers/device.ts';

const { setImmediate: immediate, setTimeout: timeout } = globalThis;
afterEach(() => Object.assign(globalThis, { setImmediate: immediate, setTimeout: timeout }));

/** Counts how often something is put off with `name`. */
function count(name: 'setImmediate' | 'setTimeout') {
  const counted = vi.fn<(...given: unknown[]) => unknown>(globalThis[name] as never);
  Object.assign(globalThis, { [name]: counted });
  return counted;
}

/** Submits work for some tens of milliseconds. */
async function submitWork(): Promise<GPUDevice> {
  const device = await testDevice();
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [a, b] = [0, 1].map(() => device.createBuffer({ size: 2 ** 26, usage }));
  const encoder = device.createCommandEncoder();
  for (let i = 0; i < 8; i++) encoder.copyBufferToBuffer(a, 0, b, 0, 2 ** 26);
  device.queue.submit([encoder.finish()]);
  return device;
}

it('asks the GPU about once in a millisecond while it waits', async () => {
  const device = await submitWork();
  const [immediates, timeouts] = [count('setImmediate'), count('setTimeout')];
  const start = performance.now();
  await device.queue.onSubmittedWorkDone();
  const elapsed = performance.now() - start;
  expect(elapsed).toBeGreaterThan(2); // else it shows nothing
  expect(timeouts.mock.calls.length).toBeGreaterThan(0);
  expect(timeouts.mock.calls.length).toBeLessThan(elapsed + 2);
  expect(immediates.mock.calls.length).toBeLessThan(200); // without sleep some 200 in each millisecond
});

it('answers short questions without a sleep', async () => {
  const device = await testDevice();
  const timeouts = count('setTimeout');
  device.pushErrorScope('validation');
  expect(await device.popErrorScope()).toBeNull();
  expect(timeouts).not.toHaveBeenCalled();
});

it('leaves setImmediate of everybody else alone, also while it waits', async () => {
  const device = await submitWork();
  const done = device.queue.onSubmittedWorkDone();
  expect(globalThis.setImmediate).toBe(immediate);
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    setImmediate((word: string) => void order.push(word), 'own');
    setTimeout(() => {
      order.push('later');
      resolve();
    }, 20);
  });
  expect(order).toEqual(['own', 'later']);
  await done;
});

it('puts back setImmediate where a call of the binding throws', async () => {
  const device = await testDevice();
  expect(() => device.popErrorScope.call({} as never)).toThrow(TypeError);
  expect(globalThis.setImmediate).toBe(immediate);
});

it('lets a function that is not the binding through at once, with its arguments', () => {
  const calls: unknown[] = [];
  class GPUQueue {
    onSubmittedWorkDone(): unknown {
      return setImmediate((...given) => calls.push(...given), 1, 2);
    }
  }
  sleepWhileWaiting({ GPUQueue } as never);
  const timeouts = count('setTimeout');
  const handle = new GPUQueue().onSubmittedWorkDone();
  expect(timeouts).not.toHaveBeenCalled();
  clearImmediate(handle as NodeJS.Immediate);
  expect(calls).toEqual([]);
});

it('changes the classes once', () => {
  class GPUBuffer {
    mapAsync() {}
  }
  const classes = { GPUBuffer } as never;
  sleepWhileWaiting(classes);
  const { mapAsync } = GPUBuffer.prototype;
  sleepWhileWaiting(classes);
  expect(GPUBuffer.prototype.mapAsync).toBe(mapAsync);
});
