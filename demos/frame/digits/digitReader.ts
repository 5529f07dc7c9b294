import { losses } from '../../../src/index.ts';
import type { Gpu, Model } from '../../../src/index.ts';
import { mnistCnn } from '../../../src/models/mnistCnn.ts';
import { loadTrained } from '../worker/trained.ts';

const READERS = new WeakMap<Gpu, Promise<Model>>();

/** The trained network of the page that reads digits, [N, 28, 28, 1] to logits: one for each GPU. */
export function digitReader(gpu: Gpu): Promise<Model> {
  if (!READERS.has(gpu)) READERS.set(gpu, create(gpu));
  return READERS.get(gpu)!;
}

async function create(gpu: Gpu): Promise<Model> {
  const model = mnistCnn('quick');
  await model.compile({ gpu, loss: losses.softmaxCrossEntropy });
  model.load(await loadTrained(new URL('../../mnist-cnn/trained/quick.safetensors', import.meta.url)));
  return model;
}
