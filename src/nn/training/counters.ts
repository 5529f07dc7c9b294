import { ArgumentError } from '../../errors.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import type { CountedEpoch, Counter, CountingCallback } from '../callbacks/callback.ts';
import { CheckpointCounter, ModelCheckpoint } from '../callbacks/modelCheckpoint.ts';
import type { Monitored, SavedCallback } from '../callbacks/monitor.ts';

/** A file that is to be written. */
export interface DueFile {
  readonly callback: ModelCheckpoint;
  readonly name: string;
}

/** The callbacks that count epochs, in one training. */
export class Counters {
  readonly #all: readonly { readonly callback: CountingCallback; readonly counter: Counter }[];

  /**
   * @param values what epochs have
   * @throws ArgumentError if an option is out of range, or there is no value that is watched
   */
  constructor(callbacks: readonly CountingCallback[], values: readonly Monitored[]) {
    this.#all = callbacks.map((callback) => ({ callback, counter: callback.start(values) }));
    if (this.#all.filter(({ counter }) => counter.restoresBest).length < 2) return;
    throw new ArgumentError(
      'earlyStopping: two of the callbacks have restoreBestWeights, but weights can be brought back from one epoch only; leave it out in one of them',
    );
  }

  get state(): SavedCallback[] {
    return this.#all.flatMap(({ callback: { name: callback }, counter: { state } }) =>
      state ? [{ callback, ...state }] : [],
    );
  }

  /**
   * Continues from what `state` gave, each with the first that was of the same callback and the same value.
   *
   * @returns whether the best weights that were saved are still the best ones
   */
  restore(saved: readonly SavedCallback[]): boolean {
    const left = [...saved];
    let best = saved.some(({ callback }) => callback === 'earlyStopping');
    for (const { callback, counter } of this.#all) {
      const own = left.findIndex((state) => state.callback === callback.name && counter.restore(state));
      if (own >= 0) left.splice(own, 1);
      else if (counter.restoresBest) best = false;
    }
    return best;
  }

  /** Whether the training has ended itself before. */
  get isSpent(): boolean {
    return this.#all.some(({ counter }) => counter.isSpent);
  }

  get setsRate(): boolean {
    return this.#all.some(({ counter }) => counter.setsRate);
  }

  get restoresBest(): boolean {
    return this.#all.some(({ counter }) => counter.restoresBest);
  }

  /** Whether the weights are to be kept, since the epoch that has just ended is the best so far. */
  wantsWeights(epoch: CountedEpoch): boolean {
    return this.#all.some(({ counter }) => counter.restoresBest && counter.improves?.(epoch));
  }

  /** Counts an epoch. @returns whether training is to end */
  count(epoch: CountedEpoch): boolean {
    return this.#all.map(({ counter }) => counter.count(epoch)).includes(true);
  }

  /** The files that are due; see CheckpointCounter. */
  dueFiles(clock: Pick<StreamOrigin, 'step'>, index: number, stepped: boolean): DueFile[] {
    return this.#all.flatMap(({ callback, counter }) => {
      if (!(callback instanceof ModelCheckpoint && counter instanceof CheckpointCounter)) return [];
      const name = counter.due(clock, index, stepped);
      return name === undefined ? [] : [{ callback, name }];
    });
  }
}
