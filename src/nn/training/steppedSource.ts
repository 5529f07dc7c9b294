import type { StreamOrigin } from '../../data/permutation.ts';
import type { Dataset } from '../../data/types.ts';
import type { DeviceDataset } from '../../runtime/deviceDataset.ts';
import type { Program } from '../../runtime/program.ts';
import type { DataPosition } from './clock.ts';
import type { BatchSource, NextBatch } from './source.ts';

/**
 * Epochs of a number of steps, whatever the size of the data: an epoch continues where the one before it ended, and after the
 * last sample with the first.
 */
export class SteppedSource implements BatchSource {
  /** Batches of several sizes may come together in an epoch in many ways. */
  readonly size = undefined;
  readonly #inner: BatchSource;
  readonly #steps: number;
  #position: DataPosition | undefined;

  /** @param steps of an epoch */
  constructor(inner: BatchSource, steps: number) {
    this.#inner = inner;
    this.#steps = steps;
  }

  get shuffled(): boolean {
    return this.#inner.shuffled;
  }

  get rest(): number | undefined {
    return this.#inner.rest;
  }

  get position(): DataPosition | undefined {
    return this.#position;
  }

  moveTo(position: DataPosition): void {
    this.#position = position;
  }

  /** Where the data are: without a position at the beginning of an epoch, as it was without a number of steps. */
  #at({ epoch, place }: StreamOrigin): DataPosition {
    return (this.#position ??= { pass: epoch, place, steps: 0 });
  }

  #origin(clock: StreamOrigin): StreamOrigin {
    const { pass, place } = this.#at(clock);
    return { step: clock.step, epoch: pass, place };
  }

  example(clock: StreamOrigin): Dataset | Promise<Dataset> {
    return this.#inner.example(this.#origin(clock));
  }

  data(rows: number): DeviceDataset {
    return this.#inner.data(rows);
  }

  release(data: DeviceDataset): void {
    this.#inner.release(data);
  }

  async next(clock: StreamOrigin): Promise<NextBatch | undefined> {
    let next = await this.#inner.next(this.#origin(clock));
    if (!next) {
      const { pass, steps } = this.#at(clock);
      this.#position = { pass: pass + 1, place: 0, steps };
      next = await this.#inner.next(this.#origin(clock));
    }
    return next && { rows: next.rows, last: this.#at(clock).steps + 1 >= this.#steps };
  }

  ready(program: Program, data: DeviceDataset, clock: StreamOrigin, seed: number, rows: number): void {
    this.#inner.ready(program, data, this.#origin(clock), seed, rows);
    const { pass, place, steps } = this.#at(clock);
    this.#position = { pass, place: place + rows, steps: (steps + 1) % this.#steps };
  }

  destroy(): void | Promise<void> {
    return this.#inner.destroy();
  }
}
