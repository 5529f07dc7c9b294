/** Those of the ticks that lie in a range; in one with fewer than three of them, or that goes below all, even ones. */
export function ticksWithin(ticks: readonly number[], low: number, high: number): number[] {
  const own = ticks.filter((tick) => tick >= low && tick <= high);
  if (own.length > 2 && (low >= 0 || own[0] <= 0)) return own;
  const least = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * [1, 2, 5, 10].find((times) => times * power >= least)!;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** 1, 3, 10, 30, … within a range. */
export function powersWithin(low: number, high: number): number[] {
  const powers = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : 3) * 10 ** Math.floor(i / 2));
  return powers.filter((power) => power >= low && power <= high);
}

/** The axis of steps: from 0, unless the first one is far from it, and at least 20 of them. */
export function rangeOfSteps(low: number, high: number): [number, number] {
  const from = low < high / 20 || low < 20 ? 0 : low;
  return [from, Math.max(high, from + 20)];
}

/** A label of an axis: where its middle is along it, and how long it is there, in pixels. */
export interface Label {
  readonly text: string;
  readonly at: number;
  readonly size: number;
}

/** The texts of labels in their order; empty where one would touch the one before. */
export function labelsApart(labels: readonly Label[]): string[] {
  let end = -Infinity;
  return labels.map(({ text, at, size }) => {
    if (at - size / 2 < end) return '';
    end = at + size / 2;
    return text;
  });
}
