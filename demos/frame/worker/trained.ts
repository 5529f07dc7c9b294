import { download } from '../../../src/data/download.ts';
import { unpackWeights } from './packedWeights.ts';

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
