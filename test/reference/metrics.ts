import { argmax } from './reduce.ts';
import type { Array64 } from './array.ts';

/** Positives of scores above a threshold against truth (1 or 0), by counting. */
export function counts(scores: ArrayLike<number>, truth: ArrayLike<number>, threshold: number) {
  const count = { tp: 0, fp: 0, fn: 0, tn: 0 };
  for (let i = 0; i < scores.length; i++) {
    const positive = scores[i] > threshold;
    if (truth[i] > 0.5) count[positive ? 'tp' : 'fn']++;
    else count[positive ? 'fp' : 'tn']++;
  }
  return count;
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole);

export function precision(scores: ArrayLike<number>, truth: ArrayLike<number>, threshold = 0.5): number {
  const { tp, fp } = counts(scores, truth, threshold);
  return ratio(tp, tp + fp);
}

export function recall(scores: ArrayLike<number>, truth: ArrayLike<number>, threshold = 0.5): number {
  const { tp, fn } = counts(scores, truth, threshold);
  return ratio(tp, tp + fn);
}

export function f1(scores: ArrayLike<number>, truth: ArrayLike<number>, threshold = 0.5): number {
  const [p, r] = [precision(scores, truth, threshold), recall(scores, truth, threshold)];
  return ratio(2 * p * r, p + r);
}

/** Keras's AUC: rates at evenly spaced thresholds (as f32 numbers), trapezoids or the interpolation of Davis & Goadrich. */
export function auc(
  scores: ArrayLike<number>,
  truth: ArrayLike<number>,
  { thresholds = 200, curve = 'ROC' as 'ROC' | 'PR' } = {},
): number {
  const limits = Array.from({ length: thresholds }, (_, i) =>
    i === 0 ? -1e-7 : i === thresholds - 1 ? 1 + 1e-7 : Math.fround(i / (thresholds - 1)),
  );
  const points = limits.map((limit) => counts(scores, truth, limit));
  let area = 0;
  for (let i = 0; i < thresholds - 1; i++) {
    const [a, b] = [points[i], points[i + 1]];
    if (curve === 'ROC') {
      const x = (c: typeof a) => ratio(c.fp, c.fp + c.tn);
      const y = (c: typeof a) => ratio(c.tp, c.tp + c.fn);
      area += ((x(a) - x(b)) * (y(a) + y(b))) / 2;
    } else {
      const dtp = a.tp - b.tp;
      const [pa, pb] = [a.tp + a.fp, b.tp + b.fp];
      const slope = ratio(dtp, Math.max(pa - pb, 0));
      const intercept = b.tp - slope * pb;
      const safe = pa > 0 && pb > 0 ? pa / pb : 1;
      area += ratio(slope * (dtp + intercept * Math.log(safe)), b.tp + b.fn);
    }
  }
  return area;
}

/** The share of rows in which fewer than k outputs are larger than that of the label. */
export function topK(outputs: Array64, labels: Array64, k: number): number {
  const C = outputs.shape.at(-1)!;
  const hits = labels.data.map((label, n) => {
    const row = outputs.data.subarray(n * C, n * C + C);
    return Number(row.filter((value) => value > row[label]).length < k);
  });
  return hits.reduce((a, b) => a + b, 0) / hits.length;
}

/** matrix[actual][predicted] */
export function confusionMatrix(outputs: Array64, labels: Array64): number[][] {
  const C = outputs.shape.at(-1)!;
  const matrix = Array.from({ length: C }, () => new Array<number>(C).fill(0));
  const predicted = argmax(outputs);
  labels.data.forEach((label, n) => matrix[label][predicted.data[n]]++);
  return matrix;
}
