import { joinReadings, scoreDigits, shareAsLabelled, statisticsOf } from '../../models/digitScore.ts';
import type { DigitReading, DigitScore } from '../../models/digitScore.ts';
import { DIFFUSION_CLASSES } from '../../models/diffusion.ts';
import type { Diffusion } from '../../models/diffusion.ts';
import { DiffusionDrawer } from '../../models/diffusionSampler.ts';
import type { DiffusionSampler } from '../../models/diffusionSchedule.ts';
import type { TrainContext } from './command.ts';
import type { TrainingData } from './data.ts';
import { trainedClassifier } from './digitJudge.ts';
import { formatPercent } from './format.ts';

/** How a trained model draws. */
export interface Drawing {
  readonly guidance: number;
  readonly sampler: DiffusionSampler;
  /** From noise to an image. */
  readonly steps: number;
}

/** Of drawn digits; `asLabelled` is the share that the classifier reads as what was asked for. */
export interface DiffusionScore extends DigitScore {
  readonly asLabelled: number;
}

/** Digits that are drawn, the same number of each class. The Fréchet distance falls with their number. */
const DRAWN = 500;
const BATCH = 250;

/**
 * Scores drawn digits with the classifier that scores the DCGAN, which is trained on the same images and always in the same way.
 * Their features are compared with those of the test images. The digits never leave the GPU.
 */
export async function scoreDiffusion(
  context: TrainContext,
  model: Diffusion,
  data: TrainingData,
  drawing: Drawing,
): Promise<DiffusionScore> {
  const { terminal, settings, interrupt } = context;
  const { signal } = interrupt;
  const classifier = await trainedClassifier(context, data);
  const drawer = await openDrawer(context, model, BATCH, drawing);
  const reader = await classifier.reader({ count: BATCH, images: drawer.images });
  try {
    const real = statisticsOf(await classifier.readAll(data.test, { signal }));
    const classes = Int32Array.from({ length: BATCH }, (_, i) => i % DIFFUSION_CLASSES);
    const readings: DigitReading[] = [];
    for (let drawn = 0; drawn < DRAWN; drawn += BATCH) {
      await drawer.draw({ ...drawing, classes, seed: settings.seed + 1 + readings.length, signal });
      readings.push(await reader.read());
    }
    const reading = joinReadings(readings);
    const wanted = Array.from({ length: DRAWN }, (_, i) => classes[i % BATCH]);
    const score = scoreDigits(reading, real);
    const asLabelled = shareAsLabelled(reading, wanted);
    const { classifierConfidence, classEntropy, frechetDistance } = score;
    terminal.line(
      `${DRAWN} digits drawn in ${drawing.steps} ${drawing.sampler} steps, guidance ${drawing.guidance}: confidence ${formatPercent(classifierConfidence)}, class entropy ${classEntropy.toFixed(3)} nats, Fréchet distance ${terminal.style('bold', frechetDistance.toFixed(2))}; ${formatPercent(asLabelled)} are read as the class asked for`,
    );
    terminal.line(
      terminal.style('dim', 'Scored by a classifier; an entropy of 2.303 is all ten digits alike.'),
    );
    terminal.line();
    return {
      classifierConfidence: Number(classifierConfidence.toFixed(4)),
      classEntropy: Number(classEntropy.toFixed(4)),
      frechetDistance: Number(frechetDistance.toFixed(3)),
      asLabelled,
    };
  } finally {
    reader.destroy();
    drawer.destroy();
    classifier.destroy();
  }
}

export const openDrawer = (
  { gpu, settings }: TrainContext,
  model: Diffusion,
  count: number,
  { guidance }: Drawing,
): Promise<DiffusionDrawer> =>
  DiffusionDrawer.create(gpu, model, { count, guided: guidance !== 1, precision: settings.precision });
