import type { Dataset } from '../data/dataset.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { dense } from '../nn/layers/dense.ts';
import { maxPool2d } from '../nn/layers/pooling.ts';
import { flatten } from '../nn/layers/shaping.ts';
import { softmaxCrossEntropy } from '../nn/losses.ts';
import { accuracy } from '../nn/metrics.ts';
import type { FitOptions } from '../nn/training/fit.ts';
import { sequential } from '../nn/sequential.ts';
import type { Model } from '../nn/model.ts';
import { adam } from '../nn/optimizers.ts';
import { ShapeError } from '../errors.ts';
import { input } from '../ops/core/leaves.ts';
import { softmax } from '../ops/softmax/softmax.ts';
import { formatShape, sizeOf } from '../ops/core/shape.ts';
import type { Tensor } from '../ops/core/op.ts';
import type { Shape } from '../ops/core/shape.ts';
import type { Location } from '../runtime/location.ts';
import type { Program } from '../runtime/program.ts';
import type { CompileProgress } from '../runtime/programOptions.ts';
import type { Gpu } from '../runtime/session.ts';
import { joinReadings } from './digitScore.ts';
import type { DigitReading } from './digitScore.ts';

/** Increase it when network or training change: scores of different versions cannot be compared. */
export const CLASSIFIER_VERSION = 1;

/** How the classifier is trained: always the same way, so that scores can be compared. */
export const CLASSIFIER_RECIPE = {
  seed: 2026,
  steps: 1500,
  /** For data sets so small that the steps would be more. */
  mostEpochs: 20,
  batchSize: 64,
  learningRate: 0.002,
} as const;

/** The layers that a dream can make respond more: their index in the model, and their channels. */
export const CLASSIFIER_LAYERS = {
  conv1: { index: 0, channels: 8 },
  conv2: { index: 2, channels: 16 },
  features: { index: 5, channels: 64 },
  logits: { index: 6, channels: 10 },
} as const;

const CLASSES = 10;
const READING_BATCH = 250;
const IMAGE: Shape = [28, 28, 1];

export interface DigitReaderOptions {
  /** Images per reading. */
  count: number;
  /** Their tensor on the GPU, f32 [count, ...imageShape], 0 black to 1 white, such as a GanSampler's `images`. Without it, they are passed to `read`. */
  images?: Location;
  /** Default [28, 28, 1]. */
  imageShape?: Shape;
  /** From [count, ...imageShape] to [count, 28, 28, 1], where the images are not of that shape. */
  prepare?: (images: Tensor) => Tensor;
  onProgress?: (progress: CompileProgress) => void;
}

/**
 * The classifier that scores generated digits: the quick network for MNIST with 64 features before its ten logits (22,426
 * parameters), trained with a fixed seed and number of steps. About 98% of MNIST's test digits are right.
 */
export class DigitClassifier {
  readonly model: Model;
  readonly #gpu: Gpu;

  private constructor(gpu: Gpu, model: Model) {
    this.#gpu = gpu;
    this.model = model;
  }

  /**
   * One that is not trained yet: `train` or `load` it.
   *
   * @param options.seed of the weights and the shuffling; default: the recipe's, with which scores can be compared
   */
  static async create(
    gpu: Gpu,
    { seed = CLASSIFIER_RECIPE.seed }: { seed?: number } = {},
  ): Promise<DigitClassifier> {
    const { learningRate } = CLASSIFIER_RECIPE;
    const layers = [
      conv2d({ filters: 8, kernelSize: 5, activation: 'relu' }),
      maxPool2d(),
      conv2d({ filters: 16, kernelSize: 5, activation: 'relu' }),
      maxPool2d(),
      flatten(),
      dense({ units: 64, activation: 'relu', name: 'features' }),
      dense({ units: CLASSES, name: 'logits' }),
    ];
    const model = sequential(layers, { inputShape: IMAGE, name: 'digit-classifier', seed });
    await model.compile({
      gpu,
      optimizer: adam({ learningRate }),
      loss: softmaxCrossEntropy,
      metrics: [accuracy],
    });
    return new DigitClassifier(gpu, model);
  }

