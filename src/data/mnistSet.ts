import type { Dataset } from './dataset.ts';

export type MnistName = 'mnist' | 'fashion-mnist';

export const MNIST_TITLES: Readonly<Record<MnistName, string>> = {
  mnist: 'MNIST',
  'fashion-mnist': 'Fashion-MNIST',
};

/** A training and a test set, and where they came from. */
export interface MnistSet {
  readonly train: Dataset;
  readonly test: Dataset;
  /** Folder or URL the data was read from, or 'drawn by wgrad' for the synthetic set. */
  readonly source: string;
  /** A warning to show beside results: present if the data is synthetic. */
  readonly notice?: string;
}
