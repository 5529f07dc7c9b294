import { adadelta } from '../../src/index.ts';
import type { Dataset, EpochValues, Gpu, Program, StepValues } from '../../src/index.ts';
import { AUTOENCODER_PRESETS } from '../../src/models/autoencoder.ts';
import { autoencoderVersions, versionsData } from '../../src/models/autoencoderVersions.ts';
import type { AutoencoderVersions } from '../../src/models/autoencoderVersions.ts';
import { dispatchInfos, kernelCodes } from '../shared/dispatches.ts';
import { Gate } from '../shared/gate.ts';
import { StepClock } from '../shared/stepClock.ts';
import { Looking } from './looking.ts';
import { Pacer } from './pacer.ts';
import type { FromWorker, TrainingSettings, TrainingState, Wishes } from './protocol.ts';
import { byVersion } from './values.ts';
import type { Surroundings } from './views.ts';

/** Evaluating the test set takes at most this share of the time, and is done at most so often. */
const EVALUATION_SHARE = 0.08;
const EVALUATION_PAUSE_MS = 1500;

/** Where to go on after the GPU was lost. */
export interface Checkpoint {
  readonly settings: TrainingSettings;
  readonly bytes: Uint8Array;
  readonly step: number;
  readonly running: boolean;
}

export interface Hooks {
  readonly post: (message: FromWorker, transfer?: Transferable[]) => void;
  readonly onFailure: (error: unknown) => void;
  readonly wishes: Readonly<Wishes>;
}

/** The three networks in training on one GPU, from their first step until they are reset or the GPU is lost. */
export class Training {
  readonly #gpu: Gpu;
  readonly #train: Dataset;
  readonly #test: Dataset;
  readonly #around: Surroundings;
  readonly #hooks: Hooks;
  readonly #gate = new Gate();
  readonly #clock = new StepClock();
  readonly #pacer = new Pacer();
  #settings: TrainingSettings;
  #stop = new AbortController();
  #networks!: AutoencoderVersions;
  #looking!: Looking;
  /** The networks before their first step. */
  #initial!: Uint8Array;
  #loop: Promise<void> = Promise.resolve();
  #state: TrainingState = 'compiling';
  #saved: { bytes: Uint8Array; step: number } | undefined;
  #evaluated = { step: -1, end: 0, took: 0 };
  #evaluateOnPause = false;

  private constructor(
    around: Surroundings,
    data: { train: Dataset; test: Dataset },
    settings: TrainingSettings,
    hooks: Hooks,
  ) {
    this.#gpu = around.gpu;
    this.#train = versionsData(data.train);
    this.#test = versionsData(data.test);
    this.#around = around;
    this.#settings = settings;
    this.#hooks = hooks;
  }

  /** Builds the networks and starts their training, which waits for `play`. */
  static async create(
    around: Surroundings,
    data: { train: Dataset; test: Dataset },
    settings: TrainingSettings,
    hooks: Hooks,
    checkpoint?: Uint8Array,
  ): Promise<Training> {
    const training = new Training(around, data, settings, hooks);
    await training.#build(checkpoint);
    return training;
  }

