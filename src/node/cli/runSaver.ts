import { encodeRun } from './checkpoint.ts';
import type { SavedRun } from './checkpoint.ts';
import type { Interval } from './flagValues.ts';
import { encodeHistory, historySvg } from './history.ts';
import type { RunHistory } from './history.ts';
import { CHECKPOINT, HISTORY, LOSS_CHART } from './runFolder.ts';
import type { RunFolder } from './runFolder.ts';
import type { Trainee } from './trainee.ts';

/** The weights after `step` steps, as they go into the file. */
interface Snapshot {
  readonly step: number;
  readonly bytes: Uint8Array;
  readonly stopped: RunHistory['stopped'];
}

/**
 * Saves a run while it continues: training waits only for the weights to come from the GPU, not for the disk. Weights and
 * history are of the same step. One save is written at a time; of those that wait for it only the newest counts.
 */
export class RunSaver {
  readonly #folder: RunFolder;
  readonly #model: Trainee;
  readonly #run: SavedRun;
  readonly #history: () => RunHistory;
  /** Waits for the values of its steps, which come later than the weights. */
  #waiting: Snapshot | undefined;
  #next: Snapshot | undefined;
  #writing: Promise<void> | undefined;
  #failure: unknown;
  #taken: { step: number; time: number };
  #saved: number | undefined;

  /** @param history the run up to now */
  constructor(folder: RunFolder, model: Trainee, run: SavedRun, history: () => RunHistory) {
    this.#folder = folder;
    this.#model = model;
    this.#run = run;
    this.#history = history;
    this.#taken = { step: model.step, time: performance.now() };
  }

  /** The step of the weights that are on the disk, if this run has saved any. */
  get saved(): number | undefined {
    return this.#saved;
  }

  /** Whether it is time to `take` the weights. */
  isDue(every: Interval): boolean {
    const { step } = this.#model;
    if (step === this.#taken.step) return false;
    return every.unit === 'steps'
      ? step % every.count === 0
      : performance.now() - this.#taken.time >= every.count * 1000;
  }

  /** Takes the weights as they are; await it before the next step. `valuesUpTo` then has them written. */
  async take(stopped: RunHistory['stopped']): Promise<void> {
    const { step } = this.#model;
    this.#taken = { step, time: performance.now() };
    const bytes = await encodeRun(this.#model, this.#run);
    this.#waiting = { step, bytes, stopped };
  }

  /** Call it when the history has the values of the first `steps` steps. */
  valuesUpTo(steps: number): void {
    if (!this.#waiting || this.#waiting.step > steps) return;
    this.#next = this.#waiting;
    this.#waiting = undefined;
    // Stored rather than rejected: nothing may be waiting for it yet.
    this.#writing ??= this.#writeAll()
      .catch((error: unknown) => void (this.#failure ??= error))
      .finally(() => (this.#writing = undefined));
  }

  /** Forgets weights that are not being written yet. */
  drop(): void {
    this.#waiting = undefined;
  }

  /** Waits for what is being written. The folder reports what could not be written. */
  async settle(): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure;
  }

  async #writeAll(): Promise<void> {
    while (this.#next) {
      const snapshot = this.#next;
      this.#next = undefined;
      await this.#write(snapshot);
    }
  }

  async #write({ step, bytes, stopped }: Snapshot): Promise<void> {
    const all = this.#history();
    const history = {
      ...all,
      stopped,
      epochs: all.epochs.filter((entry) => entry.step <= step),
      steps: all.steps.filter((entry) => entry.step < step),
    };
    // The history first: if the process is killed in between, it has later entries, which a resumed run leaves out.
    await this.#folder.write(HISTORY, encodeHistory(history));
    if (await this.#folder.write(CHECKPOINT, bytes)) this.#saved = step;
    if (history.steps.length > 0) await this.#folder.write(LOSS_CHART, historySvg(history));
  }
}
