import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Fetch } from '../data/download.ts';
import type { IdxArray } from '../data/idx.ts';
import { downloadPart, mnistSet, trackProgress } from '../data/mnist.ts';
import type { LoadProgress } from '../data/mnist.ts';
import { assembleMnist, decodeMnistFile, MNIST_PARTS, MNIST_SETS } from '../data/mnistFiles.ts';
import { syntheticMnist } from '../data/syntheticMnist.ts';
import type { MnistName, MnistPart, MnistSet } from '../data/mnistFiles.ts';
import { isGzip } from '../io/gzip.ts';
import { EnvironmentError, FormatError, WgradError } from '../errors.ts';
import { dataFolders, keepDownload, requireDataFolder } from './dataFolders.ts';
import type { DataFolders } from './dataFolders.ts';
import { readFileIfExists } from './files.ts';
import { checkOptions } from '../options.ts';
import type { OptionTable } from '../options.ts';

/** Public copies of the files. Whatever they send is checked against the published checksums. */
export const MNIST_MIRRORS: Record<MnistName, readonly string[]> = {
  mnist: [
    'https://storage.googleapis.com/cvdf-datasets/mnist',
    'https://ossci-datasets.s3.amazonaws.com/mnist',
  ],
  'fashion-mnist': [
    'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion',
    'https://storage.googleapis.com/tensorflow/tf-keras-datasets',
    'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
  ],
};

export interface LoadMnistNodeOptions extends DataFolders {
  /** Default 'mnist'. */
  name?: MnistName;
  /** Base URLs to try in order; default `MNIST_MIRRORS[name]`, [] never downloads. */
  mirrors?: readonly string[];
  /** Try the next mirror if nothing arrives for this long, in milliseconds; default 10000. */
  timeoutMs?: number;
  fetch?: Fetch;
  onProgress?: (progress: LoadProgress) => void;
  /** Called with a sentence about a corrupted cache, a failed mirror or synthetic data; default `console.warn`. */
  onNotice?: (notice: string) => void;
  /** Generate digits where the real set is not available, rather than throw; default true. */
  fallback?: boolean;
  signal?: AbortSignal;
}

const loadMnistNodeOptions: OptionTable<LoadMnistNodeOptions> = {
  name: true,
  dataDir: true,
  cacheDir: true,
  mirrors: true,
  timeoutMs: true,
  fetch: true,
  onProgress: true,
  onNotice: true,
  fallback: true,
  signal: true,
};

type Arrays = Partial<Record<MnistPart, IdxArray>>;

/**
 * Loads MNIST or Fashion-MNIST: from the data folder, else from the cache, else from a public mirror into the
 * cache, else, with a clear notice, generated digits. Every file is verified against its published checksum.
 *
 * A corrupted file in the cache is downloaded again; one in the data folder is the user's, so it is an error.
 *
 * @throws FormatError if a file in the data folder is not the published one
 * @throws EnvironmentError if the data folder is missing or incomplete, or, with `fallback: false`, if the set
 *   cannot be downloaded
 * @throws the signal's reason if the caller aborts
 */
export async function loadMnistNode(options: LoadMnistNodeOptions = {}): Promise<MnistSet> {
  checkOptions('loadMnistNode', options, loadMnistNodeOptions);
  const { name = 'mnist', fallback = true, onNotice = console.warn } = options;
  mnistSet(name);
  const { dataDir, cacheDir } = dataFolders(options);
  if (dataDir) {
    const arrays = await readDataFolder(name, dataDir);
    if (arrays) return assembleMnist(name, arrays, join(dataDir, name));
  }

  const folder = join(cacheDir, name);
  const cached = await readCache(name, folder, onNotice);
  const { arrays, source, failures } = await downloadMissing(name, cached, folder, options, onNotice);
  if (complete(arrays)) return assembleMnist(name, arrays, source);

  const { title } = MNIST_SETS[name];
  const reason =
    `${dataDir ? `${dataDir} has no folder '${name}'` : 'WGRAD_DATA is not set'}, the cache ${folder} is not ` +
    `complete, and ${failures.length ? `no mirror helped: ${failures.join('; ')}` : 'no mirror was allowed'}. Set ` +
    `WGRAD_DATA to a folder that holds ${name}/${MNIST_SETS[name].files.trainImages.file}.gz and its three ` +
    'siblings, or connect to the internet.';
  if (!fallback) throw new EnvironmentError(`${title} is not available: ${reason}`);
  const set = syntheticMnist(name, reason);
  onNotice(set.notice!);
  return set;
}

