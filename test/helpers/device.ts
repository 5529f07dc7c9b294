import { findAdapter } from '../../src/node/adapter.ts';
import { afterEveryFile, afterEveryTest } from './everyFile.ts';
import './naga.ts';

let devices: GPUDevice[] = [];
let shared: Promise<GPUDevice> | undefined;
let uncaptured: string[] = [];

/**
 * A device on the tests' adapter with WebGPU's default limits, which every implementation has: no requiredLimits.
 * Without a descriptor it is one and the same device for the whole test file; with one (features, say) a new device.
 * A test fails when an error reaches one of these devices outside an error scope, or when naga refuses a kernel that it
 * compiled. All are destroyed after the file.
 *
 * ```ts
 * const device = await testDevice();
 * it('…', async () => { device.createBuffer(…) });
 * ```
 */
export function testDevice(descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  if (descriptor) return newDevice(descriptor);
  return (shared ??= newDevice());
}

let found: ReturnType<typeof findAdapter> | undefined;

/** An adapter like that behind testDevice, to ask it for features or for a device of one's own. */
export async function testAdapter(): Promise<GPUAdapter> {
  const { gpu, adapter } = await (found ??= findAdapter()); // Dawn's instance is one for all: each costs 10 ms
  const forceFallbackAdapter = adapter.info.isFallbackAdapter;
  return (await gpu.requestAdapter({ powerPreference: 'high-performance', forceFallbackAdapter }))!;
}

async function newDevice(descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> {
  const device = await (await testAdapter()).requestDevice(descriptor);
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault(); // the test reports it
    uncaptured.push(event.error.message);
  });
  devices.push(device);
  return device;
}

afterEveryTest(async () => {
  for (const device of devices) {
    const work = device.queue.onSubmittedWorkDone().catch(() => {}); // a lost device has nothing left to report
    await Promise.race([work, device.lost]);
  }
  const errors = uncaptured;
  uncaptured = [];
  if (errors.length > 0) throw new Error(`WebGPU errors outside any error scope:\n${errors.join('\n')}`);
});

afterEveryFile(() => {
  for (const device of devices) device.destroy();
  devices = [];
  shared = undefined;
});
