import { ops } from '../../src/index.ts';
import type { Dataset, Gan, Gpu } from '../../src/index.ts';
import { CLASSIFIER_RECIPE, classifierSteps, DigitClassifier } from '../../src/models/digitClassifier.ts';
import type { DigitReader } from '../../src/models/digitClassifier.ts';
import type { Range } from '../shared/tiles.ts';
import { SAMPLES } from './protocol.ts';
import type { FromWorker } from './protocol.ts';

/** On a CPU that plays a GPU the classifier gets by with a fifth of its training: it then reads some 95 % rightly. */
const SOFTWARE_STEPS = 300;

const SIDE = 28;

/** A classifier of digits that looks at what the generator makes. It outlives the networks that it looks at. */
export class Critic {
  readonly #gpu: Gpu;
  readonly #data: Dataset;
  readonly #post: (message: FromWorker) => void;
  readonly #stop = new AbortController();
  #classifier: DigitClassifier | undefined;
  #training: Promise<void> | undefined;
  #trained = false;
  #reader: DigitReader | undefined;
  #looksAt: { gan: Gan; images: Range } | undefined;

  constructor(gpu: Gpu, data: Dataset, post: (message: FromWorker) => void) {
    this.#gpu = gpu;
    this.#data = data;
    this.#post = post;
    this.#tell('untrained', 0, 0);
  }

  get steps(): number {
    const steps = classifierSteps(this.#data);
    return this.#gpu.device.software ? Math.min(SOFTWARE_STEPS, steps) : steps;
  }

  get isReady(): boolean {
    return this.#trained;
  }

  /** Trains, unless that has been done or is under way. */
  train(): Promise<void> {
    return (this.#training ??= this.#train());
  }

  async #train(): Promise<void> {
    const { steps } = this;
    this.#tell('training', 0, 0);
    const classifier = await DigitClassifier.create(this.#gpu);
    this.#classifier = classifier;
    let accuracy = 0;
    const { signal } = this.#stop;
    const batchSize = Math.min(CLASSIFIER_RECIPE.batchSize, this.#data.size);
    await classifier.model.fit(this.#data, {
      steps,
      batchSize,
      signal,
      onSteps: (values) => {
        for (const value of values) accuracy += (value.accuracy - accuracy) / Math.min(50, value.step + 1);
        this.#tell('training', (values[values.length - 1].step + 1) / steps, accuracy);
      },
    });
    if (signal.aborted) return;
    this.#trained = true;
    this.#tell('ready', 1, accuracy);
  }

  #tell(state: 'untrained' | 'training' | 'ready', part: number, accuracy: number): void {
    this.#post({ type: 'critic', state, part, accuracy, steps: this.steps });
  }

  /** What `read` reads from now on: f32 [SAMPLES, ...imageShape], where it lies. */
  lookAt(gan: Gan, images: Range): void {
    this.#reader?.destroy();
    this.#reader = undefined;
    this.#looksAt = { gan, images };
  }

  /** The ten probabilities of each image; undefined while nothing is trained, or after others were to be looked at. */
  async read(): Promise<Float32Array | undefined> {
    const wanted = this.#looksAt;
    if (!this.#trained || !this.#classifier || !wanted) return undefined;
    if (!this.#reader) {
      const { imageShape } = wanted.gan;
      const resized = imageShape[0] !== SIDE;
      const reader = await this.#classifier.reader({
        count: SAMPLES,
        images: wanted.images,
        imageShape,
        ...(resized && { prepare: (images) => ops.resize2d(images, [SIDE, SIDE]) }),
      });
      if (wanted !== this.#looksAt) {
        reader.destroy();
        return undefined;
      }
      this.#reader = reader;
    }
    return (await this.#reader.read()).probabilities;
  }

  /** Ends its training and frees what it holds. */
  async destroy(): Promise<void> {
    this.#stop.abort();
    await this.#training?.catch(() => {});
    this.#reader?.destroy();
    this.#classifier?.destroy();
  }
}
