import { loadMnistOrSynthetic, syntheticDigits, take } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';

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
