/** Those of the ticks that lie in a range; in one with fewer than three of them, even ones. */
export function ticksWithin(ticks: readonly number[], low: number, high: number): number[] {
  const own = ticks.filter((tick) => tick >= low && tick <= high);
  if (own.length > 2) return own;
  const least = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= least)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** The axis of steps: from 0, unless the first one is far from it, and at least 20 of them. */
export function rangeOfSteps(low: number, high: number): [number, number] {
  const from = low < high / 20 || low < 20 ? 0 : low;
  return [from, Math.max(high, from + 20)];
}

/**
 * As many of the ticks as have room beside each other, round numbers first: 0.001, 0.01, 0.1 before 0.005, 0.05 before others.
 *
 * @param placeOf where a tick stands on the axis, in pixels
 */
export function ticksWithRoom(ticks: readonly number[], placeOf: (tick: number) => number): number[] {
  const kept: number[] = [];
  for (const tick of ticks.toSorted((a, b) => roundness(a) - roundness(b))) {
    if (kept.every((own) => Math.abs(placeOf(own) - placeOf(tick)) >= LEAST_GAP)) kept.push(tick);
  }
  return kept.toSorted((a, b) => a - b);
}

/** Between the middles of two labels, in pixels: they are 11 pixels high. */
const LEAST_GAP = 14;

/** 0 for 0 and powers of ten, 1 for fives, else 2. */
function roundness(tick: number): number {
  const [digits] = Math.abs(tick).toExponential().split('e');
  return { 0: 0, 1: 0, 5: 1 }[digits] ?? 2;
}
