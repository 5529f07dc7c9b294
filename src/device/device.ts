import type { WarmUps } from '../kernels/pipelineCache.ts';
import { DeviceLostError, GpuError, LimitError, WgradError } from '../errors.ts';
import { Commands } from './commands.ts';
import { subgroupMatricesOf } from './subgroupMatrix.ts';

const SOFTWARE = /llvmpipe|lavapipe|swiftshader|softpipe|basic render|warp/i;

/**
 * A WebGPU device with what the engine needs around it: a readable name, error scopes, the device's loss as a typed
 * error, labelled buffers whose limits are checked and which are counted.
 */
export class Device {
  readonly gpu: GPUDevice;
  readonly adapterInfo: GPUAdapterInfo;
  /** "NVIDIA H200", "llvmpipe (LLVM 19.1.4, 256 bits)", … */
  readonly description: string;
  /** True for a software adapter, which computes on the CPU: kernels without workgroup memory are then chosen. */
  readonly software: boolean;
  readonly features: ReadonlySet<string>;
  readonly limits: GPUSupportedLimits;
  /** Invocations of every subgroup; undefined where their number varies, or kernels may not use subgroup functions. */
  readonly subgroupSize: number | undefined;
  /** The matrices that its matrix units multiply, with sums in f32; undefined where kernels may not use them. */
  readonly subgroupMatrices: ReturnType<typeof subgroupMatricesOf>;
  /** Rejects when the device is lost, never resolves. Wait with `race`, which also rejects then. */
  readonly lost: Promise<never>;
  /** Buffers created through this device and not destroyed yet. */
  liveBuffers = 0;

  #lost: DeviceLostError | undefined;
  #destroyed = false;
  #uncaptured: Error | undefined;
  /** Functions that undo what the current `scoped` work has made. */
  #undo: (() => void)[] | undefined;
  readonly #commands: Commands;
  /** Callbacks of those who wait for the GPU, called when it is lost. */
  readonly #waiting = new Set<(reason: Error) => void>();
  readonly #owned: boolean;
  /** Whether pipelines have to be warmed up, and who helps. */
  readonly warmUps: WarmUps | undefined;

  constructor(
    gpu: GPUDevice,
    info: GPUAdapterInfo,
    options: { owned: boolean; software?: boolean; warmUps?: WarmUps },
  ) {
    this.warmUps = options.warmUps;
    this.gpu = gpu;
    this.adapterInfo = info;
    this.#owned = options.owned;
    this.features = gpu.features as ReadonlySet<string>;
    this.limits = gpu.limits;
    const { subgroupMinSize, subgroupMaxSize } = info;
    const fixed = this.features.has('subgroups') && subgroupMinSize === subgroupMaxSize;
    this.subgroupSize = fixed ? subgroupMinSize : undefined;
    this.subgroupMatrices = subgroupMatricesOf(info, this.features);
    this.description =
      info.description ||
      info.device ||
      [info.vendor, info.architecture].filter(Boolean).join(' ') ||
      'unnamed adapter';
    this.software =
      options.software ??
      (info.isFallbackAdapter || SOFTWARE.test(`${this.description} ${info.architecture}`));
    this.lost = gpu.lost.then(({ reason, message }) => {
      throw this.#lose(reason, message);
    });
    this.lost.catch(() => {}); // handled by `race`
    this.#commands = new Commands(
      gpu,
      (label, call) => this.attempt(label, call),
      (error) => (this.#uncaptured ??= error),
    );
    gpu.addEventListener('uncapturederror', this.#onUncaptured);
  }

  readonly #onUncaptured = (event: Event): void => {
    const { error } = event as GPUUncapturedErrorEvent;
    this.#uncaptured ??= new GpuError(`The GPU reported an error outside any check: ${error.message}`);
  };

