import type { Device, Program } from '../../../src/index.ts';
import { Gate } from './gate.ts';
import { placeOf } from './place.ts';
import { Stages } from './stages.ts';
import { StepClock } from './stepClock.ts';
import { StepPrograms } from './stepPrograms.ts';
import { Pacer } from './pacer.ts';
import { Upkeep } from './upkeep.ts';
import type { FromWorker, Point, TrainingState } from '../protocol.ts';
import type { RunOptions, Source, Trainee } from './trainee.ts';

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
  readonly #hooks: RunnerHooks;
  readonly #gate = new Gate();
  readonly #clock = new StepClock();
  readonly #pacer = new Pacer();
  readonly #upkeep: Upkeep<Data, T>;
  readonly #programs: StepPrograms;
  readonly #stages: Stages<Data, T>;
  #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #state: TrainingState = 'compiling';
  #source: Source<Data>;
  /** The training step is compiled, and its data are there. */
  #isReady = false;
  /** No step is under way: the loop waits at the gate, or for what is done before it. */
  #isAtGate = false;
  #trained: boolean;
  /** For the graph of the step, see GraphRunner. */
  aside: Promise<unknown> | undefined;
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
    this.#hooks = hooks;
    this.#trained = trained;
    this.#upkeep = new Upkeep(trainee, device, saved, hooks.post, hooks.onFailure);
    this.#upkeep.give(source.latest);
    this.#programs = new StepPrograms(trainee, hooks.post);
    this.#upkeep.canEvaluate = !trained;
    this.#stages = new Stages({
      trainee,
      upkeep: this.#upkeep,
      gate: this.#gate,
      begin: hooks.begin,
      tell: (state = this.#state) => this.#tell(state),
      onCompile: this.#options.onCompile,
    });
  }

  /** Other data, from the next start on. */
  set source(source: Source<Data>) {
    this.#source = source;
  }

  /** A data set may be smaller than a batch. */
  get #batchSize(): number {
    return Math.min(this.trainee.batchSize, this.#upkeep.loaded?.facts.trainSize ?? Infinity);
  }

  get program(): Program | undefined {
    return this.#programs.told;
  }

  get state(): TrainingState {
    return this.#state;
  }

  get trained(): boolean {
    return this.#trained;
  }

  /** Draws the panels; of many wishes at once, one. */
  look(): Promise<void> {
    return this.#upkeep.look();
  }

  /** What is looked at beside the trainee. */
  set alsoLook(look: (() => Promise<void>) | undefined) {
    this.#upkeep.alsoLook = look;
  }

  /** Starts the training, which waits for `play`. */
  start(): void {
    this.#stop = new AbortController();
    this.#isReady = this.#isAtGate = false;
    this.#programs.clear();
    this.#state = 'compiling';
    this.#loop = this.#train(this.#stop.signal).catch((error) => {
      const isReplaced = this.#hooks.onFailure(error); // it asks for the checkpoint, which tells whether training ran
      this.#gate.close();
      if (isReplaced) return;
      this.#upkeep.isOpen = false;
      this.#tell('failed');
    });
  }

  async #train(signal: AbortSignal): Promise<void> {
    const loaded = await this.#stages.load({ source: this.#source, trained: this.#trained, signal });
    if (!loaded) return;
    while (!signal.aborted) {
      await this.trainee.run(loaded.data, { ...this.#options, signal });
      if (signal.aborted) return;
      this.#gate.close();
      await this.#upkeep.settle();
      this.#tell('finished');
    }
  }

  /** Ends the loop after the step under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#gate.admit();
    this.#pacer.wake();
    await this.#loop;
    await this.#upkeep.rest();
    this.#gate.close();
  }

  /** Goes on from other weights, saved at its start: everything that was charted is gone. */
  async restart(bytes: Uint8Array, load: () => void | Promise<void>, trained: boolean): Promise<void> {
    await this.stop();
    await load();
    this.#upkeep.restart(bytes);
    this.#trained = trained;
    this.#hooks.post({ type: 'cleared' });
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
      await this.#upkeep.evaluate();
      this.#tell(this.#state);
    },
  };

  prepare(): void {
    this.#gate.admit(0);
  }

  async #ready(program: Program, part = ''): Promise<void> {
    this.#programs.add(program, part);
    await this.alsoReady?.(program);
    this.#programs.tell(program, part);
    if (!this.#isReady && !this.#stop.signal.aborted) {
      this.#isReady = true;
      await this.#upkeep.settle();
      this.#tell(this.#gate.isOpen ? 'running' : this.#gate.isWanted ? 'paused' : 'ready');
    }
    this.#clock.start(this.trainee.step);
  }

  /** The trainee may train another part from now on. */
  follow(): void {
    this.#programs.follow();
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
    if (!this.#upkeep.hasLooked) await this.look();
    this.#isAtGate = true;
    if (resting || this.#state === 'paused') this.#tell('paused');
    if (resting || this.#upkeep.isDue('evaluate')) await this.#upkeep.evaluate();
    await this.trainee.rested?.();
    await this.#gate.pass();
    this.#isAtGate = false;
    if (!this.#gate.isOpen) await this.trainee.approach?.(() => !signal.aborted);
    this.#clock.start(step);
  }

  /** Does what is due between two steps of a run. */
  async #keepUp(): Promise<void> {
    const start = performance.now();
    if (this.#upkeep.isDue('evaluate')) await this.#upkeep.evaluate();
    if (this.#upkeep.isDue('save')) await this.#upkeep.save();
    const speed = this.#hooks.speed();
    const isWatched = !this.#hooks.isHidden();
    if (isWatched && (speed !== undefined || this.#upkeep.isDue('look'))) await this.look();
    await this.#upkeep.breathe();
    if (speed !== undefined) this.#tell('running');
    const isWanted = () => this.#gate.isOpen && !this.#stop.signal.aborted;
    await this.trainee.approach?.(isWanted);
    await this.#pacer.wait(() => (isWanted() ? this.#hooks.speed() : undefined));
    this.#clock.exclude(performance.now() - start);
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
    if (this.#state === 'running') this.#tell(this.#isAtGate ? 'paused' : 'pausing');
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
    const size = this.#upkeep.loaded?.facts.trainSize;
    const place = placeOf(step, { epochs, batchSize, size });
    this.#hooks.post({ type: 'position', position: { state, step, ...place, trained: this.#trained } });
  }

  /** The last saved state, for a new GPU. */
  get checkpoint(): Checkpoint {
    return { ...this.#upkeep.saved, running: this.#gate.isOpen };
  }

  /** Ends the training and frees what it holds. */
  async destroy(): Promise<void> {
    this.#upkeep.isOpen = false;
    await this.stop();
    await this.trainee.destroy();
  }
}
