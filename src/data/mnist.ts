import { ArgumentError, WgradError } from '../errors.ts';
import { download } from './download.ts';
import type { DownloadOptions, Fetch } from './download.ts';
import type { IdxArray } from './idx.ts';
import { assembleMnist, decodeMnistFile, MNIST_PARTS, MNIST_SETS } from './mnistFiles.ts';
import { syntheticMnist } from './syntheticMnist.ts';
import type { MnistFile, MnistName, MnistPart, MnistSet } from './mnistFiles.ts';
import { checkOptions, required } from '../options.ts';
import type { OptionTable } from '../options.ts';

export type { MnistName, MnistSet } from './mnistFiles.ts';

/** Bytes received and expected over all files that are being downloaded. */
export interface LoadProgress {
  readonly loaded: number;
  readonly total: number;
}

export interface LoadMnistOptions {
  /** Default 'mnist'. */
  name?: MnistName;
  /** Folder that holds the four IDX files, for example '/data/mnist'. */
  baseUrl: string;
  /** Default: the platform's own `fetch`. */
  fetch?: Fetch;
  /** Give up if nothing arrives for this long, in milliseconds; default 15000. */
  timeoutMs?: number;
  onProgress?: (progress: LoadProgress) => void;
  signal?: AbortSignal;
}

const loadMnistOptions: OptionTable<LoadMnistOptions> = {
  name: true,
  baseUrl: required,
  fetch: true,
  timeoutMs: true,
  onProgress: true,
  signal: true,
};

/**
 * Loads MNIST or Fashion-MNIST from four gzip-compressed IDX files and verifies their checksums.
 *
 * @throws EnvironmentError if a file cannot be downloaded
 * @throws FormatError if a file is not byte for byte the published one
 * @throws the signal's reason if the caller aborts
 */
export async function loadMnist(options: LoadMnistOptions): Promise<MnistSet> {
  checkOptions('loadMnist', options, loadMnistOptions);
  const { name = 'mnist', baseUrl, fetch, timeoutMs, onProgress, signal } = options;
  const { files } = mnistSet(name);
  const stop = new AbortController();
  const forward = () => stop.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', forward);
  const track = trackProgress(name, MNIST_PARTS, onProgress);
  try {
    const loadPart = async (part: MnistPart) => {
      const onBytes = (loaded: number) => track(part, loaded);
      const { array } = await downloadPart(files[part], baseUrl, {
        fetch,
        timeoutMs,
        signal: stop.signal,
        onBytes,
      });
      return [part, array];
    };
    const parts = await Promise.all(MNIST_PARTS.map(loadPart));
    return assembleMnist(name, Object.fromEntries(parts) as Record<MnistPart, IdxArray>, baseUrl);
  } finally {
    // After a failure the other downloads are useless.
    stop.abort();
    signal?.removeEventListener('abort', forward);
  }
}

/**
 * As `loadMnist`, but where the files are not available, generated digits replace them: `notice` then says so and why, and
 * both data sets are marked `synthetic`. Show the notice.
 *
 * @param options.synthetic size of the synthetic set; default 20,000 training and 4,000 test images (about 1 s)
 */
export async function loadMnistOrSynthetic(
  options: LoadMnistOptions & { synthetic?: { train?: number; test?: number; seed?: number } },
): Promise<MnistSet> {
  checkOptions('loadMnistOrSynthetic', options, { ...loadMnistOptions, synthetic: true });
  const { name = 'mnist', signal, synthetic, ...own } = options;
  mnistSet(name);
  try {
    return await loadMnist({ name, signal, ...own });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof WgradError)) throw error;
    return syntheticMnist(name, error.message, { train: 20000, test: 4000, ...synthetic });
  }
}

/** Downloads and verifies one file of a set; `bytes` are as they arrived, packed or not. */
export async function downloadPart(
  expected: MnistFile,
  baseUrl: string,
  options: Omit<DownloadOptions, 'maxBytes'>,
): Promise<{ bytes: Uint8Array; array: IdxArray }> {
  const url = `${baseUrl.replace(/\/$/, '')}/${expected.file}.gz`;
  // Packing may add a few bytes of its own to a file that does not shrink.
  const bytes = await download(url, { ...options, maxBytes: expected.bytes + 1024 });
  return { bytes, array: await decodeMnistFile(expected, bytes, url) };
}

/** @throws ArgumentError if there is no set of that name */
export function mnistSet(name: MnistName): (typeof MNIST_SETS)[MnistName] {
  if (!Object.hasOwn(MNIST_SETS, name)) {
    throw new ArgumentError(
      `There is no set '${String(name)}'. Pass one of ${Object.keys(MNIST_SETS).join(', ')}.`,
    );
  }
  return MNIST_SETS[name];
}

/** Adds the progress of several files; a file that arrives unpacked (Content-Encoding) counts with its full size. */
export function trackProgress(
  name: MnistName,
  parts: readonly MnistPart[],
  onProgress?: (progress: LoadProgress) => void,
): (part: MnistPart, loaded: number) => void {
  const { files } = MNIST_SETS[name];
  const received = new Map(parts.map((part) => [part, 0]));
  return (part, loaded) => {
    received.set(part, loaded);
    let sum = 0;
    let total = 0;
    for (const [each, bytes] of received) {
      sum += bytes;
      total += bytes > files[each].gzBytes ? files[each].bytes : files[each].gzBytes;
    }
    onProgress?.({ loaded: sum, total });
  };
}
