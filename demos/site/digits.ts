import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { MNIST_SETS } from '../../src/data/mnistFiles.ts';
import { take } from '../../src/data/views.ts';
import { encodeSafetensors } from '../../src/io/safetensors.ts';
import { cachedFolder, cacheFolder } from '../../src/node/cache.ts';
import { loadMnistNode } from '../../src/node/mnist.ts';
import type { LoadMnistNodeOptions } from '../../src/node/mnist.ts';
import { DIGIT_FILES } from '../frame/digits/digitFiles.ts';

export type DigitOptions = Pick<LoadMnistNodeOptions, 'dataDir' | 'cacheDir' | 'mirrors' | 'timeoutMs'>;

/**
 * The folder with the files in which the site brings MNIST (DIGIT_FILES), made once in the cache from files whose
 * checksums are verified: those of WGRAD_DATA, of the cache, or of the mirrors.
 *
 * @throws EnvironmentError if MNIST is not available, with the reason
 */
export async function digitFolder(options: DigitOptions = {}): Promise<string> {
  // Another version of the data is another folder.
  const name = `site-digits-${MNIST_SETS.mnist.files.trainImages.sha256.slice(0, 8)}`;
  const made = join(cacheFolder(), name);
  if (existsSync(made)) return made;
  const set = await loadMnistNode({ ...options, fallback: false });
  return cachedFolder(name, (folder) => {
    for (const { file, of, from, to } of Object.values(DIGIT_FILES)) {
      const { size } = set[of];
      if (from >= size) continue; // the small sets of tests
      const { x, y, size: images } = take(set[of], from, Math.min(to, size));
      const bytes = encodeSafetensors({
        images: { dtype: 'U8', shape: [images, 28, 28], data: x.data as Uint8Array },
        labels: { dtype: 'U8', shape: [images], data: y.data as Uint8Array },
      });
      writeFileSync(join(folder, file), gzipSync(bytes, { level: 9 }));
    }
  });
}
