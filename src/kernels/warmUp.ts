import { createPipeline } from './pipeline.ts';
import type { CompiledKernel } from './pipeline.ts';

/** A pipeline, and the name of the dispatch that it is for. */
export interface Labelled {
  readonly pipeline: CompiledKernel;
  readonly label: string;
}

/** Opens a second device of the same driver; undefined where there is none. */
export type OpenHelper = () => Promise<GPUDevice | undefined>;

/** With a cache that has all the code, the whole warm-up takes less time, so no helper is needed. */
const HELPER_AFTER_MS = 100;
/** Warm-ups that one device has under way: the next one runs while the end of the last has not been noticed yet. */
const LANES = 2;
/** Bytes bound to each variable. Kernels that declare more for a uniform buffer are left to their first dispatch. */
const BINDING_BYTES = 65536;

/**
 * Drivers that emulate the GPU on the CPU (lavapipe) generate machine code at a pipeline's first dispatch, one after
 * another: `createComputePipelineAsync` resolves before the pipeline is really ready. Here each pipeline is dispatched
 * once with no workgroups, a number read from an indirect buffer so that no driver can skip the call.
 *
 * A helper, a second device of the same driver, takes half of the kernels where it gets there first. The driver keeps
 * the code in its cache on disk, where the device finds it at once.
 *
 * @param compiled pipelines of distinct code
 * @param onWarm called for each that is ready
 * @param openHelper opens the helper, which is destroyed in the end; default: there is none
 */
export async function warmUp(
  device: GPUDevice,
  compiled: readonly Labelled[],
  onWarm: (warm: Labelled) => void,
  openHelper?: OpenHelper,
): Promise<void> {
  // The longest first: then the devices are done at about the same time.
  const queue = compiled.toSorted((a, b) => b.pipeline.kernel.code.length - a.pipeline.kernel.code.length);
  const bench = new Bench(device);
  let other: GPUDevice | undefined;
  const lane = async () => {
    for (let own = queue.shift(); own; own = queue.shift()) {
      await bench.dispatch(own.pipeline);
      onWarm(own);
    }
  };
  /** Without the helper it only takes longer. */
  const helperLane = async (all: Promise<unknown>) => {
    if (!openHelper || queue.length === 0) return;
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, HELPER_AFTER_MS))]);
    if (queue.length === 0) return;
    other = await openHelper().catch(() => undefined);
    if (!other) return;
    const second = new Bench(other);
    const loading: Promise<void>[] = [];
    for (let own = queue.shift(); own; own = queue.shift()) {
      const { pipeline, label } = own;
      const created = createPipeline(other, pipeline.kernel, label);
      const compiling = created.pipeline.then((twin) =>
        second.dispatch({ ...pipeline, bindGroupLayout: created.bindGroupLayout, pipeline: twin }),
      );
      await compiling.catch(() => {});
      const load = bench.dispatch(pipeline).then(() => onWarm({ pipeline, label }));
      load.catch(() => {}); // it may be rejected while the next one compiles, and is waited for below
      loading.push(load);
    }
    await Promise.all(loading);
  };
  const lanes = Array.from({ length: LANES }, lane);
  const all = Promise.all(lanes);
  const helping = helperLane(all);
  try {
    await Promise.all([all, helping]);
  } finally {
    queue.length = 0; // after a failure nothing else is begun
    await Promise.allSettled([...lanes, helping]);
    bench.destroy();
    other?.destroy();
  }
}

/** Dispatches pipelines of a device with no workgroups, on buffers that are never read. */
class Bench {
  readonly #device: GPUDevice;
  readonly #read: GPUBuffer;
  readonly #written: GPUBuffer;
  readonly #nothing: GPUBuffer;

  constructor(device: GPUDevice) {
    this.#device = device;
    const create = (usage: GPUBufferUsageFlags, size: number) =>
      device.createBuffer({ label: 'warm-up', usage, size });
    this.#read = create(GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM, BINDING_BYTES);
    // No two variables may write to the same place.
    this.#written = create(
      GPUBufferUsage.STORAGE,
      BINDING_BYTES * device.limits.maxStorageBuffersPerShaderStage,
    );
    this.#nothing = create(GPUBufferUsage.INDIRECT, 16); // 0 × 0 × 0 workgroups
  }

  /** Settles when the driver has run it. Its errors are ignored, because the pipeline's own dispatch will report them. */
  async dispatch({ pipeline, bindGroupLayout: layout, kernel }: CompiledKernel): Promise<void> {
    const device = this.#device;
    device.pushErrorScope('validation');
    const entries = kernel.bindings.map(({ binding, access }, i) => {
      const [buffer, offset] = access === 'read_write' ? [this.#written, i * BINDING_BYTES] : [this.#read, 0];
      return { binding, resource: { buffer, offset, size: BINDING_BYTES } };
    });
    const bindGroup = device.createBindGroup({ label: 'warm-up', layout, entries });
    const encoder = device.createCommandEncoder({ label: 'warm-up' });
    const pass = encoder.beginComputePass({ label: 'warm-up' });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroupsIndirect(this.#nothing, 0);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await Promise.all([device.popErrorScope(), device.queue.onSubmittedWorkDone()]);
  }

  destroy(): void {
    for (const buffer of [this.#read, this.#written, this.#nothing]) buffer.destroy();
  }
}
