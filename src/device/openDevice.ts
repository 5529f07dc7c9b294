import { AdapterError } from '../errors.ts';
import { checkOptions } from '../options.ts';
import type { OptionTable } from '../options.ts';
import { Device } from './device.ts';
import { SUBGROUP_MATRIX } from './subgroupMatrix.ts';

export interface DeviceOptions {
  /** A device of the caller's own; wgrad adds nothing to it and never destroys it. */
  device?: GPUDevice;
  /** An adapter of the caller's own, to request the device from. */
  adapter?: GPUAdapter;
  /** Where to look for an adapter; `navigator.gpu` by default. */
  gpu?: GPU;
  /** Treat the adapter as a software one (a CPU) or not; found from its description by default. */
  software?: boolean;
  /**
   * For drivers that generate machine code only at a kernel's first dispatch (lavapipe): kernels are then dispatched once
   * while a program compiles. `adapter` gives another adapter of the same driver, whose device compiles half of them,
   * where both share a cache on disk. Not for a device of the caller's own. Default: no warm-up; `initNode` asks for it
   * on lavapipe.
   */
  warmUp?: { readonly adapter?: () => Promise<GPUAdapter | null> };
}

/** The last one is experimental: a browser offers it only with a flag. */
const WANTED_FEATURES = ['timestamp-query', 'subgroups', 'shader-f16', SUBGROUP_MATRIX] as const;
const WANTED_LIMITS = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const;
export const deviceOptions: OptionTable<DeviceOptions> = {
  device: true,
  adapter: true,
  gpu: true,
  software: true,
  warmUp: true,
};

/** Opens a device: the caller's own, or one from the best adapter with the limits it offers. */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  checkOptions('init', options, deviceOptions);
  if (options.device) {
    return new Device(options.device, options.device.adapterInfo, {
      owned: false,
      software: options.software,
    });
  }
  const adapter = options.adapter ?? (await requestAdapter(options.gpu));
  const requiredFeatures = WANTED_FEATURES.filter((feature) =>
    adapter.features.has(feature),
  ) as GPUFeatureName[];
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((name) => [name, adapter.limits[name]]));
  const request = adapter.requestDevice({ label: 'wgrad', requiredFeatures, requiredLimits });
  const device = await typed('gives no device', request);
  const { software, warmUp } = options;
  const openHelper = async () =>
    (await warmUp?.adapter?.())?.requestDevice({ label: 'wgrad compiles', requiredFeatures, requiredLimits });
  return new Device(device, adapter.info, {
    owned: true,
    software,
    warmUps: warmUp && { openHelper: warmUp.adapter && openHelper },
  });
}

async function requestAdapter(gpu: GPU | undefined = globalThis.navigator?.gpu): Promise<GPUAdapter> {
  if (!gpu) {
    throw new AdapterError(
      'WebGPU is missing here. In a browser: use a current Chrome, Edge, Firefox or Safari over https or localhost. In Node: open it with initNode() of "wgrad/node", and pass it where one is asked for, compile({ gpu }).',
    );
  }
  const adapter = await typed(
    'gives no adapter',
    gpu.requestAdapter({ powerPreference: 'high-performance' }),
  );
  if (!adapter) {
    throw new AdapterError(
      'WebGPU is here, but it offers no adapter: the GPU or its driver is blocked or missing. Update the driver, or allow WebGPU in the browser (chrome://gpu shows why it is off).',
    );
  }
  return adapter;
}

/** What a request for an adapter or a device is rejected with, as a typed error. */
async function typed<T>(what: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (cause) {
    const { message } = cause as Error;
    throw new AdapterError(
      `WebGPU is here, but it ${what}: ${message}. Free the GPU (other tabs or programs may hold it), or reset its driver, and call init() again.`,
      { cause },
    );
  }
}
