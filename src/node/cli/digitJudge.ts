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
import { cacheFolder } from '../cache.ts';
import { ensureWritableFolder, readFileIfExists, writeFileAtomic } from '../files.ts';
import type { TrainContext } from './command.ts';
import type { TrainingData } from './data.ts';
import { formatCount, formatPercent, formatSeconds } from './format.ts';
import { Progress } from './progress.ts';

/**
 * The classifier that scores generated digits: out of the cache, or newly trained on the same images.
 *
 * @param options.seed of another classifier, which differs in its first weights and the order of the images; default: the recipe's
 */
export async function trainedClassifier(
  context: TrainContext,
  data: Pick<TrainingData, 'train' | 'test'>,
  { seed = CLASSIFIER_RECIPE.seed }: { seed?: number } = {},
): Promise<DigitClassifier> {
  const { terminal, gpu } = context;
  const { train, test } = data;
  const classifier = await DigitClassifier.create(gpu, { seed });
  const path = join(cacheFolder(), 'digit-classifier', `${fingerprint(train, seed)}.safetensors`);
  try {
    const saved = await readFileIfExists(path);
    if (saved && loads(classifier, saved, path)) return classifier;
    const steps = classifierSteps(train);
    const which = seed === CLASSIFIER_RECIPE.seed ? 'the classifier' : 'a second classifier';
    terminal.line(`Training ${which} that scores generated digits, once: ${formatCount(steps)} steps.`);
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
function fingerprint({ x, y }: Dataset, seed: number): string {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([CLASSIFIER_VERSION, { ...CLASSIFIER_RECIPE, seed }]));
  for (const { data } of [x, y]) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex').slice(0, 16);
}
