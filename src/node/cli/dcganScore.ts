import type { DigitClassifier } from '../../models/digitClassifier.ts';
import { joinReadings, scoreDigits, statisticsOf } from '../../models/digitScore.ts';
import type { DigitReading, DigitScore } from '../../models/digitScore.ts';
import type { Gan } from '../../nn/gan/index.ts';
import { resize2d } from '../../ops/resize/resize2d.ts';
import { sameShape } from '../../ops/core/shape.ts';
import type { TrainContext } from './command.ts';
import type { TrainingData } from './data.ts';
import { trainedClassifier } from './digitJudge.ts';

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
