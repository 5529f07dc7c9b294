import type { Device } from '../../device/device.ts';
import { InterruptedError } from '../../errors.ts';

/**
 * The time in which something is usable: from `compile` to the next one, to `destroy`, or to the loss of the GPU. Running
 * work checks it after each wait, and so ends with an error that says what happened, before it uses memory that was freed.
 */
export class Lifetime {
  readonly #controller = new AbortController();
  /**
   * Functions to call when it ends. They are not listeners of the signal: Node reports more than ten as a leak, and many may
   * wait at a time.
   */
  readonly #waiting = new Set<(reason: unknown) => void>();

  /** Aborted when the lifetime is over; its reason is an InterruptedError or a DeviceLostError. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param what has ended it: `model: was destroyed`, or an error */
  end(what: string | Error): void {
    this.#controller.abort(typeof what === 'string' ? new InterruptedError(what) : what);
    for (const tell of this.#waiting) tell(this.signal.reason);
    this.#waiting.clear();
  }

  /** Ends with the device, too, where that is lost. */
  endWith(device: Device): void {
    this.#waiting.add(device.onLost((reason) => this.end(reason)));
  }

  /** Throws an InterruptedError or a DeviceLostError where the lifetime is over. */
  check(): void {
    this.signal.throwIfAborted();
  }

  /** `work`, or the end of the lifetime, whichever comes first. */
  async race<T>(work: PromiseLike<T> | T): Promise<T> {
    let tell: (reason: unknown) => void;
    const ended = new Promise<never>((_, reject) => (tell = reject));
    if (this.signal.aborted) tell!(this.signal.reason);
    else this.#waiting.add(tell!);
    try {
      return await Promise.race([ended, work]);
    } finally {
      this.#waiting.delete(tell!);
    }
  }

  /** `race` for work that creates something: a result that comes too late is freed. */
  async make<T>(work: Promise<T>, free: (made: T) => void): Promise<T> {
    try {
      return await this.race(work);
    } catch (error) {
      work.then(free, () => {}); // its failure is reported already, or comes too late
      throw error;
    }
  }
}
