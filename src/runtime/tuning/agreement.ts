/** Values of a candidate's outputs. */
export type Outputs = readonly (Float32Array | Int32Array | Uint32Array)[];

/**
 * How far two kernels may differ, as a part of the largest value of an output. Sums in another order differ by some
 * 1e-6 of it; a product that is missing, or is one too many, in a sum of K random ones by about 1/√K, which is 5e-3
 * at K = 40,000.
 */
const TOLERANCE = 1e-4;

/**
 * The greatest difference between two results, as a part of the largest value of the first; Infinity where a NaN or the sign
 * of an infinity differs. Of whole numbers (the winners of pooling windows, several of them in a word) how many differ counts,
 * as a part of all: sums in another order hand a window to another of two values that are nearly equal, now and then.
 */
export function difference(a: Outputs, b: Outputs): number {
  return Math.max(0, ...a.map((values, i) => differenceOf(values, b[i])));
}

function differenceOf(a: Outputs[0], b: Outputs[0]): number {
  if (a.length !== b.length) return Infinity;
  if (!(a instanceof Float32Array)) return a.filter((value, i) => value !== b[i]).length / a.length;
  let scale = 0;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) {
      scale = Math.max(scale, Math.abs(a[i]) || 0);
      continue;
    }
    const apart = Math.abs(a[i] - b[i]);
    if (!Number.isFinite(apart)) return Infinity;
    scale = Math.max(scale, Math.abs(a[i]));
    most = Math.max(most, apart);
  }
  return most === 0 ? 0 : most / Math.max(scale, Number.MIN_VALUE);
}

/**
 * Divides candidates into those that are taken to be right and those that contradict them. Right is what most of them
 * agree on; where two opinions have as many, that of the one that comes first.
 */
export function agreeing<C>(candidates: readonly C[], outputsOf: (candidate: C) => Outputs): Set<C> {
  const opinions: C[][] = [];
  for (const candidate of candidates) {
    const own = opinions.find(([first]) => difference(outputsOf(first), outputsOf(candidate)) <= TOLERANCE);
    if (own) own.push(candidate);
    else opinions.push([candidate]);
  }
  const largest = Math.max(...opinions.map(({ length }) => length));
  return new Set(opinions.find(({ length }) => length === largest));
}

/** Whether there is anything to compare: numbers that are finite and not all equal. */
export function isTelling(outputs: Outputs): boolean {
  return outputs.every((values) => values.every(Number.isFinite)) && outputs.some(varies);
}

const varies = (values: Outputs[0]): boolean =>
  values.length === 1 || values.some((value) => value !== values[0]);
