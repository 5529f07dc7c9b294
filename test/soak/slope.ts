/**
 * How much a series grows per entry, by its second half (at first, caches fill): the median of the slopes between all
 * pairs (Theil 1950, Sen 1968), which single outliers, such as a late garbage collection, do not move.
 */
export function growth(series: readonly number[]): number {
  const half = series.slice(Math.floor(series.length / 2));
  const slopes = half.flatMap((from, i) => half.slice(i + 1).map((to, k) => (to - from) / (k + 1)));
  slopes.sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  if (slopes.length === 0) return 0;
  return slopes.length % 2 === 1 ? slopes[middle] : (slopes[middle - 1] + slopes[middle]) / 2;
}
