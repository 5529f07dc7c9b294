import { globals } from 'webgpu';
import { Device } from '../../src/device/device.ts';
import { Gpu } from '../../src/runtime/session.ts';

/** WebGPU's default limits: what every GPU allows. */
const LIMITS = {
  maxBufferSize: 268_435_456,
  maxStorageBufferBindingSize: 134_217_728,
  maxUniformBufferBindingSize: 65_536,
  maxStorageBuffersPerShaderStage: 8,
  maxUniformBuffersPerShaderStage: 12,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65_535,
  minStorageBufferOffsetAlignment: 256,
  minUniformBufferOffsetAlignment: 256,
};

export interface IdleOptions {
  /** Hears of every shader. */
  readonly onShader?: (code: string) => void;
  /** What the GPU says of itself. */
  readonly info?: Partial<GPUAdapterInfo>;
  readonly features?: readonly string[];
  readonly software?: boolean;
}

/**
 * A GPU that is not there: takes every call and does nothing, so that a training lowers its steps for a real GPU (or
 * another adapter) and ends at once, all its numbers 0.
 */
export function idleGpu({ onShader, info, features = [], software = false }: IdleOptions = {}): Gpu {
  Object.assign(globalThis, globals);
  const buffer = ({ size }: GPUBufferDescriptor) => {
    const bytes = new ArrayBuffer(size);
    return idle({
      size,
      mapAsync: () => Promise.resolve(),
      getMappedRange: (from = 0, length = size - from) => bytes.slice(from, from + length),
    });
  };
  const device = idle({
    limits: LIMITS,
    features: new Set(features),
    lost: new Promise(() => {}),
    queue: idle({ onSubmittedWorkDone: () => Promise.resolve() }),
    popErrorScope: () => Promise.resolve(null),
    createBuffer: buffer,
    createShaderModule: ({ code }: GPUShaderModuleDescriptor) => onShader?.(code),
    createComputePipelineAsync: () => Promise.resolve(idle()),
  });
  return new Gpu(
    new Device(device as GPUDevice, { description: 'no GPU', ...info } as GPUAdapterInfo, {
      owned: false,
      software,
    }),
  );
}

/** An object with some properties; of any other name it has a method that gives such an object. */
function idle(properties: Record<string, unknown> = {}): unknown {
  return new Proxy(properties, {
    get: (own, key) => (key in own || key === 'then' ? own[key as string] : () => idle()),
  });
}
