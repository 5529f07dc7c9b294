import { EnvironmentError } from '../../../src/index.ts';
import type { Device, Program } from '../../../src/index.ts';
import { coalesce } from '../../shared/coalesce.ts';
import { dispatchInfos, kernelCodes } from '../../shared/dispatches.ts';
import { Gate } from './gate.ts';
import { placeOf } from './place.ts';
import { restMs } from './rest.ts';
import { StepClock } from './stepClock.ts';
import { Due } from './due.ts';
import { Pacer } from './pacer.ts';
import type { FromWorker, Point, TrainingState } from '../protocol.ts';
import type { Loaded, RunOptions, Source, Trainee } from './trainee.ts';

/** Looking and evaluating take at most these shares of the time, and saving for a GPU that may be lost. */
const SHARES = { look: 0.25, evaluate: 0.08, save: 0.04 };
/** The least time between two of them. */
const PAUSE_MS = { look: 60, softwareLook: 250, evaluate: 1500, save: 3000 };
/** The moment when a page with a trained network has drawn it: everything loaded later is a part of its own. */
const FIRST_LOOK = 'first look';

export interface RunnerHooks {
  readonly post: (message: FromWorker) => void;
  /** Has the trainee begin, unless it has done so. */
  readonly begin: () => Promise<void>;
  /** Answers whether another GPU takes over. */
  readonly onFailure: (error: unknown) => boolean;
  /** The page is in a background tab: training continues, and nothing is drawn. */
  readonly isHidden: () => boolean;
  /** The steps per second that someone wants to see; undefined: as many as can be. */
  readonly speed: () => number | undefined;
}

/** Where to continue after the GPU was lost. */
export interface Checkpoint {
  readonly bytes: Uint8Array;
  readonly step: number;
  readonly running: boolean;
}

/**
 * Runs a trainee: play, pause and step are a gate before its steps, where the panels are drawn, the test set is
 * evaluated and everything is saved from time to time.
 */
export class Runner<Data, T extends Trainee<Data>> {
  readonly trainee: T;
  readonly #device: Device;
  readonly #hooks: RunnerHooks;
  readonly #gate = new Gate();
  readonly #clock = new StepClock();
  readonly #pacer = new Pacer();
  readonly #due;
  #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #state: TrainingState = 'compiling';
  #source: Source<Data>;
  #loaded: Loaded<Partial<Data>> | undefined;
  /** The trainee has them: between two looks, for they change what is drawn. */
  #isTaken = false;
  /** It can train and be evaluated. */
  #hasBegun: boolean;
  /** The training step is compiled, and its data are there. */
  #isReady = false;
  #saved: { bytes: Uint8Array; step: number };
  #trained: boolean;
  /** The steps after which the network was looked at and evaluated last. */
  #lookedAt = -1;
  #evaluatedAt = -1;
  /** The evaluation or save under way. */
  #read: Promise<unknown> = Promise.resolve();
  #ended = false;
  /** What uses the programs of the views: one after the other. */
  #looking: Promise<void> = Promise.resolve();
  /** The steps that this run has compiled, by the part of the trainee that they train. */
  readonly #programs = new Map<string, Program>();
  /** The part whose step the page was told of. */
  #told: string | undefined;
  /** For the graph of the step, see GraphRunner. */
  aside: Promise<unknown> | undefined;
  alsoLook: (() => Promise<void>) | undefined;
  alsoReady: ((program: Program) => Promise<void>) | undefined;

