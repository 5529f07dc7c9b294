import { Network } from '../../../src/index.ts';
import type { Gpu } from '../../../src/index.ts';
import { mnistCnnNetwork } from '../../../src/models/mnistCnnNetwork.ts';
import { loadTrained } from '../worker/trained.ts';
import { Weights } from '../worker/weights.ts';

const READERS = new WeakMap<Gpu, Promise<Network>>();

/** The trained network of the page that reads digits, [N, 28, 28, 1] to logits: one for each GPU. */
export function digitReader(gpu: Gpu): Promise<Network> {
  const reader = READERS.get(gpu) ?? create(gpu);
  READERS.set(gpu, reader);
  reader.catch(() => READERS.delete(gpu)); // it may be there the next time
  return reader;
}

async function create(gpu: Gpu): Promise<Network> {
  const network = new Network(mnistCnnNetwork('quick'));
  const url = new URL('../../mnist-cnn/trained/quick.safetensors', import.meta.url);
  new Weights(gpu, { '': network }).load(await loadTrained(url));
  return network;
}
