import type { Device } from '../device/device.ts';
import type { StepGuard } from './guard.ts';
import { RING_SLOTS } from './ring.ts';
import type { MetricRing, RingEntry } from './ring.ts';

/** Values are read back at most this often: often enough for a chart, seldom enough to cost nothing. */
const READ_INTERVAL_MS = 100;

/** Reads a ring while training goes on: from time to time, and always before an entry is overwritten. */
export class RingReader {
  readonly #ring: MetricRing;
  readonly #receive: (entries: readonly RingEntry[]) => void | Promise<void>;
  readonly #guard: StepGuard | undefined;
  readonly #reads: Promise<void>[] = [];
  /** The first step's values come at once. */
  #lastRead = -Infinity;
  #failure: unknown;

  /**
   * @param receive gets the entries in order; what it throws ends the training
   * @param guard of the steps, if they train: the entry of a step that was not made has its fault, and is the last
   */
  constructor(
    ring: MetricRing,
    receive: (entries: readonly RingEntry[]) => void | Promise<void>,
    guard?: StepGuard,
  ) {
    this.#ring = ring;
    this.#receive = receive;
    this.#guard = guard;
  }

  /**
   * Call it before the submit of the step after which `next` steps are done.
   *
   * @param must read now, whatever the clock says
   * @returns a read to encode at the end of that submit and then to `start`; undefined where none is due
   */
  async prepare(next: number, must = false): Promise<ReturnType<MetricRing['beginRead']>> {
    const urgent = must || this.#ring.pending(next) >= RING_SLOTS / 2;
    if (!urgent && performance.now() - this.#lastRead <= READ_INTERVAL_MS) return undefined;
    const read = this.#ring.beginRead(next, this.#guard);
    if (read || !urgent) return read;
    await this.settle(); // frees the staging buffers
    return this.#ring.beginRead(next, this.#guard);
  }

  /** Call it with what `prepare` gave, after the submit. */
  start(read: ReturnType<MetricRing['beginRead']>): void {
    if (!read) return;
    this.#lastRead = performance.now();
    // Stored rather than rejected: nothing may be waiting for it yet.
    const done = read.read().then(this.#receive);
    this.#reads.push(done.catch((error: unknown) => void (this.#failure ??= error)));
  }

  /** Throws what went wrong in a read or in `receive`. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Has `check` throw. */
  fail(error: unknown): void {
    this.#failure ??= error;
  }

  /** Continues after what `check` throws. */
  forgetFailure(): void {
    this.#failure = undefined;
  }

  /** Waits for the reads under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#reads.splice(0));
    this.check();
  }

  /** Reads what is left after `submitted` steps. */
  async finish(device: Device, submitted: number): Promise<void> {
    await this.settle();
    const rest = this.#ring.pending(submitted) > 0 ? this.#ring.beginRead(submitted, this.#guard) : undefined;
    if (!rest) return;
    device.submit('metric ring', (encoder) => rest.encode(encoder));
    this.start(rest);
    await this.settle();
    device.check(); // no step follows that would
  }
}
