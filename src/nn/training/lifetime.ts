import { InterruptedError } from '../../errors.ts';

/**
 * The time in which something is usable: from `compile` to the next one, or to `destroy`. Work under way asks it
 * after each wait, and so ends with an error that says what happened, before it touches memory that is gone.
 */
export class Lifetime {
  readonly #controller = new AbortController();

  /** Aborted, with an InterruptedError as the reason, when the lifetime is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param what has ended it: `model: was destroyed` */
  end(what: string): void {
    this.#controller.abort(new InterruptedError(what));
  }

  /** Throws an InterruptedError where the lifetime is over. */
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
