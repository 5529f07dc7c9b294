import type { Device } from '../../device/device.ts';
import { InterruptedError } from '../../errors.ts';

/**
 * The time in which something is usable: from `compile` to the next one, to `destroy`, or to the loss of the GPU. Work under way asks it
 * after each wait, and so ends with an error that says what happened, before it touches memory that is gone.
 */
export class Lifetime {
  readonly #controller = new AbortController();

  /** Aborted when the lifetime is over; its reason is an InterruptedError or a DeviceLostError. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param what has ended it: `model: was destroyed`, or an error */
  end(what: string | Error): void {
    this.#controller.abort(typeof what === 'string' ? new InterruptedError(what) : what);
  }

  /** Ends with the device, too, where that is lost. */
  endWith(device: Device): void {
    const forget = device.onLost((reason) => this.end(reason));
    this.signal.addEventListener('abort', forget);
  }

  /** Throws an InterruptedError or a DeviceLostError where the lifetime is over. */
  check(): void {
    this.signal.throwIfAborted();
  }

  /** `work`, or the end of the lifetime, whichever comes first. */
  async race<T>(work: PromiseLike<T> | T): Promise<T> {
    let onEnd: (() => void) | undefined;
    const ended = new Promise<never>((_, reject) => {
      onEnd = () => reject(this.signal.reason);
      if (this.signal.aborted) onEnd();
      this.signal.addEventListener('abort', onEnd);
    });
    try {
      return await Promise.race([ended, work]);
    } finally {
      this.signal.removeEventListener('abort', onEnd!);
    }
  }

  /** `race` for work that makes something: what comes too late is freed. */
  async make<T>(work: Promise<T>, free: (made: T) => void): Promise<T> {
    try {
      return await this.race(work);
    } catch (error) {
      work.then(free, () => {}); // its failure is the error, or comes too late
      throw error;
    }
  }
}
