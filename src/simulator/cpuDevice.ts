import { specialize } from '../kernels/specialize.ts';
import type { SpecializedKernel } from '../kernels/kernel.ts';
import { compileKernel } from './compile.ts';
import type { CompiledSimulation } from './compile.ts';
import { run } from './run.ts';

/** WebGPU's default limits, as far as they concern compute shaders. */
const LIMITS = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxUniformBufferBindingSize: 65_536,
  minStorageBufferOffsetAlignment: 256,
  minUniformBufferOffsetAlignment: 256,
  maxStorageBuffersPerShaderStage: 8,
  maxUniformBuffersPerShaderStage: 12,
  maxComputeWorkgroupStorageSize: 16_384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65_535,
};

/** The constants of WebGPU, for platforms without it. */
const CONSTANTS = {
  GPUBufferUsage: {
    MAP_READ: 1,
    MAP_WRITE: 2,
    COPY_SRC: 4,
    COPY_DST: 8,
    INDEX: 16,
    VERTEX: 32,
    UNIFORM: 64,
    STORAGE: 128,
    INDIRECT: 256,
    QUERY_RESOLVE: 512,
  },
  GPUMapMode: { READ: 1, WRITE: 2 },
  GPUShaderStage: { VERTEX: 1, FRAGMENT: 2, COMPUTE: 4 },
};

export interface CpuDeviceOptions {
  /** Compiles a kernel. Default: `compileKernel` without checks, which a page's policy may forbid. */
  readonly compile?: (kernel: SpecializedKernel) => CompiledSimulation;
}

/** The default of `cpuDevice`: kernels do not use what they read outside a buffer (`outside: 'poison'`). */
export const compileForCpu = (kernel: SpecializedKernel): CompiledSimulation =>
  compileKernel(kernel, { checks: false, outside: 'poison' });

/** A command as it runs when it is submitted. */
type Command = () => void;

/**
 * A WebGPU device without a GPU, for `init({ device: cpuDevice() })`: it runs kernels as JavaScript. It has what the engine
 * asks a device for, and checks nothing: errors of WebGPU's rules do not show here. Slow: for examples of some thousand
 * numbers.
 */
export function cpuDevice({ compile = compileForCpu }: CpuDeviceOptions = {}): GPUDevice {
  for (const [name, value] of Object.entries(CONSTANTS))
    (globalThis as Record<string, unknown>)[name] ??= value;
  const events = new EventTarget();
  let lose: (info: object) => void;
  const device = {
    label: '',
    features: new Set<string>(),
    limits: LIMITS,
    adapterInfo: { vendor: 'wgrad', architecture: '', device: '', description: 'JavaScript on the CPU' },
    lost: new Promise((resolve) => (lose = resolve)),
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
    destroy: () => lose({ reason: 'destroyed', message: 'destroy() was called' }),
    pushErrorScope() {},
    popErrorScope: async () => null,
    createBuffer: ({ label = '', size }: GPUBufferDescriptor) => new CpuBuffer(label, size),
    createShaderModule: ({ label = '', code }: GPUShaderModuleDescriptor) => ({
      kernel: specialize({ name: label, source: code }),
      getCompilationInfo: async () => ({ messages: [] }),
    }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createComputePipelineAsync: async ({ compute }: GPUComputePipelineDescriptor) =>
      new CpuPipeline(compile((compute.module as unknown as { kernel: SpecializedKernel }).kernel)),
    createBindGroup: ({ entries }: GPUBindGroupDescriptor) => new Map(Array.from(entries, bound)),
    createCommandEncoder: () => new CpuEncoder(),
    queue: {
      writeBuffer(
        target: CpuBuffer,
        offset: number,
        source: ArrayBuffer,
        from = 0,
        bytes = source.byteLength - from,
      ) {
        new Uint8Array(target.data, offset, bytes).set(new Uint8Array(source, from, bytes));
      },
      submit(lists: Iterable<readonly Command[]>) {
        for (const list of lists) for (const command of list) command();
      },
      onSubmittedWorkDone: async () => {},
    },
  };
  return device as unknown as GPUDevice;
}

class CpuBuffer {
  readonly label: string;
  readonly size: number;
  readonly data: ArrayBuffer;

  constructor(label: string, size: number) {
    this.label = label;
    this.size = size;
    this.data = new ArrayBuffer(size);
  }

  async mapAsync(): Promise<void> {}
  getMappedRange = (offset = 0, bytes = this.size - offset): ArrayBuffer =>
    this.data.slice(offset, offset + bytes);
  unmap(): void {}
  destroy(): void {}
}

const bound = ({ binding, resource }: GPUBindGroupEntry): [number, Uint32Array] => {
  const { buffer, offset = 0, size } = resource as GPUBufferBinding;
  const { data, size: whole } = buffer as unknown as CpuBuffer;
  return [binding, new Uint32Array(data, offset, Math.ceil((size ?? whole - offset) / 4))];
};

class CpuPipeline {
  readonly #simulation: CompiledSimulation;

  constructor(simulation: CompiledSimulation) {
    this.#simulation = simulation;
  }

  run(group: ReadonlyMap<number, Uint32Array>, workgroups: readonly [number, number?, number?]): void {
    const { bindings } = this.#simulation.kernel;
    const buffers = Object.fromEntries(bindings.map(({ name, binding }) => [name, group.get(binding)!]));
    run(this.#simulation, { buffers, workgroups });
  }
}

/** Commands, and the passes that record them. */
class CpuEncoder {
  readonly #commands: Command[] = [];

  copyBufferToBuffer(from: CpuBuffer, start: number, to: CpuBuffer, offset: number, bytes: number): void {
    this.#commands.push(() =>
      new Uint8Array(to.data, offset, bytes).set(new Uint8Array(from.data, start, bytes)),
    );
  }

  clearBuffer(buffer: CpuBuffer, offset = 0, bytes = buffer.size - offset): void {
    this.#commands.push(() => new Uint8Array(buffer.data, offset, bytes).fill(0));
  }

  beginComputePass() {
    let pipeline: CpuPipeline;
    let group: ReadonlyMap<number, Uint32Array>;
    return {
      setPipeline: (own: CpuPipeline) => void (pipeline = own),
      setBindGroup: (_: number, own: ReadonlyMap<number, Uint32Array>) => void (group = own),
      dispatchWorkgroups: (x: number, y?: number, z?: number) => {
        const [own, values] = [pipeline, group];
        this.#commands.push(() => own.run(values, [x, y, z]));
      },
      end() {},
    };
  }

  finish = (): readonly Command[] => this.#commands;
}
