type Encode = (encoder: GPUCommandEncoder) => void;

/** Commands on their way to a device's queue: short ones may be held until others come, to share a submit with them. */
export class Commands {
  readonly #gpu: GPUDevice;
  readonly #attempt: <T>(label: string, call: () => T) => T;
  readonly #onError: (error: Error) => void;
  #held: GPUCommandBuffer[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param attempt calls the GPU, and makes what it throws a typed error
   * @param onError called with errors that no caller can receive
   */
  constructor(
    gpu: GPUDevice,
    attempt: <T>(label: string, call: () => T) => T,
    onError: (error: Error) => void,
  ) {
    this.#gpu = gpu;
    this.#attempt = attempt;
    this.#onError = onError;
  }

  submit(label: string, encode: Encode): void {
    this.#encode(label, encode);
    this.flush();
  }

  hold(label: string, encode: Encode): void {
    this.#encode(label, encode);
    this.#timer ??= setTimeout(() => this.flushUnheard(), 0);
  }

  /** Each call has an encoder of its own: where `encode` throws, only its own commands are lost. */
  #encode(label: string, encode: Encode): void {
    this.#attempt(label, () => {
      const encoder = this.#gpu.createCommandEncoder({ label });
      encode(encoder);
      this.#held.push(encoder.finish({ label }));
    });
  }

  flush(): void {
    const held = this.#held;
    this.drop();
    if (held.length > 0) this.#attempt(held.at(-1)!.label, () => this.#gpu.queue.submit(held));
  }

  /** `flush` where no caller waits for its errors. */
  flushUnheard(): void {
    try {
      this.flush();
    } catch (error) {
      this.#onError(error as Error);
    }
  }

  /** Forgets the commands that are held. */
  drop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#held = [];
  }
}
