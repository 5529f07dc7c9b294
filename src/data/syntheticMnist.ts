import { syntheticDigits } from './digits.ts';
import { MNIST_TITLES } from './mnistSet.ts';
import type { MnistName, MnistSet } from './mnistSet.ts';

/** Generated digits in place of the real set, with a notice that says so and why. */
export function syntheticMnist(
  name: MnistName,
  reason: string,
  sizes: { train?: number; test?: number; seed?: number } = {},
): MnistSet {
  const title = MNIST_TITLES[name];
  return {
    ...syntheticDigits(sizes),
    source: 'drawn by wgrad',
    notice:
      `SYNTHETIC DATA: generated digits are used in place of ${title}, so accuracy here says nothing about ${title}. ` +
      `Reason: ${reason}`,
  };
}
