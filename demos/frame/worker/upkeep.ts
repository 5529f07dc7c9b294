import type { Device } from '../../../src/index.ts';
import { coalesce } from '../../shared/coalesce.ts';
import { Due } from './due.ts';
import type { FromWorker } from '../protocol.ts';
import type { Loaded, Trainee } from './trainee.ts';

/** Looking and evaluating take at most these shares of the time, and saving for a GPU that may be lost. */
const SHARES = { look: 0.25, evaluate: 0.08, save: 0.04 };
/** The least time between two of them. */
const PAUSE_MS = { look: 60, softwareLook: 250, evaluate: 1500, save: 3000 };

/** Looks at a trainee, evaluates and saves it. */
export class Upkeep<Data, T extends Trainee<Data>> {
  readonly #trainee: T;
  readonly #device: Device;
  readonly #post: (message: FromWorker) => void;
  readonly #onFailure: (error: unknown) => unknown;
  readonly #due;
  #loaded: Loaded<Partial<Data>> | undefined;
  /** The trainee has them: between two looks, for they change what is drawn. */
  #isTaken = false;
  /** Nothing is drawn before the start, after a failure, or after the end. */
  isOpen = false;
  /** It can be evaluated. */
  canEvaluate = false;
  /** The last saved state. */
  saved: { readonly bytes: Uint8Array; readonly step: number };
  /** What is looked at beside the trainee. */
  alsoLook: (() => Promise<void>) | undefined;
  /** The steps after which the network was looked at and evaluated last. */
  #lookedAt = -1;
  #evaluatedAt = -1;
  /** What uses the programs of the views: one after the other. */
  #looking: Promise<void> = Promise.resolve();
  /** The evaluation or save under way. */
  #read: Promise<unknown> = Promise.resolve();

  constructor(
    trainee: T,
    device: Device,
    saved: Uint8Array,
    post: (message: FromWorker) => void,
    onFailure: (error: unknown) => unknown,
  ) {
    this.#trainee = trainee;
    this.#device = device;
    this.#post = post;
    this.#onFailure = onFailure;
    this.saved = { bytes: saved, step: trainee.step };
    const lookPause = device.software ? PAUSE_MS.softwareLook : PAUSE_MS.look;
    this.#due = {
      look: new Due(lookPause, SHARES.look),
      evaluate: new Due(PAUSE_MS.evaluate, SHARES.evaluate),
      save: new Due(PAUSE_MS.save, SHARES.save),
    };
  }

  get loaded(): Loaded<Partial<Data>> | undefined {
    return this.#loaded;
  }

  /** Data that the trainee gets before its next look. The answer tells whether they are others than before. */
  give(loaded: Loaded<Partial<Data>> | undefined): boolean {
    if (this.#loaded === loaded) return false;
    this.#loaded = loaded;
    this.#isTaken = false;
    this.#evaluatedAt = -1;
    return true;
  }

  isDue(what: 'look' | 'evaluate' | 'save'): boolean {
    return this.#due[what].isDue;
  }

  get hasLooked(): boolean {
    return this.#lookedAt === this.#trainee.step;
  }

  /** Waits until the GPU has done everything. A software adapter draws the page too, which would stand still without. */
  async breathe(): Promise<void> {
    if (this.#device.software) await this.#device.race(this.#device.gpu.queue.onSubmittedWorkDone());
  }

  /** Draws the panels; of many wishes at once, one. */
  readonly look = coalesce(async () => {
    if (!this.isOpen) return;
    this.#looking = this.#look().catch((error) => void this.#onFailure(error));
    await this.#looking;
  });

  async #look(): Promise<void> {
    if (this.#loaded && !this.#isTaken) {
      this.#isTaken = true;
      this.#trainee.take?.(this.#loaded.data);
    }
    this.#lookedAt = this.#trainee.step;
    await this.#due.look.time(async () => {
      await this.#trainee.look?.();
      await this.alsoLook?.();
      await this.breathe();
    });
  }

  async evaluate(): Promise<void> {
    const { step } = this.#trainee;
    if (!this.canEvaluate || !this.#trainee.evaluate || !this.#loaded || this.#evaluatedAt === step) return;
    this.#evaluatedAt = step;
    const { data } = this.#loaded;
    const values = await this.#reading(this.#due.evaluate.time(() => this.#trainee.evaluate!(data)));
    this.#post({ type: 'evaluated', point: { ...values, step } });
  }

  async save(): Promise<void> {
    const { step } = this.#trainee;
    if (this.saved.step === step) return;
    await this.#due.save.time(async () => {
      this.saved = { bytes: await this.#reading(this.#trainee.save()), step };
    });
  }

  /** Lets `rest` wait for the task; its error is thrown to those who await the task itself. */
  #reading<R>(task: Promise<R>): Promise<R> {
    this.#read = task.catch(() => {});
    return task;
  }

  /** Brings everything to the step that the network is at. */
  async settle(): Promise<void> {
    await this.look();
    await this.evaluate();
  }

  /** Waits for what is under way: an aborted fit does not wait for what its hooks have begun. */
  async rest(): Promise<void> {
    await this.#looking;
    await this.#read;
  }

  /** The network begins again. */
  restart(bytes: Uint8Array): void {
    this.saved = { bytes, step: this.#trainee.step };
    this.#evaluatedAt = -1;
  }
}