/** Path of a file of the set, packed or plain, in the data folder or else the cache; undefined if in neither. */
export function locateMnistFile(
  name: MnistName,
  file: string,
  options: DataFolders = {},
): string | undefined {
  const { dataDir, cacheDir } = dataFolders(options);
  return [dataDir, cacheDir]
    .filter((folder) => folder !== undefined)
    .flatMap((folder) => [join(folder, name, `${file}.gz`), join(folder, name, file)])
    .find((path) => existsSync(path));
}

function complete(arrays: Arrays): arrays is Record<MnistPart, IdxArray> {
  return MNIST_PARTS.every((part) => arrays[part]);
}

async function readDataFolder(
  name: MnistName,
  dataDir: string,
): Promise<Record<MnistPart, IdxArray> | undefined> {
  requireDataFolder(dataDir);
  const arrays: Arrays = {};
  for (const part of MNIST_PARTS) arrays[part] = await readPart(name, part, join(dataDir, name));
  if (complete(arrays)) return arrays;
  const missing = MNIST_PARTS.filter((part) => !arrays[part]);
  if (missing.length === MNIST_PARTS.length) return undefined;
  throw new EnvironmentError(
    `The data folder ${join(dataDir, name)} lacks ${missing.map((part) => fileName(name, part)).join(', ')} ` +
      '(plain or .gz). Add the missing files, or delete the folder to use the cache and mirrors.',
  );
}

/** One verified part from a folder, packed or plain, or undefined if it is not there. */
async function readPart(name: MnistName, part: MnistPart, folder: string): Promise<IdxArray | undefined> {
  const expected = MNIST_SETS[name].files[part];
  for (const file of [`${expected.file}.gz`, expected.file]) {
    const path = join(folder, file);
    const bytes = await readFileIfExists(path);
    if (bytes) return decodeMnistFile(expected, bytes, path);
  }
  return undefined;
}

async function readCache(
  name: MnistName,
  folder: string,
  onNotice: (notice: string) => void,
): Promise<Arrays> {
  const arrays: Arrays = {};
  for (const part of MNIST_PARTS) {
    try {
      arrays[part] = await readPart(name, part, folder);
    } catch (error) {
      if (!(error instanceof WgradError)) throw error;
      onNotice(`The cached file is not usable and will be downloaded again. ${error.message}`);
    }
  }
  return arrays;
}

/** Fills the gaps from the first mirror that has them; a mirror that fails once is left for the next. */
async function downloadMissing(
  name: MnistName,
  cached: Arrays,
  folder: string,
  options: LoadMnistNodeOptions,
  onNotice: (notice: string) => void,
): Promise<{ arrays: Arrays; source: string; failures: string[] }> {
  const { mirrors = MNIST_MIRRORS[name], timeoutMs = 10000, fetch, signal, onProgress } = options;
  const arrays = { ...cached };
  const failures: string[] = [];
  let source = folder;
  const track = trackProgress(
    name,
    MNIST_PARTS.filter((part) => !arrays[part]),
    onProgress,
  );
  for (const mirror of mirrors) {
    if (complete(arrays)) break;
    try {
      for (const part of MNIST_PARTS) {
        if (arrays[part]) continue;
        const onBytes = (loaded: number) => track(part, loaded);
        const request = { timeoutMs, fetch, signal, onBytes };
        const { bytes, array } = await downloadPart(MNIST_SETS[name].files[part], mirror, request);
        arrays[part] = array;
        source = mirror;
        const path = join(folder, fileName(name, part));
        await keepDownload(isGzip(bytes) ? `${path}.gz` : path, bytes, onNotice);
      }
    } catch (error) {
      if (!(error instanceof EnvironmentError || error instanceof FormatError)) throw error;
      failures.push(error.message);
    }
  }
  return { arrays, source, failures };
}

function fileName(name: MnistName, part: MnistPart): string {
  return MNIST_SETS[name].files[part].file;
}
