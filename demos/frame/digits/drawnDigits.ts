import { syntheticDigits } from '../../../src/index.ts';
import type { MnistSet } from '../../../src/data/mnistFiles.ts';
import { syntheticMnist } from '../../../src/data/syntheticMnist.ts';

/** Digits drawn by wgrad. @param reason why there is no MNIST; undefined: nobody has asked for it */
export function drawDigits(sizes: { train: number; test: number }, reason?: string): MnistSet {
  if (reason !== undefined) return syntheticMnist('mnist', reason, sizes);
  return {
    ...syntheticDigits(sizes),
    source: 'drawn by wgrad',
    notice: 'Synthetic data: these digits are generated.',
  };
}
