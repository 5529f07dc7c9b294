import { layerSummaries } from '../../src/index.ts';
import type { EpochValues, Gpu, Model, Program, StepValues } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { MNIST_CNN_PRESETS, mnistCnn } from '../../src/models/mnistCnn.ts';
import { coalesce } from '../shared/coalesce.ts';
import { dispatchInfos } from '../shared/dispatches.ts';
import { Gate } from '../shared/gate.ts';
import { StepClock } from '../shared/stepClock.ts';
import type { TileRenderer } from '../shared/tiles.ts';
import type { FromWorker, TrainingSettings, TrainingState } from './protocol.ts';
import { classify, isDrawable, Viewer } from './viewer.ts';
import type { LookedAt } from './viewer.ts';

/** Evaluating the test set takes at most this share of the time, and is done at most so often. */
const EVALUATION_SHARE = 0.08;
const EVALUATION_PAUSE_MS = 1500;
/** The least time between two looks at the network, on a GPU and on a CPU that plays one. */
const LOOK_MS = { gpu: 60, software: 500 };

/** Where to go on after the GPU was lost. */
export interface Checkpoint {
  readonly settings: TrainingSettings;
  readonly bytes: Uint8Array;
  readonly step: number;
  readonly running: boolean;
}

interface Hooks {
  readonly post: (message: FromWorker, transfer?: Transferable[]) => void;
  readonly onFailure: (error: unknown) => void;
}

/** A network in training on one GPU, from its first step until it is reset or the GPU is lost. */
export class Training {
  readonly #gpu: Gpu;
  readonly #data: MnistSet;
  readonly #renderer: TileRenderer;
  readonly #post: Hooks['post'];
  readonly #onFailure: Hooks['onFailure'];
  readonly #gate = new Gate();
  #stop = new AbortController();
  #settings: TrainingSettings;
  #model!: Model;
  /** The model before its first step. */
  #initial!: Uint8Array;
  #viewer!: Viewer;
  #loop: Promise<void> = Promise.resolve();
  #state: TrainingState = 'compiling';
  #image: LookedAt = { bytes: new Uint8Array(28 * 28) };
  #saved: Uint8Array | undefined;
  #savedStep = 0;
  #looked = { step: -1, time: 0 };
  #evaluated = { step: -1, end: 0, took: 0 };
  readonly #clock = new StepClock();
  #evaluateOnPause = false;

  private constructor(
    gpu: Gpu,
    data: MnistSet,
    renderer: TileRenderer,
    settings: TrainingSettings,
    hooks: Hooks,
  ) {
    this.#gpu = gpu;
    this.#data = data;
    this.#renderer = renderer;
    this.#post = hooks.post;
    this.#onFailure = hooks.onFailure;
    this.#settings = settings;
  }

  /** Builds the model and starts its training, which waits for `play`. */
  static async create(
    gpu: Gpu,
    data: MnistSet,
    renderer: TileRenderer,
    settings: TrainingSettings,
    hooks: Hooks,
    checkpoint?: Uint8Array,
  ): Promise<Training> {
    const training = new Training(gpu, data, renderer, settings, hooks);
    await training.#build(checkpoint);
    return training;
  }

  async #build(checkpoint: Uint8Array | undefined): Promise<void> {
    const { preset, seed, learningRate } = this.#settings;
    const recipe = MNIST_CNN_PRESETS[preset];
    const model = (this.#model = mnistCnn(preset, { seed }));
    this.#tell('compiling');
    await model.compile({
      gpu: this.#gpu,
      optimizer: recipe.optimizer({ learningRate }),
      loss: 'softmaxCrossEntropy',
      metrics: ['accuracy'],
    });
    this.#initial = await model.save();
    if (checkpoint) model.load(checkpoint);
    this.#viewer = await Viewer.create(this.#gpu, model, this.#renderer);
    const layers = layerSummaries(model).map((summary, i) => {
      const shape = model.layers[i].variables[0]?.shape;
      return { ...summary, filters: isDrawable(shape) ? { width: shape[1], height: shape[0] } : undefined };
    });
    this.#post({ type: 'model', layers, parameters: model.parameters, epochs: recipe.epochs });
    this.#start();
  }

