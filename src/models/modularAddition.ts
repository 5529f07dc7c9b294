import { dataset } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { trainTestSplit } from '../data/split.ts';

/** The modulus. */
export const PRIME = 43;
/** Share of the pairs that is kept for the test. */
const TEST = 0.4;

export interface ModularAdditionOptions {
  /** The modulus p, at least 2; default 43. */
  prime?: number;
  /** Share of the pairs that is kept for the test, between 0 and 1; default 0.4. */
  testSize?: number;
  /** Each sample ends with the sign "=", whose token is p; default false. */
  sign?: boolean;
  /** Of the random division; default 0. */
  seed?: number;
}

/**
 * All pairs of numbers below p, divided at random into a part to learn and a part to test: x [2], or [3] with the sign, in i32;
 * the target is a + b mod p.
 */
export function modularAddition({
  prime = PRIME,
  testSize = TEST,
  sign = false,
  seed = 0,
}: ModularAdditionOptions = {}): { train: Dataset; test: Dataset } {
  const length = sign ? 3 : 2;
  const x = new Int32Array(prime * prime * length);
  const y = new Uint8Array(prime * prime);
  for (let pair = 0; pair < y.length; pair++) {
    const [a, b] = [Math.floor(pair / prime), pair % prime];
    x.set([a, b, prime].slice(0, length), length * pair);
    y[pair] = (a + b) % prime;
  }
  const data = dataset({ name: `a + b mod ${prime}`, x, y, inputShape: [length] });
  return trainTestSplit(data, { testSize, seed });
}
