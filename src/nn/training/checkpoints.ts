import { ArgumentError, FormatError } from '../../errors.ts';
import { checkpointName, keptCheckpoints } from '../../io/checkpointStore.ts';
import type { CheckpointStore } from '../../io/checkpointStore.ts';
import { decodeSafetensors, encodeSafetensors } from '../../io/safetensors.ts';
import { checkOptions, describe, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { Saved } from './checkpoint.ts';
import { callable } from './checks.ts';
import type { Contents } from './encodeCheckpoint.ts';

/** The moment that a checkpoint is of. */
export interface CheckpointMoment {
  /** A name for the file: `checkpoint-000000500.safetensors`. */
  readonly name: string;
  readonly step: number;
  readonly epoch: number;
}

/** How a training saves checkpoints while it runs. */
export interface CheckpointOptions {
  /** From one save to the next: `'epoch'`, a number of steps, or seconds, `'30s'`. Default 'epoch'. And at the end. */
  every?: 'epoch' | number | `${number}s`;
  /** How many of the newest checkpoints stay in the store; older ones are removed. Default 2. */
  keep?: number;
  /** A store (`folderCheckpoints` in Node, `opfsCheckpoints` in browsers), or a function that keeps the bytes of a file. */
  write: CheckpointStore | ((bytes: Uint8Array, moment: CheckpointMoment) => void | Promise<void>);
  /**
   * Called where a checkpoint could not be written. Training goes on, and the next save tries again; what is still not
   * saved at the end, rejects the training.
   */
  onFailure?: (error: unknown) => void | Promise<void>;
}

const checkpointOptions: OptionTable<CheckpointOptions> = {
  every: true,
  keep: true,
  write: required,
  onFailure: true,
};

interface Snapshot {
  readonly contents: Contents;
  readonly moment: CheckpointMoment;
}

/**
 * Saves checkpoints while a training runs. It waits only while the weights come from the GPU, not for the disk: one file is written at
 * a time, and of those that wait for it only the newest counts.
 */
export class Checkpoints {
  readonly #name: string;
  readonly #every: { readonly unit: 'epoch' | 'steps' | 'seconds'; readonly count: number };
  readonly #keep: number;
  readonly #store: CheckpointStore | undefined;
  readonly #write: (bytes: Uint8Array, moment: CheckpointMoment) => void | Promise<void>;
  readonly #onFailure: ((error: unknown) => void | Promise<void>) | undefined;
  readonly #now: () => number;
  #taken: { step: number; epoch: number; time: number } | undefined;
  #lastStep = -1;
  /** What is to be written next, or could not be. */
  #next: Snapshot | undefined;
  #writing: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Old checkpoints that could not be removed. */
  #remaining: { readonly error: unknown } | undefined;
  #isOpen = false;

  /**
   * @param name of what is trained
   * @param options undefined: `take` writes nothing
   * @param now a clock, in milliseconds
   * @throws ArgumentError if an option is out of range
   */
  constructor(name: string, options: CheckpointOptions | undefined, now = () => performance.now()) {
    this.#name = name;
    this.#now = now;
    if (options !== undefined) checkOptions('checkpoint', options, checkpointOptions);
    const { every = 'epoch', keep, write = () => {}, onFailure } = options ?? {};
    this.#every = intervalOf(every);
    this.#onFailure = callable('checkpoint: onFailure', onFailure);
    if (typeof write === 'function') {
      if (keep !== undefined) {
        throw new ArgumentError(
          `checkpoint: keep is for stores, which can remove a file, but write is a function; leave keep out, or write into folderCheckpoints(…) or opfsCheckpoints(…)`,
        );
      }
      this.#write = write;
      this.#keep = Infinity;
      return;
    }
    for (const method of ['list', 'read', 'write', 'remove'] as const) {
      if (typeof write?.[method] === 'function') continue;
      throw new ArgumentError(
        `checkpoint: write is ${describe(write)}, without ${method}(); pass folderCheckpoints(…), opfsCheckpoints(…) or a function (bytes, { name }) => …`,
      );
    }
    if (keep !== undefined && !(Number.isSafeInteger(keep) && keep >= 1) && keep !== Infinity) {
      throw new ArgumentError(
        `checkpoint: keep is ${describe(keep)}; it must be a whole number of at least 1, or Infinity`,
      );
    }
    this.#keep = keep ?? 2;
    this.#store = write;
    this.#write = (bytes, { name }) => write.write(name, bytes);
  }

  /**
   * Opens the store, before the first step.
   *
   * @param saved what is trained, as it is
   * @throws ArgumentError if the store holds checkpoints of another training, or of one that was further on: the newest
   *   would be the wrong one, and older ones would be removed
   */
  async open(saved: Pick<Saved, 'kind' | 'name' | 'state'>): Promise<void> {
    const { step, epoch } = saved.state.clock;
    this.#taken ??= { step, epoch, time: this.#now() };
    if (!this.#store || this.#isOpen) return;
    await this.#store.open?.();
    this.#isOpen = true;
    const [newest] = await keptCheckpoints(this.#store);
    if (newest === undefined) return;
    const name = this.#name;
    if (newest.step > step) {
      throw new ArgumentError(
        `${name}: is at step ${step}, but ${this.#store.name} holds a checkpoint of step ${newest.step}; load that one (latestCheckpoint) and resume, remove it, or save elsewhere`,
      );
    }
    const found = metadataOf(await this.#store.read(newest.name), newest.name);
    if (!found || (found.kind === saved.kind && found.model === saved.name)) return;
    throw new ArgumentError(
      `${name}: ${this.#store.name} holds checkpoints of another training, of the ${found.kind} '${found.model}'; save elsewhere`,
    );
  }

  /** Whether it is time for a checkpoint. */
  isDue(clock: { readonly step: number; readonly epoch: number }, epochEnds: boolean): boolean {
    const { unit, count } = this.#every;
    if (this.has(clock)) return false;
    if (unit === 'epoch') return epochEnds;
    if (unit === 'steps') return clock.step % count === 0 && clock.step !== this.#taken!.step;
    return this.#now() - this.#taken!.time >= count * 1000;
  }

  /** Whether there is nothing newer to take. */
  has({ step, epoch }: { readonly step: number; readonly epoch: number }): boolean {
    return this.#taken?.step === step && this.#taken.epoch === epoch;
  }

  /** Has a checkpoint written while training goes on. @param name of the file */
  take(
    contents: Contents,
    { step, epoch }: { readonly step: number; readonly epoch: number },
    name = checkpointName(step),
  ): void {
    this.#taken = { step, epoch, time: this.#now() };
    this.#lastStep = step;
    this.#next = { contents, moment: { name, step, epoch } };
    this.#begin();
  }

  /** Waits until what was taken is written. @throws the error of a failed write, unless `onFailure` was called */
  async idle(): Promise<void> {
    await this.#writing;
    if (this.#failure && !this.#onFailure) throw this.#failure.error;
  }

  /** The steps done when the last one was taken; -1 before the first. */
  get lastStep(): number {
    return this.#lastStep;
  }

  #begin(): void {
    this.#writing ??= this.#writeAll()
      .catch((error: unknown) => void (this.#failure = { error })) // thrown by onFailure
      .finally(() => (this.#writing = undefined));
  }

  async #writeAll(): Promise<void> {
    this.#failure = undefined;
    while (this.#next && !this.#failure) {
      const snapshot = this.#next;
      this.#next = undefined;
      const { contents, moment } = snapshot;
      try {
        await this.#write(encodeSafetensors(contents.tensors, contents.metadata), moment);
      } catch (error) {
        this.#failure = { error };
        this.#next ??= snapshot; // a newer one replaces an older one
        await this.#onFailure?.(error);
        continue;
      }
      try {
        await this.#removeOld();
      } catch (error) {
        await this.#fails(error);
      }
    }
  }

  /** A failure that loses no checkpoint: reported, or thrown at the end. */
  async #fails(error: unknown): Promise<void> {
    if (this.#onFailure) await this.#onFailure(error);
    else this.#remaining = { error };
  }

  async #removeOld(): Promise<void> {
    if (!this.#store || this.#keep === Infinity) return;
    for (const { name } of (await keptCheckpoints(this.#store)).slice(this.#keep)) {
      await this.#store.remove(name);
    }
  }

  /** Waits until all is written; tries once more what could not be. @throws what it could not be written for */
  async settle(): Promise<void> {
    await this.#writing;
    if (this.#next) this.#begin();
    await this.#writing;
    const failure = this.#failure ?? this.#remaining;
    if (failure) throw failure.error;
  }

  async close(): Promise<void> {
    await this.#writing;
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.#store?.close?.();
    } catch (error) {
      if (!this.#onFailure) throw error;
      await this.#onFailure(error);
    }
  }
}

/** The metadata of a file; undefined for a damaged one, which loading it will report. */
function metadataOf(bytes: Uint8Array, name: string): Readonly<Record<string, string>> | undefined {
  try {
    return decodeSafetensors(bytes, name).metadata;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function intervalOf(every: unknown): { unit: 'epoch' | 'steps' | 'seconds'; count: number } {
  if (every === 'epoch') return { unit: 'epoch', count: 1 };
  if (typeof every === 'number' && Number.isSafeInteger(every) && every >= 1) {
    return { unit: 'steps', count: every };
  }
  const seconds = typeof every === 'string' && /^\d+(\.\d+)?s$/.test(every) ? Number(every.slice(0, -1)) : 0;
  if (seconds > 0) return { unit: 'seconds', count: seconds };
  throw new ArgumentError(
    `checkpoint: every is ${describe(every)}; it must be 'epoch', a whole number of steps of at least 1, or seconds as in '30s'`,
  );
}
