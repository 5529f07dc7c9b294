/** Repeated measurements of one thing, in few numbers. */
export interface Spread {
  readonly median: number;
  /** A quarter of the samples lies below q1, a quarter above q3. */
  readonly q1: number;
  readonly q3: number;
  readonly least: number;
  readonly samples: number;
}

/** The value below which a share `p` of the samples lies, between neighbours in proportion. */
export function quantile(samples: readonly number[], p: number): number {
  if (samples.length === 0) throw new RangeError('quantile: there are no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  const place = p * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

export function spreadOf(samples: readonly number[]): Spread {
  return {
    median: median(samples),
    q1: quantile(samples, 0.25),
    q3: quantile(samples, 0.75),
    least: Math.min(...samples),
    samples: samples.length,
  };
}

/** The same measurements in another unit. */
export function scaled({ median: middle, q1, q3, least, samples }: Spread, factor: number): Spread {
  return { median: middle * factor, q1: q1 * factor, q3: q3 * factor, least: least * factor, samples };
}

/** Half of the samples lie within this share of the median. */
export function relativeSpread({ median: middle, q1, q3 }: Spread): number {
  return middle > 0 ? (q3 - q1) / middle : 0;
}

/** Beyond this spread a median is no longer worth two digits. */
export const NOISY = 0.1;
