import { DeviceLostError, KernelError, LimitError } from '../errors.ts';
import { part } from '../part.ts';
import type { SpecializedKernel } from './kernel.ts';
import { createPipeline } from './pipeline.ts';
import type { CompiledKernel } from './pipeline.ts';
import type { Labelled, OpenHelper } from './warmUp.ts';

export type { CompiledKernel } from './pipeline.ts';

/** How pipelines are warmed up. */
export interface WarmUps {
  readonly openHelper?: OpenHelper;
}

/** What a cache did since it was made. */
export interface PipelineCacheStats {
  /** Calls of `get`. */
  readonly requests: number;
  /** Pipelines created: requests for what was not there. */
  readonly compilations: number;
  /** Compilations that failed; asking again tries again. */
  readonly failures: number;
}

/** Edited kernels that are kept: an editor makes a new one with each change. */
const MOST_EDITED = 16;

/**
 * The compute pipelines of one device, one for each code and list of bindings: equal kernels share a pipeline, also
 * while it is still being created. All creation is asynchronous, so many kernels compile at the same time.
 */
export class PipelineCache {
  private readonly device: GPUDevice;
  private readonly entries = new Map<string, Promise<CompiledKernel>>();
  private readonly lost: Promise<never>;
  private readonly warmUps: WarmUps | undefined;
  private readonly warm = new WeakSet<CompiledKernel>();
  /** Keys of the edited kernels, the newest at the end. */
  private readonly edited = new Set<string>();
  private requests = 0;
  private compilations = 0;
  private failures = 0;

  /**
   * @param warmUps whether drivers generate machine code only at a pipeline's first dispatch: `compileAll` then dispatches
   *   each pipeline once. Default: they do not
   */
  constructor(device: GPUDevice, warmUps?: WarmUps) {
    this.device = device;
    this.warmUps = warmUps;
    this.lost = device.lost.then(({ reason, message }) => {
      throw new DeviceLostError(
        `The GPU device was lost (${reason}) while kernels compiled: ${message}`,
        reason,
      );
    });
    this.lost.catch(() => {}); // handled by those who race with it
  }

  /** Distinct kernels that are compiled or being compiled. */
  get size(): number {
    return this.entries.size;
  }

  get stats(): PipelineCacheStats {
    const { requests, compilations, failures } = this;
    return { requests, compilations, failures };
  }

  /**
   * The pipeline of a kernel, created at the first request for it. `label` names the pipeline in the
   * device's messages, such as "matmul dense_1"; the first request wins.
   *
   * @throws LimitError where the kernel needs more than the device allows.
   * @throws KernelError where the WGSL does not compile, with the lines around each error.
   * @throws DeviceLostError where the device is lost meanwhile.
   */
  get(kernel: SpecializedKernel, label: string): Promise<CompiledKernel> {
    this.requests++;
    const key = keyOf(kernel);
    this.edited.delete(key); // now it is to be kept
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    this.compilations++;
    const entry = Promise.race([this.compile(kernel, label), this.lost]).catch((error: unknown) => {
      this.failures++;
      this.entries.delete(key);
      this.edited.delete(key);
      throw error;
    });
    this.entries.set(key, entry);
    return entry;
  }

  /** `get` of an edited kernel: only the newest of these are kept. */
  getEdited(kernel: SpecializedKernel, label: string): Promise<CompiledKernel> {
    const key = keyOf(kernel);
    const kept = this.entries.has(key) && !this.edited.has(key); // it is one of the others
    const compiled = this.get(kernel, label);
    if (kept) return compiled;
    this.edited.add(key);
    if (this.edited.size > MOST_EDITED) {
      const [oldest] = this.edited;
      this.edited.delete(oldest);
      this.entries.delete(oldest);
    }
    return compiled;
  }

