import { EnvironmentError } from '../../../src/errors.ts';
import { download } from '../../../src/data/download.ts';
import { unpackWeights } from './packedWeights.ts';
import type { TrainedRecord } from '../trainedRecord.ts';

const MOST_BYTES = 4e6;

/**
 * The weights of a trained network that comes with a page, as `npm run site:train` packs them: for `load` of its model or
 * GAN. Training then begins with a fresh optimizer.
 *
 * ```ts
 * model.load(await loadTrained(new URL('./trained/quick.safetensors', import.meta.url)));
 * ```
 *
 * @throws EnvironmentError if the file is not available, FormatError if it is damaged
 */
export async function loadTrained({ href }: URL): Promise<Uint8Array> {
  return unpackWeights(await download(href, { maxBytes: MOST_BYTES }), href);
}

/**
 * How a network was trained, with the recording of it.
 *
 * @param url of its files, without an ending: `new URL('trained/quick', location.href).href`
 */
export async function loadRecord(url: string): Promise<TrainedRecord> {
  const response = await fetch(`${url}.json`);
  if (!response.ok) throw new EnvironmentError(`${url}.json: HTTP ${response.status}`);
  return (await response.json()) as TrainedRecord;
}