  async #build(checkpoint: Uint8Array | undefined): Promise<void> {
    const { bottleneck, noise, seed, learningRate } = this.#settings;
    this.#tell('compiling');
    this.#networks = autoencoderVersions({ bottleneck, noise, seed });
    const { model, versions, objective } = this.#networks;
    await model.compile({ gpu: this.#gpu, optimizer: adadelta({ learningRate }), ...objective });
    this.#initial = await model.save();
    if (checkpoint) model.load(checkpoint);
    model.learningRate = learningRate;
    this.#looking = await Looking.create(this.#around, this.#networks, noise, this.#hooks);
    const { encoder, decoder } = versions.linearMse;
    this.#hooks.post({ type: 'model', parameters: encoder.parameters + decoder.parameters, bottleneck });
    this.#start();
  }

  #start(): void {
    this.#stop = new AbortController();
    this.#loop = this.#fit().catch((error) => {
      this.#gate.close();
      this.#tell('failed');
      this.#hooks.onFailure(error);
    });
  }

  /** Ends the loop after the step under way. */
  async #stopped(): Promise<void> {
    this.#stop.abort();
    this.#gate.admit();
    this.#pacer.wake();
    await this.#loop;
    await this.#looking.settle();
    this.#gate.close();
  }

  /**
   * From the first step again. The same networks with the same first weights are kept, with their compiled kernels;
   * for others the answer is false.
   */
  async restart(settings: TrainingSettings): Promise<boolean> {
    const before = this.#settings;
    const kept = ['bottleneck', 'noise', 'seed'] as const;
    if (this.#state === 'failed' || kept.some((name) => settings[name] !== before[name])) return false;
    await this.#stopped();
    this.#settings = settings;
    this.#networks.model.load(this.#initial);
    this.#networks.model.learningRate = settings.learningRate;
    this.#evaluated = { step: -1, end: 0, took: 0 };
    this.#tell('compiling');
    this.#start();
    return true;
  }

  /** Goes on with other noise: another step to compile, and the same weights. */
  async setNoise(noise: number): Promise<void> {
    if (noise === this.#settings.noise) return;
    const running = this.#gate.isOpen;
    await this.#stopped();
    const { model } = this.#networks;
    const [bytes, initial] = [await model.save(), this.#initial];
    this.#looking.destroy();
    model.destroy();
    this.#settings = { ...this.#settings, noise };
    await this.#build(bytes);
    this.#initial = initial;
    this.#evaluated.step = -1;
    if (running) this.play();
  }

  async #fit(): Promise<void> {
    const { signal } = this.#stop;
    const { model } = this.#networks;
    while (!signal.aborted) {
      const history = await model.fit(this.#train, {
        // The next so many: those that are left where a lost GPU was replaced in the middle of them.
        epochs:
          (Math.floor(model.epoch / AUTOENCODER_PRESETS.classroom.epochs) + 1) *
          AUTOENCODER_PRESETS.classroom.epochs,
        resume: true,
        batchSize: Math.min(this.#settings.batchSize, this.#train.size),
        signal,
        onCompile: ({ done, total, label }) =>
          this.#hooks.post({ type: 'progress', what: `Compiling ${label}`, part: done / total }),
        onReady: (program) => this.#ready(program),
        beforeStep: (step) => this.#beforeStep(step),
        onSteps: (values) => this.#report(values),
        onEpoch: (values) => this.#endEpoch(values),
      });
      if (history.stopped === 'aborted') return;
      this.#gate.close();
      this.#tell('finished');
    }
  }

  async #ready(program: Program): Promise<void> {
    const { planBytes } = program;
    const kernels = kernelCodes(program);
    this.#hooks.post({ type: 'program', dispatches: dispatchInfos(program), planBytes, kernels });
    await this.#look();
    const { step } = this.#networks.model;
    if (this.#evaluated.step !== step && !this.#stop.signal.aborted) await this.#evaluate();
    if (this.#state === 'compiling') this.#tell(this.#gate.isOpen ? 'running' : 'ready');
    this.#clock.start(step);
  }

  async #beforeStep(step: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    if (this.#gate.isOpen) {
      const { end, took } = this.#evaluated;
      const pause = Math.max(EVALUATION_PAUSE_MS, took / EVALUATION_SHARE);
      if (performance.now() - end > pause) await this.#evaluate();
      if (this.#hooks.wishes.pace !== 'full' || this.#looking.isDue) await this.#look();
      if (this.#gpu.device.software) await this.#looking.breathe();
      await this.#keepPace(step);
      if (this.#gate.isOpen) return;
    }
    if (this.#stop.signal.aborted) return;
    // Paused after a run, or stepping by hand: show the networks as they stand, then wait.
    if (this.#looking.isBehind) await this.#look();
    if (this.#state === 'pausing' || this.#state === 'paused') this.#tell('paused');
    if (this.#state === 'paused' && this.#evaluateOnPause) await this.#evaluate();
    this.#evaluateOnPause = false;
    await this.#gate.pass();
    this.#clock.start(step);
  }

  async #look(): Promise<void> {
    const start = performance.now();
    await this.#looking.look();
    this.#clock.exclude(performance.now() - start);
  }

  /** Waits until it is time for the next step. */
  async #keepPace(step: number): Promise<void> {
    const { pace } = this.#hooks.wishes;
    if (pace !== 'full') this.#hooks.post({ type: 'state', ...this.#position('running', step) });
    const waited = await this.#pacer.wait(() => {
      return this.#gate.isOpen && !this.#stop.signal.aborted ? this.#hooks.wishes.pace : 'full';
    });
    this.#clock.exclude(waited);
  }

  #report(values: readonly StepValues[]): void {
    const last = values.at(-1);
    if (!last) return;
    const points = values.map((own) => ({ step: own.step + 1, values: byVersion(own) }));
    const millisecondsPerStep = this.#clock.lap(last.step + 1);
    this.#hooks.post({ type: 'steps', points, millisecondsPerStep });
  }

  async #endEpoch({ step }: EpochValues): Promise<void> {
    if (this.#evaluated.step !== step) await this.#evaluate();
    this.#tell(this.#state);
  }

  async #evaluate(): Promise<void> {
    const start = performance.now();
    const { model } = this.#networks;
    const { step } = model;
    const values = byVersion(await model.evaluate(this.#test));
    this.#hooks.post({ type: 'evaluated', step, values });
    this.#saved = { bytes: await model.save(), step };
    const end = performance.now();
    this.#evaluated = { step, end, took: end - start };
    this.#clock.exclude(end - start);
  }

  /** What is looked at has changed, or a panel has come, changed its size, or is to be drawn in other colours. */
  async look(panel?: string): Promise<void> {
    if (this.#state !== 'failed') await this.#looking.redraw(panel);
  }

  play(): void {
    if (this.#state === 'running') return;
    this.#clock.start(this.#networks.model.step);
    this.#gate.open();
    if (this.#state !== 'compiling') this.#tell('running');
  }

  pause(): void {
    if (!this.#gate.isOpen) return;
    this.#gate.close();
    this.#pacer.wake();
    this.#evaluateOnPause = true;
    if (this.#state === 'running') this.#tell('pausing');
  }

  /** Pauses, and does one step. */
  step(): void {
    if (this.#gate.isOpen) return this.pause();
    if (this.#state === 'compiling') return;
    this.#state = 'paused';
    this.#gate.admit();
  }

  /** The pace has changed. */
  wake(): void {
    this.#pacer.wake();
  }

  set learningRate(value: number) {
    this.#networks.model.learningRate = value;
    this.#settings = { ...this.#settings, learningRate: value };
  }

  #tell(state: TrainingState): void {
    this.#state = state;
    this.#hooks.post({ type: 'state', ...this.#position(state, this.#networks?.model.step ?? 0) });
  }

  #position(state: TrainingState, step: number) {
    return { state, step, epoch: (step * this.#settings.batchSize) / this.#train.size };
  }

  /** The last evaluated state, for a new GPU. */
  get checkpoint(): Checkpoint | undefined {
    return this.#saved && { settings: this.#settings, ...this.#saved, running: this.#gate.isOpen };
  }

  /** Ends the training and frees what it holds. */
  async destroy(): Promise<void> {
    await this.#stopped();
    this.#looking.destroy();
    this.#networks.model.destroy();
  }
}