  #start(): void {
    this.#stop = new AbortController();
    this.#loop = this.#train().catch((error) => {
      this.#gate.close();
      this.#tell('failed');
      this.#onFailure(error);
    });
  }

  /** Ends the loop after the step under way. */
  async #stopped(): Promise<void> {
    this.#stop.abort();
    this.#gate.admit();
    await this.#loop;
    this.#gate.close();
  }

  /**
   * From the first step again. The same network with the same first weights is kept, with its compiled kernels;
   * for another one the answer is false.
   */
  async restart(settings: TrainingSettings): Promise<boolean> {
    const { preset, seed } = this.#settings;
    if (settings.preset !== preset || settings.seed !== seed) return false;
    await this.#stopped();
    this.#settings = settings;
    this.#model.load(this.#initial);
    this.#model.learningRate = settings.learningRate;
    this.#tell('compiling');
    this.#start();
    return true;
  }

  async #train(): Promise<void> {
    const { preset, batchSize } = this.#settings;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const history = await this.#model.fit(this.#data.train, {
        // The next so many: those that are left where a lost GPU was replaced in the middle of them.
        epochs:
          (Math.floor(this.#model.epoch / MNIST_CNN_PRESETS[preset].epochs) + 1) *
          MNIST_CNN_PRESETS[preset].epochs,
        resume: true,
        batchSize: Math.min(batchSize, this.#data.train.size),
        signal,
        onCompile: ({ done, total, label }) =>
          this.#post({ type: 'progress', what: `Compiling ${label}`, part: done / total }),
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
    this.#post({ type: 'program', dispatches: dispatchInfos(program), planBytes: program.planBytes });
    await this.#look();
    if (this.#evaluated.step !== this.#model.step && !this.#stop.signal.aborted) await this.#evaluate();
    if (this.#state === 'compiling') this.#tell(this.#gate.isOpen ? 'running' : 'ready');
    this.#clock.start(this.#model.step);
  }

  async #beforeStep(step: number): Promise<void> {
    const now = performance.now();
    const { end, took } = this.#evaluated;
    if (this.#stop.signal.aborted) return;
    if (this.#gate.isOpen) {
      const pause = Math.max(EVALUATION_PAUSE_MS, took / EVALUATION_SHARE);
      if (now - end > pause) await this.#evaluate();
      if (now - this.#looked.time > LOOK_MS[this.#gpu.device.software ? 'software' : 'gpu'])
        await this.#look();
      return;
    }
    // Paused after a run, or stepping by hand: show the network as it stands, then wait.
    if (step !== this.#looked.step) await this.#look();
    if (this.#state === 'pausing' || this.#state === 'paused') this.#tell('paused');
    if (this.#state === 'paused' && this.#evaluateOnPause) await this.#evaluate();
    this.#evaluateOnPause = false;
    await this.#gate.pass();
    this.#clock.start(step);
  }

  #report(values: readonly StepValues[]): void {
    if (values.length === 0) return;
    const points = values.map(({ step, loss, accuracy }) => ({ step: step + 1, loss, accuracy }));
    const millisecondsPerStep = this.#clock.lap(values[values.length - 1].step + 1);
    this.#post({ type: 'steps', points, millisecondsPerStep });
  }

  async #endEpoch({ step }: EpochValues): Promise<void> {
    if (this.#evaluated.step !== step) await this.#evaluate();
    this.#tell(this.#state);
  }

  /** The test set: loss, accuracy, and the class found for each image. */
  async #evaluate(): Promise<void> {
    const start = performance.now();
    const step = this.#model.step;
    const { test } = this.#data;
    const { loss, metrics, outputs } = await this.#model.evaluator().inspect(test);
    const { predictions, confidence } = classify(outputs);
    const mean = (list: Float32Array) => list.reduce((sum, value) => sum + value, 0) / list.length;
    const values = { step, loss: mean(loss), accuracy: mean(metrics.accuracy), predictions, confidence };
    this.#post({ type: 'evaluated', ...values }, [predictions.buffer, confidence.buffer]);
    this.#saved = await this.#model.save();
    this.#savedStep = step;
    const end = performance.now();
    this.#evaluated = { step, end, took: end - start };
    this.#clock.exclude(end - start);
  }

  /** Draws the panels, and lets the page know the probabilities. */
  async #look(): Promise<void> {
    this.#looked = { step: this.#model.step, time: performance.now() };
    await this.#viewer.look();
    void this.#tellProbabilities().catch((error) => this.#onFailure(error));
  }

  readonly #tellProbabilities = coalesce(async () => {
    const { index } = this.#image;
    const probabilities = await this.#viewer.probabilities();
    this.#post({ type: 'seen', input: index, probabilities });
  });

  /** Lets the network look at an image from now on. */
  async show(image: LookedAt): Promise<void> {
    this.#image = image;
    this.#viewer.image = image;
    await this.#look();
  }

  /** A panel has come, changed its size, or is to be drawn in other colours. */
  async redraw(name?: string): Promise<void> {
    if (name) this.#viewer.connect(name);
    if (this.#renderer.stale) await this.#look();
  }

  play(): void {
    if (this.#state === 'running') return;
    this.#clock.start(this.#model.step);
    this.#gate.open();
    if (this.#state !== 'compiling') this.#tell('running');
  }

  pause(): void {
    if (!this.#gate.isOpen) return;
    this.#gate.close();
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

  set learningRate(value: number) {
    this.#model.learningRate = value;
    this.#settings = { ...this.#settings, learningRate: value };
  }

  #tell(state: TrainingState): void {
    this.#state = state;
    const { step } = this.#model;
    const epoch = (step * this.#settings.batchSize) / this.#data.train.size;
    this.#post({ type: 'state', state, step, epoch });
  }

  /** The last evaluated state, for a new GPU. */
  get checkpoint(): Checkpoint | undefined {
    if (!this.#saved) return undefined;
    return {
      settings: this.#settings,
      bytes: this.#saved,
      step: this.#savedStep,
      running: this.#gate.isOpen,
    };
  }

  get image(): LookedAt {
    return this.#image;
  }

  /** Ends the training and frees what it holds. */
  async destroy(): Promise<void> {
    await this.#stopped();
    this.#viewer.destroy();
    this.#model.destroy();
  }
}
