import { joinReadings, shareAsLabelled } from '../../models/digitScore.ts';
import type { DigitReading } from '../../models/digitScore.ts';
import { drawCodes, VAE_CLASSES } from '../../models/vae.ts';
import type { Vae } from '../../models/vae.ts';
import { constant } from '../../ops/core/leaves.ts';
import { randomNormal } from '../../ops/random/random.ts';
import type { TrainContext } from './command.ts';
import type { TrainingData } from './data.ts';
import { trainedClassifier } from './digitJudge.ts';

/** Digits that are drawn, the same number of each class. */
const DRAWN = 5000;
const BATCH = 250;

/**
 * The share of digits, drawn for a class from codes N(0, 1), that a classifier reads as this class. The classifier is the
 * one that scores the DCGAN, trained on the same images and always in the same way. The digits never leave the GPU.
 */
export async function readAsLabelled(context: TrainContext, vae: Vae, data: TrainingData): Promise<number> {
  const { gpu, settings, interrupt } = context;
  const classes = Int32Array.from({ length: BATCH }, (_, i) => i % VAE_CLASSES);
  const classifier = await trainedClassifier(context, data);
  const drawing = await gpu.compile(
    () => ({
      images: drawCodes(vae, randomNormal([BATCH, vae.latent]), constant(classes, [BATCH])),
    }),
    { label: 'vae/draw', seed: settings.seed, precision: settings.precision },
  );
  const reader = await classifier.reader({ count: BATCH, images: drawing.location('images') });
  try {
    const readings: DigitReading[] = [];
    for (let drawn = 0; drawn < DRAWN; drawn += BATCH) {
      interrupt.signal.throwIfAborted();
      await drawing.step(); // other codes each time
      readings.push(await reader.read());
    }
    const reading = joinReadings(readings);
    const wanted = Array.from({ length: DRAWN }, (_, i) => classes[i % BATCH]);
    return shareAsLabelled(reading, wanted);
  } finally {
    reader.destroy();
    drawing.destroy();
    classifier.destroy();
  }
}
