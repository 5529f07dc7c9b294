import type { Gan, GanPart, GanStepValues, Gpu, Program } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { dcgan, dcganTraining } from '../../src/models/dcgan.ts';
import { dispatchInfos } from '../shared/dispatches.ts';
import { Gate } from '../shared/gate.ts';
import { StepClock } from '../shared/stepClock.ts';
import { newKernels } from './kernels.ts';
import { Movement } from './movement.ts';
import { SAMPLES, STAGES } from './protocol.ts';
import type { GanSettings, TrainingState } from './protocol.ts';
import type { Checkpoint, Hooks } from './hooks.ts';
import { Views } from './views.ts';
import type { Surroundings } from './views.ts';

/** How long a stage stays lit, by pace. */
const STAGE_MS = { step: 500 / STAGES.length, stage: 500 };
/** Everything is saved so often, for a GPU that may be lost: small networks, and those with millions of weights. */
const SAVE_MS = { small: 10_000, large: 60_000 };
const LARGE = 1e6;
const PIXELS = 28 * 28;

/** Two networks in training on one GPU, from their first step until they are reset or the GPU is lost. */
export class Training {
  readonly #data: MnistSet;
  readonly #hooks: Hooks;
  readonly #gate = new Gate();
  readonly #clock = new StepClock();
  readonly #gan: Gan;
  readonly #movement: Movement;
  #views!: Views;
  #settings: GanSettings;
  #stop = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #state: TrainingState = 'compiling';
  /** The networks before their first step. */
  #initial!: Uint8Array;
  #saved: { bytes: Uint8Array; step: number; time: number } | undefined;
  #wake: (() => void) | undefined;
  #movedAt = -1;

  private constructor(data: MnistSet, gan: Gan, settings: GanSettings, hooks: Hooks) {
    this.#data = data;
    this.#gan = gan;
    this.#movement = new Movement(gan);
    this.#settings = settings;
    this.#hooks = hooks;
  }

  /** Builds the networks and starts their training, which waits for `play`. */
  static async create(
    gpu: Gpu,
    data: MnistSet,
    around: Surroundings,
    settings: GanSettings,
    hooks: Hooks,
    checkpoint?: Uint8Array,
  ): Promise<Training> {
    const { preset, seed, loss: generatorLoss, smoothing: labelSmoothing } = settings;
    const gan = dcgan(preset, { seed });
    const training = new Training(data, gan, settings, hooks);
    hooks.post({ type: 'state', state: 'compiling', step: 0, epoch: 0, updates: NONE });
    await gan.compile({ gpu, ...dcganTraining(preset, { generatorLoss, labelSmoothing }) });
    training.setRates({ generator: settings.generatorRate, discriminator: settings.discriminatorRate });
    training.#initial = await gan.save();
    if (checkpoint) gan.load(checkpoint);
    const reals = (data.test.x.data as Uint8Array).subarray(0, SAMPLES * PIXELS);
    training.#views = await Views.create(gpu, gan, around, reals, hooks);
    const { generator, discriminator, latentShape, imageShape } = gan;
    const parameters = { generator: generator.parameters, discriminator: discriminator.parameters };
    hooks.post({ type: 'model', parameters, latentSize: latentShape[0], side: imageShape[0] });
    training.#start();
    return training;
  }

