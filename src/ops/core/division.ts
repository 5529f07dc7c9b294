/** The divisors of `total` up to `most`. */
export function divisors(total: number, most: number): number[] {
  return upTo(most).filter((each) => total % each === 0);
}

/** 1, 2 … most. */
export function upTo(most: number): number[] {
  return Array.from({ length: most }, (_, i) => i + 1);
}

/** The largest divisor of `total` up to `most`. */
export function largestDivisor(total: number, most: number): number {
  let divisor = Math.min(total, Math.floor(most));
  while (total % divisor !== 0) divisor--;
  return divisor;
}

/** The size of a part when `total` is cut into as few parts of at most `most` as possible, all about equal. */
export function evenly(total: number, most: number): number {
  return Math.ceil(total / Math.ceil(total / most));
}
