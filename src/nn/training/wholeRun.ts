import type { StreamOrigin } from '../../data/permutation.ts';
import type { ModelCheckpoint } from '../callbacks/modelCheckpoint.ts';
import { untilAborted } from './abort.ts';
import type { Saved, Snapshot } from './checkpoint.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DueFile } from './counters.ts';
import { collectCheckpoint, takeTurn } from './encodeCheckpoint.ts';
import type { Contents } from './encodeCheckpoint.ts';
import { Rates } from './rates.ts';
import type { EpochValues, StepValues } from './values.ts';

/** A training from its call to its end: its state that survives the loss of a GPU. */
export class Run {
  readonly steps: StepValues[] = [];
  readonly epochs: EpochValues[] = [];
  readonly rates = new Rates();
  /** Whether it has lost a GPU. */
  isLost = false;
  /** Values of the steps before it have been reported. */
  nextStep = 0;
  /** The steps done at the end of the last epoch that has been reported. */
  lastEpochEnd = -1;
  readonly #resume: boolean;
  readonly #initialEpoch: number | undefined;
  readonly #recovers: boolean;
  /** Undefined where nothing is saved. */
  readonly #checkpoints: Checkpoints | undefined;
  /** The files that callbacks write. */
  readonly #files: ReadonlyMap<ModelCheckpoint, Checkpoints>;
  /** What was reported last, by hook. */
  readonly #told = new Map<string, number>();
  /** The steps done when a callback ended the training. */
  #stopAt = Infinity;
  #start: StreamOrigin | undefined;
  #snapshot: Snapshot | undefined;
  /** Whether the snapshot is of this training, and not from before it. */
  #own = false;

  /** @param resume whether it continues earlier counts */
  constructor(
    resume: boolean,
    recovers = false,
    checkpoints?: Checkpoints,
    files: ReadonlyMap<ModelCheckpoint, Checkpoints> = new Map(),
    initialEpoch?: number,
  ) {
    this.#initialEpoch = initialEpoch;
    this.#files = files;
    this.#resume = resume;
    this.#recovers = recovers;
    this.#checkpoints = checkpoints;
  }

  /** The clock from which its length counts; a run that does not resume begins with a whole epoch. */
  get start(): StreamOrigin {
    return this.#start!;
  }

  /** The epoch that it counts as its first. */
  get firstEpoch(): number {
    return this.#initialEpoch === undefined ? this.#start!.epoch : 0;
  }

  /** Ends it. @param step the steps done */
  stop(step: number): void {
    this.#stopAt = Math.min(this.#stopAt, step);
  }

  /** Whether a callback has ended it. */
  isStopped({ step }: Pick<StreamOrigin, 'step'>): boolean {
    return step >= this.#stopAt;
  }

  /** Whether a hook has not been told this yet, before the loss of a GPU; from now on it has. @param at counts up */
  isNew(hook: string, at: number): boolean {
    if (at <= (this.#told.get(hook) ?? -Infinity)) return false;
    this.#told.set(hook, at);
    return true;
  }

  /** Whether it continues from the clock and the progress. */
  get continues(): boolean {
    return this.#resume || this.#own;
  }

  /** What it continues from after a loss. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Before anything else: determines where it begins, opens the store, and takes the first snapshot. */
  async begin(saved: Saved, signal?: AbortSignal): Promise<void> {
    const { clock, lifetime } = saved.state;
    const { step, epoch, place } = clock;
    if (this.#resume) this.#start ??= { step: 0, epoch: 0, place: 0 };
    const next = place > 0 ? epoch + 1 : epoch;
    this.#start ??= { step, epoch: this.#initialEpoch ?? next, place: 0 };
    for (const own of [this.#checkpoints, ...this.#files.values()]) {
      await lifetime.race(untilAborted(own?.open(saved), signal));
    }
    if (!this.#recovers || this.#snapshot) return;
    const { gpu, state } = saved;
    const release = await takeTurn({ gpu, state, saved });
    try {
      this.#remember(saved, await lifetime.race(collectCheckpoint(saved)));
    } finally {
      release();
    }
  }

  /** Whether it is time for `take`. */
  isDue(clock: StreamOrigin, epochEnds: boolean): boolean {
    return this.#checkpoints?.isDue(clock, epochEnds) ?? false;
  }

  /** Whether there is nothing new for `take`. */
  has(clock: StreamOrigin): boolean {
    return this.#checkpoints?.has(clock) ?? true;
  }

  take(saved: Saved, contents: Contents): void {
    if (this.#recovers) {
      this.#remember(saved, contents);
      this.#own = true;
    }
    this.#checkpoints?.take(contents, saved.state.clock);
  }

  /** Of the files that are due, those that were not taken before the loss of a GPU; waits for the ones before them. */
  async newFiles(due: readonly DueFile[], { step }: StreamOrigin): Promise<DueFile[]> {
    const fresh = due.filter(({ callback }) => step > this.#files.get(callback)!.lastStep);
    for (const { callback } of fresh) await this.#files.get(callback)!.idle();
    return fresh;
  }

  takeFile({ callback, name }: DueFile, saved: Saved, contents: Contents): void {
    this.#files.get(callback)!.take(contents, saved.state.clock, name);
  }

  /** After a loss, when all is restored: a rate that `onRecover` has set counts from the first new step on. */
  goesOn({ parts }: Saved): void {
    const { metadata } = this.#snapshot?.file ?? {};
    const isSet = ({ prefix, minimizer }: Saved['parts'][number]) =>
      !minimizer.optimizer.givesRates &&
      String(minimizer.learningRate) !== metadata![`${prefix}learningRate`];
    if (this.isLost && parts.some(isSet)) this.rates.leave(parts.map(({ minimizer }) => minimizer));
  }

  #remember({ parts }: Saved, { tensors, metadata }: Contents): void {
    const file = { name: 'the checkpoint in memory', partial: false, tensors, metadata, own: true };
    this.#snapshot = { file, names: parts.map(({ variables }) => variables) };
  }
}