  #start(): void {
    this.#stop = new AbortController();
    this.#loop = this.#train().catch((error) => {
      this.#gate.close();
      this.#tell('failed');
      this.#hooks.onFailure(error);
    });
  }

  /** Ends the loop after the step under way. */
  async #stopped(): Promise<void> {
    this.#stop.abort();
    this.#gate.admit();
    this.wake();
    await this.#loop;
    this.#gate.close();
  }

  /**
   * From the first step again. The same networks with the same first weights are kept; for others the answer is false.
   */
  async restart(settings: GanSettings): Promise<boolean> {
    const before = this.#settings;
    const kept = ['preset', 'seed', 'loss', 'smoothing'] as const;
    if (this.#state === 'failed' || kept.some((name) => settings[name] !== before[name])) return false;
    await this.#stopped();
    this.#settings = settings;
    this.#gan.load(this.#initial);
    this.setRates({ generator: settings.generatorRate, discriminator: settings.discriminatorRate });
    this.#movedAt = -1;
    this.#views.forget();
    this.#tell('compiling');
    this.#start();
    return true;
  }

  async #train(): Promise<void> {
    const { post, wishes } = this.#hooks;
    await this.#gan.fit(this.#data.train, {
      steps: Infinity,
      resume: true, // in the middle of an epoch, where a lost GPU is replaced
      keepSteps: false,
      batchSize: Math.min(this.#settings.batchSize, this.#data.train.size),
      signal: this.#stop.signal,
      train: () => wishes.part,
      onCompile: ({ done, total, label }) =>
        post({ type: 'progress', what: `Compiling ${label}`, part: done / total }),
      onReady: (program, part) => this.#ready(program, part),
      beforeStep: () => this.#beforeStep(),
      onSteps: (values) => this.#report(values),
    });
  }

  async #ready(program: Program, part: GanPart): Promise<void> {
    const [dispatches, kernels] = [dispatchInfos(program), newKernels(program)];
    this.#hooks.post({ type: 'program', part, dispatches, planBytes: program.planBytes, kernels });
    if (this.#stop.signal.aborted || this.#state !== 'compiling') return this.#clock.start(this.#gan.step);
    await this.#views.settle();
    await this.#tellMovement();
    this.#tell(this.#gate.isOpen ? 'running' : 'ready');
    this.#clock.start(this.#gan.step);
  }

  async #beforeStep(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const start = performance.now();
    await this.#views.keepUp();
    await this.#saveIfDue();
    this.#clock.exclude(performance.now() - start);
    if (this.#gate.isOpen && (await this.#tour())) return;
    // Paused after a run, or stepping by hand: show the networks as they stand, then wait.
    this.#light(undefined);
    await this.#views.settle();
    await this.#tellMovement();
    if (this.#state === 'pausing' || this.#state === 'paused') this.#tell('paused');
    await this.#gate.pass();
    await this.#tour(true);
    this.#clock.start(this.#gan.step);
  }

  /** Lights the stages of a slow step one after the other. False if someone pauses meanwhile. */
  async #tour(byHand = false): Promise<boolean> {
    const { wishes } = this.#hooks;
    const start = performance.now();
    for (const stage of STAGES) {
      const { pace } = wishes;
      if (pace === 'full' || this.#stop.signal.aborted) break;
      this.#light(stage);
      await this.#sleep(STAGE_MS[pace]);
      if (!byHand && !this.#gate.isOpen) return false;
    }
    if (wishes.pace === 'full') this.#light(undefined);
    this.#clock.exclude(performance.now() - start);
    return true;
  }

  #lit = false;

  #light(stage: (typeof STAGES)[number] | undefined): void {
    if (!stage && !this.#lit) return;
    this.#lit = stage !== undefined;
    this.#hooks.post({ type: 'stage', stage, part: this.#hooks.wishes.part });
  }

  async #sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  /** Cuts a stage short: the pace has changed. */
  wake(): void {
    this.#wake?.();
  }

  #report(values: readonly GanStepValues[]): void {
    if (values.length === 0) return;
    const points = values.map((point) => ({ ...point, step: point.step + 1 }));
    const reached = points[points.length - 1].step;
    this.#hooks.post({ type: 'steps', points, millisecondsPerStep: this.#clock.lap(reached) });
    if (this.#state === 'running') this.#tell('running');
  }

  async #tellMovement(): Promise<void> {
    if (this.#movedAt === this.#gan.step) return;
    this.#movedAt = this.#gan.step;
    const by = await this.#movement.look();
    if (by && this.#gan.step > 0) this.#hooks.post({ type: 'moved', by });
  }

  async #saveIfDue(): Promise<void> {
    const pause = this.#gan.parameters > LARGE ? SAVE_MS.large : SAVE_MS.small;
    const { step } = this.#gan;
    if (this.#saved && (performance.now() - this.#saved.time < pause || step === this.#saved.step)) return;
    this.#saved = { bytes: await this.#gan.save(), step, time: performance.now() };
  }

  play(): void {
    if (this.#state === 'running') return;
    this.#clock.start(this.#gan.step);
    this.#gate.open();
    if (this.#state !== 'compiling') this.#tell('running');
  }

  pause(): void {
    if (!this.#gate.isOpen) return;
    this.#gate.close();
    if (this.#state === 'running') this.#tell('pausing');
    this.wake();
  }

  /** Pauses, or does one step. */
  step(): void {
    if (this.#gate.isOpen) return this.pause();
    if (this.#state !== 'ready' && this.#state !== 'paused') return;
    this.#state = 'paused';
    this.#gate.admit();
  }

  setRates({ generator, discriminator }: { generator: number; discriminator: number }): void {
    this.#gan.learningRates = { generator, discriminator };
    this.#settings = { ...this.#settings, generatorRate: generator, discriminatorRate: discriminator };
  }

  async changeNoise(): Promise<void> {
    this.#views.changeNoise();
    this.#views.forget();
    await this.#views.settle();
  }

  watch(): void {
    this.#views.watch();
    this.redraw();
  }

  walk(): void {
    void this.#views.stroll().catch((error) => this.#hooks.onFailure(error));
  }

  classify(): Promise<void> {
    return this.#views.classify();
  }

  /** A panel has come, changed its size, or is to be drawn in other colours. */
  redraw(name?: string): void {
    if (name) this.#views.connect(name);
    void this.#views.redraw().catch((error) => this.#hooks.onFailure(error));
  }

  #tell(state: TrainingState): void {
    this.#state = state;
    const { step, updates } = this.#gan;
    const epoch = (step * this.#settings.batchSize) / this.#data.train.size;
    this.#hooks.post({ type: 'state', state, step, epoch, updates });
  }

  /** The last saved state, for a new GPU. */
  get checkpoint(): Checkpoint | undefined {
    if (!this.#saved) return undefined;
    const { bytes, step } = this.#saved;
    return { settings: this.#settings, bytes, step, running: this.#gate.isOpen };
  }

  /** Ends the training and frees what it holds. */
  async destroy(): Promise<void> {
    await this.#stopped();
    await this.#views.destroy();
    this.#gan.destroy();
  }
}

const NONE = { generator: 0, discriminator: 0 };
