import { loadMnistOrSynthetic, syntheticDigits, take } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import type { Loaded, Loading } from '../frame/trainee.ts';
import type { DigitValues } from './digitSettings.ts';

/** Which digits a page works on. */
export interface DataSettings {
  readonly name: 'mnist' | 'synthetic';
  /** Images to use at most. */
  readonly train?: number;
  readonly test?: number;
}

/** MNIST as the page's host serves it, else digits drawn by wgrad; `notice` then says so. */
export async function loadDigits(
  { name, train, test }: DataSettings,
  baseUrl: string,
  onProgress: (progress: { loaded: number; total: number }) => void,
): Promise<MnistSet> {
  if (name === 'synthetic') {
    return {
      ...syntheticDigits({ train: train ?? 20_000, test: test ?? 4000 }),
      source: 'drawn by wgrad',
      notice: 'Synthetic data: these digits were drawn by a program.',
    };
  }
  const sizes = { ...(train && { train }), ...(test && { test }) };
  const set = await loadMnistOrSynthetic({ baseUrl, onProgress, synthetic: sizes });
  const cut = (whole: MnistSet['train'], size = whole.size) => take(whole, 0, Math.min(size, whole.size));
  return { ...set, train: cut(set.train, train), test: cut(set.test, test) };
}

/** The digits that the settings of a page ask for, with what its notices say of them. */
export async function digitsFor({
  values: { data: name, train, test },
  base,
  progress,
}: Loading<DigitValues>): Promise<Loaded<MnistSet>> {
  const data = await loadDigits({ name, train, test }, `${base}/mnist`, ({ loaded, total }) =>
    progress('Loading MNIST', loaded / total),
  );
  const { train: images, test: tests, notice } = data;
  return {
    data,
    facts: { trainSize: images.size, testSize: tests.size, synthetic: images.synthetic, notice },
  };
}
