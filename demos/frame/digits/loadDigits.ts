import { dataset, EnvironmentError, take, WgradError } from '../../../src/index.ts';
import type { Dataset } from '../../../src/index.ts';
import { download } from '../../../src/data/download.ts';
import type { MnistSet } from '../../../src/data/mnistFiles.ts';
import { gunzip, isGzip } from '../../../src/io/gzip.ts';
import { decodeSafetensors } from '../../../src/io/safetensors.ts';
import { part } from '../../../src/part.ts';
import { bytesOf, DIGIT_FILES, imagesOf } from './digitFiles.ts';
import type { DigitFile } from './digitFiles.ts';
import type { Loaded, Loading } from '../worker/trainee.ts';
import type { DigitValues } from './digitSettings.ts';

/** Which digits a page works on. */
export interface DataSettings {
  readonly name: 'mnist' | 'synthetic';
  /** Images to use at most: 10,000 of each unless it says otherwise. More training images are another download. */
  readonly train?: number;
  readonly test?: number;
}

export type OnProgress = (progress: { loaded: number; total: number }) => void;

const DRAWN = { train: 10_000, test: 2000 };

/** What a page works on: training images come when someone trains. */
export type Digits = Pick<MnistSet, 'test'> & Partial<MnistSet>;

/**
 * MNIST as the site brings it, else digits drawn by wgrad; `notice` then says so.
 *
 * @param baseUrl the site's folder data/mnist
 */
export async function loadDigits(
  settings: DataSettings,
  baseUrl: string,
  onProgress: OnProgress = () => undefined,
): Promise<MnistSet> {
  const { train = DIGIT_FILES.train.to, test = DIGIT_FILES.test.to } = settings;
  return orDrawn(settings, baseUrl, async () => {
    const files: DigitFile[] = [test > DIGIT_FILES.few.to ? 'test' : 'few', 'train'];
    if (train > DIGIT_FILES.train.to) files.push('rest');
    const [tests, ...trains] = await fetchFiles(files, baseUrl, onProgress);
    return { train: first(joined(trains), train), test: first(tests, test), source: baseUrl };
  });
}

/**
 * The test images alone, for a page that opens on a trained network: up to 500 are a small file of their own.
 *
 * @returns as `loadDigits`, without `train`
 */
export async function loadTestDigits(
  { name, test = DIGIT_FILES.few.to }: Omit<DataSettings, 'train'>,
  baseUrl: string,
): Promise<Omit<MnistSet, 'train'>> {
  const { train: _, ...set } = await orDrawn({ name, test, train: 1 }, baseUrl, async () => {
    const file = test > DIGIT_FILES.few.to ? 'test' : 'few';
    const tests = await fetchFile(file, baseUrl);
    return { train: tests, test: first(tests, test), source: baseUrl };
  });
  return set;
}

async function orDrawn(
  { name, train, test }: DataSettings,
  baseUrl: string,
  load: () => Promise<MnistSet>,
): Promise<MnistSet> {
  const drawn = async (reason?: string) => {
    const { drawDigits } = await part('The script that draws digits', () => import('./drawnDigits.ts'));
    return drawDigits({ train: train ?? DRAWN.train, test: test ?? DRAWN.test }, reason);
  };
  if (name === 'synthetic') return drawn();
  try {
    // A build that had no MNIST says so itself: there is nothing to ask the host for.
    if (import.meta.env.WGRAD_WITHOUT_MNIST) throw new EnvironmentError('this site was built without MNIST');
    return await load();
  } catch (error) {
    // Where some files of MNIST have come, it is there: the others are missed, not replaced by digits that are not MNIST's.
    if (!(error instanceof WgradError) || sources.has(baseUrl)) throw error;
    return drawn(error.message);
  }
}

async function fetchFiles(
  files: readonly DigitFile[],
  baseUrl: string,
  onProgress: OnProgress,
): Promise<Dataset[]> {
  const loaded = files.map(() => 0);
  const totals = files.map(bytesOf);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  return Promise.all(
    files.map((file, i) =>
      fetchFile(file, baseUrl, (bytes) => {
        loaded[i] = bytes;
        totals[i] = Math.max(totals[i], bytes); // some hosts unpack on the way
        onProgress({ loaded: sum(loaded), total: sum(totals) });
      }),
    ),
  );
}

/** By their addresses: what a first look has fetched is there when all are wanted. */
const fetched = new Map<string, Promise<Dataset>>();
/** Addresses from which some file has come. */
const sources = new Set<string>();

function fetchFile(file: DigitFile, baseUrl: string, onBytes?: (loaded: number) => void): Promise<Dataset> {
  const url = `${baseUrl.replace(/\/$/, '')}/${DIGIT_FILES[file].file}`;
  const known = fetched.get(url);
  if (known) return known;
  const fetching = fetchUrl(file, url, onBytes);
  fetched.set(url, fetching);
  fetching.then(
    () => sources.add(baseUrl),
    () => fetched.delete(url),
  );
  return fetching;
}

async function fetchUrl(file: DigitFile, url: string, onBytes?: (loaded: number) => void): Promise<Dataset> {
  const maxBytes = imagesOf(file) * (28 * 28 + 1) + 4096;
  const bytes = await download(url, { maxBytes, onBytes });
  const plain = isGzip(bytes) ? await gunzip(bytes, url, maxBytes) : bytes;
  const { images, labels } = Object.fromEntries(decodeSafetensors(plain, url).tensors);
  return dataset({
    name: 'MNIST',
    x: images.data,
    y: labels.data,
    inputShape: [28, 28, 1],
    classNames: [...'0123456789'],
  });
}

const first = (whole: Dataset, size: number): Dataset => take(whole, 0, Math.min(size, whole.size));

/** One data set after the other. */
function joined(parts: readonly Dataset[]): Dataset {
  if (parts.length === 1) return parts[0];
  const join = (arrays: readonly Uint8Array[]) => {
    const all = new Uint8Array(arrays.reduce((size, own) => size + own.length, 0));
    let at = 0;
    for (const own of arrays) {
      all.set(own, at);
      at += own.length;
    }
    return all;
  };
  const { name, classNames } = parts[0];
  return dataset({
    name,
    x: join(parts.map(({ x }) => x.data as Uint8Array)),
    y: join(parts.map(({ y }) => y.data as Uint8Array)),
    inputShape: [28, 28, 1],
    classNames,
  });
}

/** The digits that the settings of a page ask for, with what its notices say of them. */
export async function digitsFor(loading: Loading<DigitValues>): Promise<Loaded<MnistSet>> {
  const { data: name, train, test } = loading.values;
  const data = await loadDigits({ name, train, test }, `${loading.base}/mnist`, ({ loaded, total }) =>
    loading.progress('Loading MNIST', loaded / total),
  );
  return { data, facts: { trainSize: data.train.size, ...factsOf(data) } };
}

/** The first test images alone, for a first look. */
export async function firstDigits(
  { values: { data: name, test = Infinity }, base }: Loading<DigitValues>,
  most: number = DIGIT_FILES.few.to,
): Promise<Loaded<Digits>> {
  const data = await loadTestDigits({ name, test: Math.min(test, most) }, `${base}/mnist`);
  return { data, facts: factsOf(data) };
}

const factsOf = ({ test, notice }: Omit<MnistSet, 'train'>) => ({ synthetic: test.synthetic, notice });