  /**
   * Compiles all kernels at the same time and calls `onProgress` for each one that is ready. Rejects with the first failure.
   */
  async compileAll(
    list: readonly { readonly kernel: SpecializedKernel; readonly label: string }[],
    onProgress?: (done: number, total: number, label: string) => void,
  ): Promise<CompiledKernel[]> {
    let done = 0;
    const isReady = (label: string) => onProgress?.(++done, list.length, label);
    const waiting = new Map<CompiledKernel, string[]>();
    const compiled = await Promise.all(
      list.map(async ({ kernel, label }) => {
        const pipeline = await this.get(kernel, label);
        if (!this.warmUps || this.warm.has(pipeline)) isReady(label);
        else waiting.set(pipeline, [...(waiting.get(pipeline) ?? []), label]);
        return pipeline;
      }),
    );
    const cold = [...waiting].map(([pipeline, [label]]): Labelled => ({ pipeline, label }));
    const onWarm = ({ pipeline }: Labelled) => {
      this.warm.add(pipeline);
      for (const label of waiting.get(pipeline)!) isReady(label);
    };
    if (cold.length === 0) return compiled;
    const { warmUp } = await part('The script that warms up pipelines', () => import('./warmUp.ts'));
    await warmUp(this.device, cold, onWarm, this.warmUps?.openHelper);
    return compiled;
  }

  private async compile(kernel: SpecializedKernel, label: string): Promise<CompiledKernel> {
    const { device } = this;
    checkLimits(kernel, label, device);
    device.pushErrorScope('validation');
    let created: ReturnType<typeof createPipeline> | undefined;
    let thrown: unknown;
    try {
      created = createPipeline(device, kernel, label);
    } catch (error) {
      thrown = error;
    }
    const scope = device.popErrorScope();
    scope.catch(() => {}); // it may be rejected before anything awaits it
    try {
      if (!created) throw thrown;
      const pipeline = await created.pipeline;
      await scope;
      return { pipeline, bindGroupLayout: created.bindGroupLayout, kernel };
    } catch (cause) {
      // Of a loss, wgpu tells one turn of the event loop later: that decides the race in `get`.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const [info, error] = await Promise.all([
        created?.module.getCompilationInfo(),
        scope.catch(() => null),
      ]);
      const { annotate } = await part(
        'The script that explains errors in kernels',
        () => import('./annotate.ts'),
      );
      const found = (info?.messages ?? [])
        .filter(({ type }) => type === 'error')
        .map((message) => annotate(kernel, message));
      const listings = found.map(({ listing }) => listing).join('\n');
      const problem = listings || `${error?.message ?? (cause as Error).message}\n`;
      throw new KernelError(`Kernel ${kernel.name} does not compile (pipeline "${label}"):\n${problem}`, {
        cause,
        messages: found.map(({ message }) => message),
      });
    }
  }
}

/** Kernels of the same code may have to fit different bind groups. */
const keyOf = ({ code, bindings }: SpecializedKernel): string =>
  `${bindings.map(({ binding, access }) => `${binding} ${access}`).join()}\n${code}`;

/** Compares what a kernel needs with what the device allows, to fail with names and numbers before Dawn does. */
export function checkLimits(kernel: SpecializedKernel, label: string, { limits, features }: GPUDevice): void {
  const missing = kernel.features.filter((feature) => !features.has(feature));
  if (missing.length > 0) {
    throw new LimitError(
      `Kernel ${kernel.name} (pipeline "${label}") needs the feature ${missing.join(', ')}, which this device does not ` +
        'have; choose another variant, or request a device with it.',
    );
  }
  const uniforms = kernel.bindings.filter(({ access }) => access === 'uniform').length;
  const [x, y, z] = kernel.workgroupSize;
  const tile = 'choose a smaller tile or workgroup';
  const needs: [value: number, limit: keyof GPUSupportedLimits, what: string, fix: string][] = [
    [x, 'maxComputeWorkgroupSizeX', 'invocations along x in a workgroup', tile],
    [y, 'maxComputeWorkgroupSizeY', 'invocations along y in a workgroup', tile],
    [z, 'maxComputeWorkgroupSizeZ', 'invocations along z in a workgroup', tile],
    [x * y * z, 'maxComputeInvocationsPerWorkgroup', 'invocations in a workgroup', tile],
    [kernel.workgroupBytes, 'maxComputeWorkgroupStorageSize', 'bytes of workgroup memory', tile],
    [
      kernel.bindings.length - uniforms,
      'maxStorageBuffersPerShaderStage',
      'storage buffers',
      'fuse fewer inputs',
    ],
    [uniforms, 'maxUniformBuffersPerShaderStage', 'uniform buffers', 'bind fewer'],
  ];
  for (const [value, limit, what, fix] of needs) {
    const allowed = limits[limit] as number;
    if (value <= allowed) continue;
    throw new LimitError(
      `Kernel ${kernel.name} (pipeline "${label}") needs ${value} ${what}, but this device allows ${allowed} ` +
        `(${limit}); ${fix}, or request a device with a higher limit.`,
    );
  }
}
