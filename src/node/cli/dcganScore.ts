import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Dataset } from '../../data/dataset.ts';
import { EnvironmentError, FormatError } from '../../errors.ts';
import {
  CLASSIFIER_RECIPE,
  CLASSIFIER_VERSION,
  classifierSteps,
  DigitClassifier,
} from '../../models/digitClassifier.ts';
import { joinReadings, scoreDigits, statisticsOf } from '../../models/digitScore.ts';
import type { DigitReading, DigitScore } from '../../models/digitScore.ts';
import type { Gan } from '../../nn/gan/index.ts';
import { resize2d } from '../../ops/resize/resize2d.ts';
import { sameShape } from '../../ops/core/shape.ts';
import { cacheFolder } from '../cache.ts';
import { ensureWritableFolder, readFileIfExists, writeFileAtomic } from '../files.ts';
import type { TrainContext } from './command.ts';
import type { TrainingData } from './data.ts';
import { formatCount, formatPercent, formatSeconds } from './format.ts';
import { Progress } from './progress.ts';

/** Images that are drawn for a score: so many as test images, within these limits. In draws of BATCH. */
const SCORED_IMAGES = { least: 500, most: 5000 };
const BATCH = 250;
/** The same latent vectors for every score of a seed, and none of those that the sample grid shows. */
const SCORE_SEED = 1;

/** Of generated images, and of real ones that the classifier has not seen either, which says what is possible. */
export interface GanScores {
  readonly generated: DigitScore;
  readonly real: DigitScore;
  /** Images that were drawn. */
  readonly images: number;
}

/**
 * Scores a GAN with a classifier of digits, which is trained on the same images and always in the same way. The features
 * of the generated images are compared with those of the test images; the validation images give the reference score.
 */
export async function scoreGan(context: TrainContext, gan: Gan, data: TrainingData): Promise<GanScores> {
  const { signal } = context.interrupt;
  const classifier = await trainedClassifier(context, data);
  try {
    const real = statisticsOf(await classifier.readAll(data.test, { signal }));
    const { least, most } = SCORED_IMAGES;
    const images = Math.min(most, Math.max(least, data.test.size - (data.test.size % BATCH)));
    return {
      generated: scoreDigits(await readGenerated(gan, classifier, images, signal), real),
      real: scoreDigits(await classifier.readAll(data.validation, { signal }), real),
      images,
    };
  } finally {
    classifier.destroy();
  }
}

/** The classifier's readings of generated images, which never leave the GPU. */
export async function readGenerated(
  gan: Gan,
  classifier: DigitClassifier,
  images: number,
  signal?: AbortSignal,
): Promise<DigitReading> {
  const { imageShape } = gan;
  const fits = sameShape(imageShape, classifier.model.inputShape);
  const sampler = await gan.sampler({ count: BATCH });
  const reader = await classifier.reader({
    count: BATCH,
    images: sampler.images,
    imageShape,
    ...(!fits && { prepare: (drawn) => resize2d(drawn, [28, 28], { interpolation: 'bilinear' }) }),
  });
  try {
    const latents = gan.latents(images, SCORE_SEED);
    const values = (latents.length / images) * BATCH;
    const readings: DigitReading[] = [];
    for (let start = 0; start < latents.length; start += values) {
      signal?.throwIfAborted();
      await sampler.draw(latents.subarray(start, start + values));
      readings.push(await reader.read());
    }
    return joinReadings(readings);
  } finally {
    reader.destroy();
    sampler.destroy();
  }
}

/** The classifier out of the cache, or newly trained. */
async function trainedClassifier(context: TrainContext, data: TrainingData): Promise<DigitClassifier> {
  const { terminal, gpu } = context;
  const { train, test } = data;
  const classifier = await DigitClassifier.create(gpu);
  const path = join(cacheFolder(), 'digit-classifier', `${fingerprint(train)}.safetensors`);
  try {
    const saved = await readFileIfExists(path);
    if (saved && loads(classifier, saved, path)) return classifier;
    const steps = classifierSteps(train);
    terminal.line(`Training the classifier that scores generated digits, once: ${formatCount(steps)} steps.`);
    const began = performance.now();
    const progress = new Progress(terminal, 'classifier', steps);
    try {
      const { signal } = context.interrupt;
      await classifier.train(train, {
        signal,
        onSteps: (values) => progress.update(values.at(-1)!.step + 1),
      });
      signal.throwIfAborted();
    } finally {
      progress.stop();
    }
    const { accuracy } = await classifier.model.evaluate(test);
    const seconds = formatSeconds((performance.now() - began) / 1000);
    terminal.line(`It classifies ${formatPercent(accuracy)} of the test images correctly, after ${seconds}.`);
    await keep(context, path, await classifier.save());
    return classifier;
  } catch (error) {
    classifier.destroy();
    throw error;
  }
}

function loads(classifier: DigitClassifier, bytes: Uint8Array, path: string): boolean {
  try {
    classifier.load(bytes, path);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false; // it is trained again and replaced
    throw error;
  }
}

async function keep({ terminal }: TrainContext, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await ensureWritableFolder(dirname(path));
    await writeFileAtomic(path, bytes);
  } catch (error) {
    const reason = error instanceof EnvironmentError ? error.message : String(error);
    terminal.warn(`The classifier cannot be stored for the next run. ${reason}`);
  }
}

/** Of the training images and of how the classifier is trained. */
function fingerprint({ x, y }: Dataset): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([CLASSIFIER_VERSION, CLASSIFIER_RECIPE]));
  for (const { data } of [x, y]) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex').slice(0, 16);
}
