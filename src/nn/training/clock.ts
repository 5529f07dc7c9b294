import type { StreamOrigin } from '../../data/permutation.ts';

/** How far training has come, in steps, epochs and samples: a run continues from it, whatever its batch size. */
export class Clock {
  /** Training steps done. */
  step = 0;
  /** Epochs done: passes over all samples of a data set. */
  epoch = 0;
  /** Samples of the next epoch that are done already: above 0 where training ended in the middle of it. */
  place = 0;

  /** Counts a step on `rows` samples. */
  advance(rows: number): void {
    this.step++;
    this.place += rows;
  }

  /** Begins the next epoch. */
  endEpoch(): void {
    this.epoch++;
    this.place = 0;
  }

  /** Sets all counters: to start over, or to resume. */
  set({ step, epoch, place }: StreamOrigin): void {
    this.step = step;
    this.epoch = epoch;
    this.place = place;
  }
}

/** Where the data are, if an epoch is not a pass over them (`stepsPerEpoch`). */
export interface DataPosition {
  /** Number of the pass over the data. */
  readonly pass: number;
  /** Samples of it that were taken. */
  readonly place: number;
  /** Steps of the current epoch that were made. */
  readonly steps: number;
}

/** What becomes of the last batch of an epoch, where the batch size does not divide the number of samples. */
export type LastBatch = 'keep' | 'drop';

/**
 * Samples of the batch that begins at `place` of an epoch over `size` samples; 0 where the epoch is over. The last batch
 * is the smaller rest, as in Keras, or is left out.
 */
export function rowsAt(place: number, size: number, batchSize: number, lastBatch: LastBatch): number {
  const rows = Math.max(0, Math.min(batchSize, size - place));
  return lastBatch === 'drop' && rows < batchSize ? 0 : rows;
}

/** How long a run is: a number of epochs, which may end in a part of one, or of steps. */
export interface Length {
  readonly epochs?: number;
  /** The epoch from which `epochs` are counted, where that is not the first one of the run. */
  readonly initialEpoch?: number;
  readonly steps?: number;
}

/**
 * Whether a run is over.
 *
 * @param clock as it is now
 * @param start the clock from which the length counts
 * @param size samples of an epoch; where it is unknown (a stream), a part of an epoch counts as none
 */
export function isOver(
  clock: StreamOrigin,
  start: StreamOrigin,
  { epochs = 1, initialEpoch = 0, steps }: Length,
  size: number | undefined,
): boolean {
  if (steps !== undefined) return clock.step >= start.step + steps;
  const last = start.epoch - initialEpoch + Math.floor(epochs);
  const rest = Math.ceil(Number(((epochs % 1) * (size ?? 0)).toPrecision(12))); // 1.3 % 1 is slightly more than 0.3
  return clock.epoch > last || (clock.epoch === last && clock.place >= rest);
}
