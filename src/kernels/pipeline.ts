import type { SpecializedKernel } from './kernel.ts';

/** A kernel that is ready to be dispatched. Bind its buffers with an explicit layout: group 0. */
export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroupLayout: GPUBindGroupLayout;
  readonly kernel: SpecializedKernel;
}

const BUFFER_TYPES = { read: 'read-only-storage', read_write: 'storage', uniform: 'uniform' } as const;

/** Has a device create the pipeline of a kernel; what is wrong with it goes to the error scope around the call. */
export function createPipeline(device: GPUDevice, kernel: SpecializedKernel, label: string) {
  const module = device.createShaderModule({ label, code: kernel.code });
  const bindGroupLayout = device.createBindGroupLayout({
    label,
    entries: kernel.bindings.map(({ binding, access }) => ({
      binding,
      visibility: GPUShaderStage.COMPUTE,
      buffer: { type: BUFFER_TYPES[access] },
    })),
  });
  const layout = device.createPipelineLayout({ label, bindGroupLayouts: [bindGroupLayout] });
  const pipeline = device.createComputePipelineAsync({
    label,
    layout,
    compute: { module, entryPoint: 'main' },
  });
  return { module, bindGroupLayout, pipeline };
}
