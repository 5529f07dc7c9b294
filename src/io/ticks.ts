/**
 * About `count` round numbers (1, 2 or 5 times a power of ten apart) from at or below `low` to at or above
 * `high`, for the marks of an axis.
 */
export function niceTicks(low: number, high: number, count: number): number[] {
  const rough = high / count - low / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = magnitude * ([1, 2, 5].find((factor) => factor * magnitude >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  // Dividing by a whole number where the step is a fraction gives 0.3, not 0.30000000000000004.
  const inverse = Math.round(1 / step);
  return Array.from({ length: last - first + 1 }, (_, i) =>
    step < 1 ? (first + i) / inverse : (first + i) * step,
  );
}

/** The tick with as many decimals as the whole axis needs; thousands as k, large and tiny numbers as 1e9. */
export function formatTick(tick: number, ticks: readonly number[]): string {
  const largest = Math.max(...ticks.map(Math.abs));
  if (tick === 0) return '0';
  if (largest >= 1e6 || largest < 1e-3) return Number(tick.toPrecision(6)).toExponential().replace('+', '');
  if (largest >= 1e4) return `${Number((tick / 1000).toPrecision(6))}k`;
  const decimals = Math.max(
    ...ticks.map((each) => (String(Number(each.toPrecision(6))).split('.')[1] ?? '').length),
  );
  return tick.toFixed(decimals);
}