  /** Trains on labelled 28 × 28 images for the recipe's number of steps: half a minute on two CPU cores. */
  async train(
    data: Dataset,
    options: Pick<FitOptions, 'signal' | 'onCompile' | 'onSteps' | 'beforeStep'> = {},
  ) {
    const batchSize = Math.min(CLASSIFIER_RECIPE.batchSize, data.size);
    await this.model.fit(data, { ...options, steps: classifierSteps(data), batchSize, resume: true });
  }

  save(): Promise<Uint8Array> {
    return this.model.save();
  }

  /** @throws FormatError if the file is not of this classifier */
  load(bytes: Uint8Array, name?: string): void {
    this.model.load(bytes, name);
  }

  /** A program that reads images. */
  async reader(options: DigitReaderOptions): Promise<DigitReader> {
    const { count, imageShape = IMAGE, prepare = (images) => images, onProgress } = options;
    const images = input('images', [count, ...imageShape]);
    const program = await this.#gpu.compile(
      (g) => {
        if (options.images) g.buffers.set(images, options.images);
        const outputs = this.model.callLayers(prepare(images));
        return { features: outputs.at(-2)!, probabilities: softmax(outputs.at(-1)!) };
      },
      { label: `${this.model.name}/read`, onProgress },
    );
    return new DigitReader(program, images);
  }

  /**
   * Reads the images of a data set, in batches; a last batch that is not whole is left out.
   *
   * @throws what the signal is aborted with
   */
  async readAll(data: Dataset, { signal }: { signal?: AbortSignal } = {}): Promise<DigitReading> {
    const count = Math.min(READING_BATCH, data.size);
    const reader = await this.reader({ count });
    try {
      const pixels = data.x.data.length / data.size;
      const readings: DigitReading[] = [];
      for (let start = 0; start + count <= data.size; start += count) {
        signal?.throwIfAborted();
        const images = data.x.data.subarray(start * pixels, (start + count) * pixels);
        readings.push(await reader.read(images as Uint8Array | Float32Array));
      }
      return joinReadings(readings);
    } finally {
      reader.destroy();
    }
  }

  destroy(): void {
    this.model.destroy();
  }
}

/** How many steps training on a data set takes. */
export function classifierSteps({ size }: Pick<Dataset, 'size'>): number {
  const { steps, mostEpochs, batchSize } = CLASSIFIER_RECIPE;
  return Math.min(steps, Math.ceil((mostEpochs * size) / Math.min(batchSize, size)));
}

/** Reads batches of images, passed in or lying on the GPU. */
export class DigitReader {
  readonly program: Program;
  readonly #images: Tensor;

  constructor(program: Program, images: Tensor) {
    this.program = program;
    this.#images = images;
  }

  /**
   * Probabilities and features of the images.
   *
   * @param images 0 black to 1 white; bytes count as 0 … 255. Left out where they lie on the GPU
   * @throws ShapeError if their number is another one
   */
  async read(images?: Float32Array | Uint8Array): Promise<DigitReading> {
    if (images) {
      if (images.length !== sizeOf(this.#images.shape)) {
        throw new ShapeError(
          `${this.program.label}: takes images ${formatShape(this.#images.shape)}, got ${images.length} values`,
        );
      }
      const floats = images instanceof Uint8Array ? Float32Array.from(images, (byte) => byte / 255) : images;
      this.program.write(this.#images, floats);
    }
    await this.program.step();
    const probabilities = (await this.program.read('probabilities')) as Float32Array;
    const features = (await this.program.read('features')) as Float32Array;
    return { probabilities, features, classes: CLASSES };
  }

  destroy(): void {
    this.program.destroy();
  }
}
