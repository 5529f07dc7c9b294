import { EnvironmentError } from '../../src/errors.ts';
import { download } from '../../src/data/download.ts';
import { unpackWeights } from './packedWeights.ts';
import type { TrainedRecord } from './trainedRecord.ts';

const MOST_BYTES = 4e6;

/** The network that comes with a page. */
export interface Trained {
  /** For `load` of the model or the GAN; training then begins with a fresh optimizer. */
  readonly weights: Uint8Array;
  readonly record: TrainedRecord;
}

/**
 * Loads a trained network, as `npm run site:train` makes it:
 *
 * ```ts
 * const { weights, record } = await loadTrained(new URL('trained/quick', pageUrl).href);
 * model.load(weights);
 * ```
 *
 * @param url of its files, without an ending
 * @throws EnvironmentError if a file cannot be had, FormatError if it is damaged
 */
export async function loadTrained(url: string): Promise<Trained> {
  const file = `${url}.safetensors`;
  const [bytes, record] = await Promise.all([download(file, { maxBytes: MOST_BYTES }), loadRecord(url)]);
  return { weights: unpackWeights(bytes, file), record };
}

/** How a network was trained, with the recording of it. @param url as for `loadTrained` */
export async function loadRecord(url: string): Promise<TrainedRecord> {
  const response = await fetch(`${url}.json`);
  if (!response.ok) throw new EnvironmentError(`${url}.json: HTTP ${response.status}`);
  return (await response.json()) as TrainedRecord;
}
