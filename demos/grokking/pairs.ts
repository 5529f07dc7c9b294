import type { Dataset } from '../../src/index.ts';
import { modularAddition } from '../../src/models/modularAddition.ts';

/** All pairs of numbers below p with their sums, in two parts. */
export interface Pairs {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** @param learned the share of the pairs that is learned */
export const pairsOf = ({ prime, learned, seed }: { prime: number; learned: number; seed: number }): Pairs =>
  modularAddition({ prime, testSize: 1 - learned, seed });

/** 1 for each pair that is learned, at the place a · p + b. */
export function learnedOf({ train }: Pairs, prime: number): Uint8Array {
  const learned = new Uint8Array(prime * prime);
  for (let i = 0; i < train.size; i++) learned[train.x.data[2 * i] * prime + train.x.data[2 * i + 1]] = 1;
  return learned;
}
