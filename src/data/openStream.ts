import { ArgumentError } from '../errors.ts';
import { describe } from '../options.ts';
import type { Dataset } from './types.ts';

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

/** One pass over the batches of a stream: a few are fetched ahead, one at a time and in order. */
export class OpenStream {
  readonly #start: () => Promise<AnyIterator>;
  readonly #check: (value: unknown, place: number) => Dataset;
  readonly #prefetch: number;
  readonly #name: string;
  #iterator: AnyIterator | undefined;
  /** Batches that have been fetched and not taken yet; undefined at the end. */
  readonly #ahead: Promise<Dataset | undefined>[] = [];
  #last: Promise<Dataset | undefined> | undefined;
  #fetched = 0;
  #busy = 0;
  #over = false;

  /**
   * @param start makes the iterator
   * @param check makes a data set of what it gives; `place` counts from 0
   * @param prefetch batches to hold besides the one that was taken last
   * @param name for messages
   */
  constructor(
    start: () => Promise<AnyIterator>,
    check: (value: unknown, place: number) => Dataset,
    prefetch: number,
    name: string,
  ) {
    this.#name = name;
    this.#start = start;
    this.#check = check;
    this.#prefetch = prefetch;
    this.#fill();
  }

  /** The next batch; undefined at the end. */
  peek(): Promise<Dataset | undefined> {
    return this.#ahead[0];
  }

  /** Leaves the next batch behind. */
  shift(): void {
    this.#ahead.shift();
    this.#fill();
  }

  /** Whether it ends here. An error of the next batch is thrown when that batch is taken. */
  async ends(): Promise<boolean> {
    try {
      return (await this.peek()) === undefined;
    } catch {
      return false;
    }
  }

  #fill(): void {
    while (this.#ahead.length < this.#prefetch) {
      const before = this.#last;
      this.#last = this.#fetch(before);
      this.#last.catch(() => {}); // thrown when the batch is taken
      this.#ahead.push(this.#last);
    }
  }

  async #fetch(before: Promise<Dataset | undefined> | undefined): Promise<Dataset | undefined> {
    this.#busy++;
    try {
      if (before) await before; // after one failure all later calls fail, too
      if (this.#over) return undefined;
      this.#iterator ??= await this.#start();
      if (this.#over) return undefined; // closed meanwhile
      // A yielded promise is awaited, as `for await` does.
      const next: unknown = await this.#iterator.next();
      if (typeof next !== 'object' || next === null) {
        throw new ArgumentError(
          `stream '${this.#name}': next() of its iterator gave ${describe(next)}; it must give { value, done }, as a generator's does`,
        );
      }
      const { done, value } = next as IteratorResult<unknown>;
      if (done) this.#over = true;
      if (this.#over) return undefined;
      return this.#check(await value, this.#fetched++);
    } finally {
      this.#busy--;
    }
  }

  /**
   * Ends the pass: the iterator's `return` is called, so that a generator's `finally` runs. Settles when it has run,
   * unless a batch is being fetched now, which may take any time.
   */
  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const iterator = this.#iterator;
    if (this.#busy === 0) {
      await iterator?.return?.();
      return;
    }
    // A generator runs its `finally` after it has given the batch; one that is not made yet is never called.
    try {
      Promise.resolve(iterator?.return?.()).catch(() => {});
    } catch {
      // its own error, after another one or an abort
    }
  }
}

/** @throws ArgumentError that a stream has no batch at all */
export function emptyStream(name: string, epoch: number): ArgumentError {
  return new ArgumentError(
    `stream '${name}': gave no batch in epoch ${epoch}; a generator or reader runs only once, so pass a function that makes a new one for each epoch, streamed((epoch) => …)`,
  );
}