  /** Records the loss and calls those who wait. */
  #lose(reason: string, message: string): DeviceLostError {
    this.#lost ??= new DeviceLostError(
      `The GPU device was lost (${reason}): ${message || 'no message'}. Call init() again and load the last saved weights.`,
      reason,
    );
    for (const reject of this.#waiting) reject(this.#lost);
    return this.#lost;
  }

  /** Calls back when the device is lost, at once if it is already; returns a function that ends this. */
  onLost(called: (reason: Error) => void): () => void {
    if (this.#lost) called(this.#lost);
    this.#waiting.add(called);
    return () => void this.#waiting.delete(called);
  }

  /** Whether the device is lost, or was destroyed. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Whether `destroy` was called: the loss was intended. */
  get isDestroyed(): boolean {
    return this.#destroyed;
  }

  /**
   * Throws what the GPU objected to outside of `scoped`, once: work continues after it. The loss of the
   * device is thrown every time.
   */
  check(): void {
    const error = this.#lost ?? this.#uncaptured;
    this.#uncaptured = undefined;
    if (error) throw error;
  }

  /**
   * Waits one turn of the event loop, then checks. Some implementations (wgpu) answer an error scope at once, and tell
   * of a loss or of an error outside of any scope that came before it only in the next turn.
   */
  async settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.check();
  }

  /**
   * `promise`, or the device's loss, whichever comes first. What the GPU rejects becomes a typed error.
   * Not Promise.race, which keeps memory for every call as long as the device lives.
   */
  async race<T>(promise: Promise<T>): Promise<T> {
    try {
      return await this.untilLost(promise);
    } catch (error) {
      if (error instanceof WgradError) throw error;
      await this.settle(); // work that a loss interrupts may fail before the loss is reported
      throw new GpuError(`The GPU could not finish its work: ${(error as Error).message}`, { cause: error });
    }
  }

  /** `race` for work that does not depend on the GPU alone: it is rejected with the work's own error. */
  async untilLost<T>(promise: Promise<T>): Promise<T> {
    let forget: (() => void) | undefined;
    const loss = new Promise<never>((_, reject) => (forget = this.onLost(reject)));
    try {
      return await Promise.race([promise, loss]);
    } finally {
      forget!();
    }
  }

  /**
   * Runs `create` inside error scopes: an error that the GPU reports becomes a typed error. All or nothing: if it fails,
   * the buffers that it has made are destroyed, and the functions given to `onFailure` are called.
   *
   * @param undo what has been made for the same purpose before, which goes with the rest; what is made is added
   */
  async scoped<T>(what: string, create: () => T, undo: (() => void)[] = []): Promise<T> {
    this.check();
    const outer = this.#undo;
    this.#undo = undo;
    this.gpu.pushErrorScope('out-of-memory');
    this.gpu.pushErrorScope('validation');
    let result: T | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      result = create();
    } catch (error) {
      failure = { error };
    }
    this.#undo = outer;
    // No await in between: scopes are a stack, which other compilations at the same time share.
    const scopes = [this.gpu.popErrorScope(), this.gpu.popErrorScope()];
    try {
      if (failure) {
        Promise.all(scopes).catch(() => {}); // their errors are consequences of it
        throw failure.error;
      }
      const [validation, memory] = await this.race(Promise.all(scopes));
      if (validation || memory) await this.settle(); // the cause may be an earlier error, outside of any scope
      if (validation) throw new GpuError(`${what}: ${validation.message}`);
      if (memory)
        throw new GpuError(`${what}: out of GPU memory (${memory.message}); use a smaller batch or model`);
      return result as T;
    } catch (error) {
      for (const takeBack of undo.toReversed()) takeBack();
      throw error;
    }
  }

  /** Inside of `scoped`: what else to take back should it fail. Outside of it nothing. */
  onFailure(takeBack: () => void): void {
    this.#undo?.push(takeBack);
  }

  /** Calls the GPU: what it throws becomes a typed error. Never after the loss: a caller's own device remains usable without this session. */
  attempt<T>(what: string, call: () => T): T {
    if (this.#lost) throw this.#lost;
    try {
      return call();
    } catch (error) {
      if (error instanceof WgradError) throw error;
      this.check();
      throw new GpuError(`${what}: ${(error as Error).message}`, { cause: error });
    }
  }

  /** Encodes commands and submits them, behind those that are held, in the same submit. */
  submit(label: string, encode: (encoder: GPUCommandEncoder) => void): void {
    this.#commands.submit(label, encode);
  }

  /**
   * Encodes commands that may wait for others. They are submitted with the next `submit`, before the next `write`, before
   * a buffer is destroyed, with `flush`, or by themselves in the next turn of the event loop.
   */
  hold(label: string, encode: (encoder: GPUCommandEncoder) => void): void {
    this.#commands.hold(label, encode);
  }

  /** Submits the commands that are held. */
  flush(): void {
    this.#commands.flush();
  }

  createBuffer(label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    const { maxBufferSize } = this.limits;
    if (size > maxBufferSize) {
      throw new LimitError(
        `${label}: needs a buffer of ${size} bytes, but this device allows ${maxBufferSize}; use a smaller batch, or a device with a higher maxBufferSize`,
      );
    }
    const whole = Math.max(16, Math.ceil(size / 4) * 4);
    const buffer = this.attempt(label, () => this.gpu.createBuffer({ label, size: whole, usage }));
    this.liveBuffers++;
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      this.#commands.flushUnheard(); // commands that are held may use the buffer
      this.liveBuffers--;
      buffer.destroy = destroy; // a second call must not count again
      return destroy();
    };
    this.onFailure(() => buffer.destroy());
    return buffer;
  }

  /** Uploads an array, or `bytes` bytes of it from `from` on; nothing where there are none, which some implementations refuse. */
  write(
    buffer: GPUBuffer,
    offset: number,
    data: ArrayBufferView,
    from = 0,
    bytes = data.byteLength - from,
  ): void {
    if (bytes === 0) return;
    this.flush();
    const { buffer: source, byteOffset } = data;
    this.attempt(`writing to ${buffer.label}`, () =>
      this.gpu.queue.writeBuffer(buffer, offset, source as ArrayBuffer, byteOffset + from, bytes),
    );
  }

  /** Copies `bytes` bytes of a buffer to the CPU: for results, never inside a training step. */
  async read(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const [data] = await this.readAll([{ buffer: source, offset, bytes }]);
    return data;
  }

  /** `read` of several places as they are at the same moment, in one submit. */
  async readAll(
    places: readonly { readonly buffer: GPUBuffer; readonly offset: number; readonly bytes: number }[],
  ): Promise<ArrayBuffer[]> {
    const sizes = places.map(({ bytes }) => Math.ceil(bytes / 4) * 4);
    const staging: GPUBuffer[] = [];
    try {
      const mapped = await this.scoped('readback', () => {
        const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
        staging.push(...sizes.map((size) => this.createBuffer('readback', size, usage)));
        this.submit('readback', (encoder) =>
          places.forEach(({ buffer, offset }, i) =>
            encoder.copyBufferToBuffer(buffer, offset, staging[i], 0, sizes[i]),
          ),
        );
        const maps = this.attempt('readback', () =>
          staging.map((buffer, i) => buffer.mapAsync(GPUMapMode.READ, 0, sizes[i])),
        );
        const all = Promise.all(maps);
        all.catch(() => {}); // handled below, unless the scope has already thrown
        return { all };
      });
      await this.race(mapped.all);
      this.check();
      return places.map(({ bytes }, i) => staging[i].getMappedRange(0, sizes[i]).slice(0, bytes));
    } finally {
      for (const buffer of staging) buffer.destroy();
    }
  }

  /** Ends all work on the device and frees it. The caller's own device stays, and is lost only for this session. */
  destroy(): void {
    this.#destroyed = true;
    this.#commands.drop();
    this.#lose('destroyed', 'the session was destroyed');
    this.gpu.removeEventListener('uncapturederror', this.#onUncaptured);
    if (this.#owned) this.gpu.destroy();
  }
}