  /** @param saved the network as it is now; `trained`: it came so, and was not trained here */
  constructor(
    trainee: T,
    source: Source<Data>,
    device: Device,
    saved: Uint8Array,
    trained: boolean,
    hooks: RunnerHooks,
  ) {
    this.trainee = trainee;
    this.#source = source;
    this.#loaded = source.latest;
    this.#device = device;
    this.#hooks = hooks;
    this.#saved = { bytes: saved, step: trainee.step };
    this.#trained = trained;
    this.#hasBegun = !trained;
    const lookPause = device.software ? PAUSE_MS.softwareLook : PAUSE_MS.look;
    this.#due = {
      look: new Due(lookPause, SHARES.look),
      evaluate: new Due(PAUSE_MS.evaluate, SHARES.evaluate),
      save: new Due(PAUSE_MS.save, SHARES.save),
    };
  }

  /** Other data, from the next start on. */
  set source(source: Source<Data>) {
    this.#source = source;
  }

  /** A data set may be smaller than a batch. */
  get #batchSize(): number {
    return Math.min(this.trainee.batchSize, this.#loaded?.facts.trainSize ?? Infinity);
  }

  get program(): Program | undefined {
    return this.#told === undefined ? undefined : this.#programs.get(this.#told);
  }

  get state(): TrainingState {
    return this.#state;
  }

  get trained(): boolean {
    return this.#trained;
  }

  /** Starts the training, which waits for `play`. */
  start(): void {
    this.#stop = new AbortController();
    this.#isReady = false;
    this.#programs.clear();
    this.#tell('compiling');
    this.#loop = this.#train(this.#stop.signal).catch((error) => {
      const isReplaced = this.#hooks.onFailure(error); // it asks for the checkpoint, which tells whether training ran
      this.#gate.close();
      if (!isReplaced) this.#tell('failed');
    });
  }

  async #train(signal: AbortSignal): Promise<void> {
    const loaded = await this.#load(signal);
    if (!loaded) return;
    while (!signal.aborted) {
      await this.trainee.run(loaded.data, { ...this.#options, signal });
      if (signal.aborted) return;
      this.#gate.close();
      await this.#settle();
      this.#tell('finished');
    }
  }

  /**
   * A trained network is shown first; what only training needs, its script and its data, is loaded later. Undefined if it
   * was stopped.
   */
  async #load(signal: AbortSignal): Promise<Loaded<Data> | undefined> {
    const { first } = this.#source;
    const { onCompile } = this.#options;
    const aborted = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => resolve(undefined)),
    );
    const prepare = async () => {
      await this.#begin();
      await this.trainee.prepare?.({ onCompile });
    };
    const all = () => Promise.all([Promise.race([this.#source.all(), aborted]), prepare()]);
    const begun = this.#trained ? undefined : all();
    begun?.catch(() => {}); // it is awaited below, after the first data
    const some = await Promise.race([first ?? (begun ? undefined : this.#source.all()), aborted]);
    if (some) await this.#take(some);
    if (!begun) {
      if (signal.aborted) return undefined;
      await this.look();
      performance.mark(FIRST_LOOK);
      this.#tell('ready');
      await this.#unasked(() => Promise.race([this.#begin(), aborted]), aborted);
      if (signal.aborted) return undefined;
      await this.#evaluate();
      await this.#gate.knock(restMs());
      if (signal.aborted) return undefined;
    }
    const [loaded] = (await (begun ?? this.#unasked(all, aborted))) ?? [];
    if (loaded) await this.#take(loaded);
    return loaded;
  }

  /**
   * Work for a training that nobody may want: where something does not load, the network can be looked at all the same, and
   * it is tried again when someone asks. Undefined if the training was stopped.
   */
  async #unasked<R>(work: () => Promise<R>, aborted: Promise<undefined>): Promise<R | undefined> {
    while (true) {
      try {
        return await work();
      } catch (error) {
        if (this.#gate.isWanted || !(error instanceof EnvironmentError)) throw error;
        await Promise.race([this.#gate.knock(Infinity), aborted]);
        if (this.#stop.signal.aborted) return undefined;
      }
    }
  }

  async #begin(): Promise<void> {
    await this.#hooks.begin();
    this.#hasBegun = true;
  }

  async #take(loaded: Loaded<Partial<Data>>): Promise<void> {
    if (this.#loaded === loaded || this.#ended) return;
    this.#loaded = loaded;
    this.#isTaken = false;
    this.#evaluatedAt = -1;
    await this.look();
  }

  /** Ends the loop after the step under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#gate.admit();
    this.#pacer.wake();
    await this.#loop;
    await this.#looking;
    await this.#read; // an aborted fit does not wait for what its hooks have begun
    this.#gate.close();
  }

  /** Goes on from other weights, saved at its start: everything that was charted is gone. */
  async restart(bytes: Uint8Array, load: () => void | Promise<void>, trained: boolean): Promise<void> {
    await this.stop();
    await load();
    this.#saved = { bytes, step: this.trainee.step };
    this.#trained = trained;
    this.#evaluatedAt = -1;
    this.#hooks.post({ type: 'cleared' });
    await this.look();
    this.start();
  }

  readonly #options: Omit<RunOptions, 'signal'> = {
    resume: true,
    keepSteps: false,
    onCompile: ({ done, total, label }) =>
      this.#hooks.post({ type: 'progress', what: `Compiling ${label}`, part: done / total }),
    onReady: (program, part) => this.#ready(program, part),
    beforeStep: async (step) => {
      await this.#beforeStep(step);
      await this.aside;
    },
    onSteps: (values) => this.#report(values),
    onEpoch: async () => {
      await this.#evaluate();
      this.#tell(this.#state);
    },
  };

  prepare(): void {
    this.#gate.admit(0);
  }

  async #ready(program: Program, part = ''): Promise<void> {
    this.#programs.set(part, program);
    await this.alsoReady?.(program);
    this.#tellProgram(program, part);
    if (!this.#isReady && !this.#stop.signal.aborted) {
      this.#isReady = true;
      await this.#settle();
      this.#tell(this.#gate.isOpen ? 'running' : this.#gate.isWanted ? 'paused' : 'ready');
    }
    this.#clock.start(this.trainee.step);
  }

  #tellProgram(program: Program, part: string): void {
    this.#told = part;
    const kernels = this.trainee.kernels?.(program) ?? kernelCodes(program);
    const dispatches = dispatchInfos(program);
    const facts = { dispatches, planBytes: program.planBytes, kernels, part: part || undefined };
    this.#hooks.post({ type: 'program', facts });
  }

  /** The trainee may train another part from now on: the page is told of its step, unless that is still to be compiled. */
  follow(): void {
    const { part = '' } = this.trainee;
    const program = this.#programs.get(part);
    if (program && !program.isDestroyed && part !== this.#told) this.#tellProgram(program, part);
  }

  async #beforeStep(step: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    if (this.#gate.isOpen) {
      await this.#keepUp();
      if (this.#gate.isOpen) return;
    }
    if (signal.aborted) return;
    // Paused after a run, or stepping by hand: show the network as it stands, then wait.
    const resting = this.#state === 'pausing';
    if (this.#lookedAt !== step) await this.look();
    if (resting || this.#state === 'paused') this.#tell('paused');
    if (resting || this.#due.evaluate.isDue) await this.#evaluate();
    await this.trainee.rested?.();
    await this.#gate.pass();
    if (!this.#gate.isOpen) await this.trainee.approach?.(() => !signal.aborted);
    this.#clock.start(step);
  }

  /** Does what is due between two steps of a run. */
  async #keepUp(): Promise<void> {
    const start = performance.now();
    if (this.#due.evaluate.isDue) await this.#evaluate();
    if (this.#due.save.isDue) await this.#save();
    const speed = this.#hooks.speed();
    const isWatched = !this.#hooks.isHidden();
    if (isWatched && (speed !== undefined || this.#due.look.isDue)) await this.look();
    if (this.#device.software) await this.#breathe();
    if (speed !== undefined) this.#tell('running');
    const isWanted = () => this.#gate.isOpen && !this.#stop.signal.aborted;
    await this.trainee.approach?.(isWanted);
    await this.#pacer.wait(() => (isWanted() ? this.#hooks.speed() : undefined));
    this.#clock.exclude(performance.now() - start);
  }

  /** Waits until the GPU has done everything. A software adapter draws the page too, which would stand still without. */
  async #breathe(): Promise<void> {
    await this.#device.race(this.#device.gpu.queue.onSubmittedWorkDone());
  }

  /** Draws the panels; of many wishes at once, one. */
  readonly look = coalesce(async () => {
    if (this.#ended || this.#state === 'failed') return;
    this.#looking = this.#look().catch((error) => void this.#hooks.onFailure(error));
    await this.#looking;
  });

  async #look(): Promise<void> {
    if (this.#loaded && !this.#isTaken) {
      this.#isTaken = true;
      this.trainee.take?.(this.#loaded.data);
    }
    this.#lookedAt = this.trainee.step;
    await this.#due.look.time(async () => {
      await this.trainee.look?.();
      await this.alsoLook?.();
      if (this.#device.software) await this.#breathe();
    });
  }

  /** Lets `stop` wait for the task; its error is thrown to those who await the task itself. */
  #reading<T>(task: Promise<T>): Promise<T> {
    this.#read = task.catch(() => {});
    return task;
  }

  async #evaluate(): Promise<void> {
    const { step } = this.trainee;
    if (!this.#hasBegun || !this.trainee.evaluate || !this.#loaded || this.#evaluatedAt === step) return;
    this.#evaluatedAt = step;
    const { data } = this.#loaded;
    const values = await this.#reading(this.#due.evaluate.time(() => this.trainee.evaluate!(data)));
    this.#hooks.post({ type: 'evaluated', point: { ...values, step } });
  }

  async #save(): Promise<void> {
    const { step } = this.trainee;
    if (this.#saved.step === step) return;
    await this.#due.save.time(async () => {
      this.#saved = { bytes: await this.#reading(this.trainee.save()), step };
    });
  }

  /** Brings everything to the step that the network is at. */
  async #settle(): Promise<void> {
    await this.look();
    await this.#evaluate();
  }

  #report(values: readonly ({ readonly step: number } & object)[]): void {
    const last = values.at(-1);
    if (!last) return;
    const points = values.map((value) => ({ ...value, step: value.step + 1 }) as Point);
    const millisecondsPerStep = this.#clock.lap(last.step + 1);
    const samplesPerStep = this.#batchSize;
    this.#hooks.post({ type: 'points', points, millisecondsPerStep, samplesPerStep });
    if (this.#state === 'running') this.#tell('running', last.step + 1);
  }

  play(): void {
    if (this.#state === 'running' || this.#state === 'failed') return;
    this.#trained = false;
    this.#clock.start(this.trainee.step);
    this.#gate.open();
    this.#tell(this.#isReady ? 'running' : 'compiling');
  }

  pause(): void {
    if (!this.#gate.isOpen) return;
    this.#gate.close();
    this.#pacer.wake();
    if (this.#state === 'running') this.#tell('pausing');
  }

  /** Pauses, or does one step. */
  step(): void {
    if (this.#gate.isOpen) return this.pause();
    if (!['ready', 'paused', 'finished'].includes(this.#state)) return;
    this.#trained = false;
    if (this.#isReady) this.#state = 'paused';
    else this.#tell('compiling');
    this.#gate.admit();
  }

  /** The speed has changed. */
  wake(): void {
    this.#pacer.wake();
  }

  #tell(state: TrainingState, step = this.trainee.step): void {
    this.#state = state;
    const { epochs } = this.trainee;
    const batchSize = this.#batchSize;
    const size = this.#loaded?.facts.trainSize;
    const place = placeOf(step, { epochs, batchSize, size });
    this.#hooks.post({ type: 'position', position: { state, step, ...place, trained: this.#trained } });
  }

  /** The last saved state, for a new GPU. */
  get checkpoint(): Checkpoint {
    return { ...this.#saved, running: this.#gate.isOpen };
  }

  /** Ends the training and frees what it holds. */
  async destroy(): Promise<void> {
    this.#ended = true;
    await this.stop();
    await this.trainee.destroy();
  }
}
