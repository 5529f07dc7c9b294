import { ArgumentError } from '../../errors.ts';
import { checkFlag, checkOptions, describe, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import { Checkpoints } from '../training/checkpoints.ts';
import type { CheckpointOptions } from '../training/checkpoints.ts';
import { CountingCallback } from './callback.ts';
import type { CountedEpoch, Counter } from './callback.ts';
import { fileName } from './fileName.ts';
import { finiteOrNone, Monitor } from './monitor.ts';
import type { CallbackState, Monitored, MonitorOptions } from './monitor.ts';

export interface ModelCheckpointOptions extends Pick<MonitorOptions, 'monitor' | 'mode'> {
  /** A store (`folderCheckpoints` in Node, `opfsCheckpoints` in browsers), or a function that keeps the bytes of a file. */
  write: CheckpointOptions['write'];
  /**
   * Of the files, with `{epoch}` (from 1, as in Keras), `{step}` and, unless they come after a number of steps, the values of
   * the epoch: `best-{epoch:03d}-{val_loss:.2f}.safetensors`. Without such a field each file takes the place of the one
   * before. Default `checkpoint-{step:09d}.safetensors`, which `latestCheckpoint` finds.
   */
  name?: string;
  /** Save only after epochs in which `monitor` was better than ever; default false. */
  saveBestOnly?: boolean;
  /** From one file to the next: `'epoch'`, or a number of steps, where the steps done are divided by it. Default 'epoch'. */
  saveFreq?: 'epoch' | number;
  /** What the first value has to beat, with `saveBestOnly`; default none. */
  initialValueThreshold?: number;
  /** Called where a file could not be written, and training goes on; by default that ends it. */
  onFailure?: CheckpointOptions['onFailure'];
}

const modelCheckpointOptions: OptionTable<ModelCheckpointOptions> = {
  write: required,
  name: true,
  monitor: true,
  mode: true,
  saveBestOnly: true,
  saveFreq: true,
  initialValueThreshold: true,
  onFailure: true,
};

const CALLBACK = 'modelCheckpoint';

/** Decides for `modelCheckpoint` when a file is due. */
export class CheckpointCounter implements Counter {
  readonly #name: string;
  readonly #every: 'epoch' | number;
  /** Undefined where every epoch is saved. */
  readonly #monitor: Monitor | undefined;
  /** Those that a name may have, each undefined. */
  readonly #values: Readonly<Record<string, number | undefined>>;
  #due: string | undefined;
  /** The steps done when the last file was due. */
  #last = 0;

  constructor(options: ModelCheckpointOptions, values: readonly Monitored[]) {
    const { name = 'checkpoint-{step:09d}.safetensors', saveFreq = 'epoch', saveBestOnly = false } = options;
    this.#name = name;
    this.#every = saveFreq;
    const own = { monitor: options.monitor, mode: options.mode };
    if (saveBestOnly) this.#monitor = new Monitor(CALLBACK, own, values, options.initialValueThreshold);
    const there = saveFreq === 'epoch' ? values.filter(({ matrix, missing }) => !matrix && !missing) : [];
    const counts = ['epoch', 'step'];
    const numbers = there.map((own) => own.name).filter((own) => !counts.includes(own));
    const entries = (keys: readonly string[], value?: number) => keys.map((key) => [key, value] as const);
    this.#values = Object.fromEntries(entries([...counts, ...numbers]));
    fileName(CALLBACK, name, Object.fromEntries([...entries(counts, 0), ...entries(numbers, 0.5)])); // tries it
  }

  get state(): CallbackState | undefined {
    return this.#monitor && { ...this.#monitor.state, waited: 0 };
  }

  restore(state: CallbackState): boolean {
    return this.#monitor?.restore(state) ?? false;
  }

  count({ values, index }: Pick<CountedEpoch, 'values' | 'index'>): false {
    if (this.#every !== 'epoch') return false;
    if (this.#monitor && !(this.#monitor.sees(values) && this.#monitor.improved(values))) return false;
    this.#due = fileName(CALLBACK, this.#name, { ...this.#values, ...values, epoch: index + 1 });
    return false;
  }

  /**
   * The name of the file that is due now. Asked after each step, and after the end of its epoch where it was the last.
   *
   * @param index of the epoch that the step was in, as in CountedEpoch
   * @param stepped false at an end of an epoch whose steps were made before
   */
  due({ step }: Pick<StreamOrigin, 'step'>, index: number, stepped = true): string | undefined {
    if (this.#every === 'epoch') {
      const name = this.#due;
      this.#due = undefined;
      return name;
    }
    if (!stepped || step % this.#every !== 0 || step === this.#last) return undefined;
    this.#last = step;
    return fileName(CALLBACK, this.#name, { epoch: index + 1, step });
  }
}

/** Saves the model as it is trained. */
export class ModelCheckpoint extends CountingCallback {
  readonly #options: ModelCheckpointOptions;

  constructor(options: ModelCheckpointOptions) {
    super(CALLBACK, (values) => new CheckpointCounter(options, values));
    this.#options = options;
  }

  /** Where its files go to. */
  get write(): ModelCheckpointOptions['write'] {
    return this.#options.write;
  }

  /** Writes the files of one training. @param name of what is trained */
  open(name: string): Checkpoints {
    const { write, onFailure } = this.#options;
    return new Checkpoints(name, {
      write,
      onFailure,
      ...(typeof write !== 'function' && { keep: Infinity }),
    });
  }
}

/**
 * Saves the model after each epoch, after the best ones, or after a number of steps (Keras's ModelCheckpoint). A file is
 * what `model.save` gives: weights, optimizer and how far the training has come. The training waits only while the
 * file before it is still being written.
 *
 * ```ts
 * modelCheckpoint({ write: folderCheckpoints('best'), name: 'best.safetensors', saveBestOnly: true })
 * ```
 *
 * The option `checkpoint` of a training is Keras's BackupAndRestore: it keeps the newest files alone, from which a broken run
 * is resumed.
 *
 * @throws ArgumentError if an option is out of range; when training begins, if no epoch has a value
 */
export function modelCheckpoint(options: ModelCheckpointOptions): CountingCallback {
  checkOptions(CALLBACK, options, modelCheckpointOptions);
  const { name, saveFreq = 'epoch', saveBestOnly, initialValueThreshold } = options;
  checkFlag(CALLBACK, 'saveBestOnly', saveBestOnly);
  finiteOrNone(CALLBACK, 'initialValueThreshold', initialValueThreshold);
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new ArgumentError(
      `${CALLBACK}: name is ${describe(name)}; give the name of a file, such as best-{epoch}.safetensors`,
    );
  }
  if (saveFreq !== 'epoch' && !(Number.isSafeInteger(saveFreq) && saveFreq >= 1)) {
    throw new ArgumentError(
      `${CALLBACK}: saveFreq is ${describe(saveFreq)}; it must be 'epoch' or a whole number of steps of at least 1`,
    );
  }
  if (saveBestOnly && saveFreq !== 'epoch') {
    throw new ArgumentError(
      `${CALLBACK}: saveBestOnly asks for the value of an epoch, which there is not after ${saveFreq} steps; leave saveFreq out, or save after every ${saveFreq} steps`,
    );
  }
  const own = new ModelCheckpoint(options);
  own.open(CALLBACK); // checks the rest
  return own;
}
