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

/** 1 − Σ (t − x)² / Σ (t − mean t)² of each output of [N, C]. */
export function r2(x: Array64, t: Array64): number[] {
  const [N, C] = x.shape;
  return Array.from({ length: C }, (_, c) => {
    const rows = Array.from({ length: N }, (__, n) => n * C + c);
    const mean = rows.reduce((sum, i) => sum + t.data[i], 0) / N;
    const errors = rows.reduce((sum, i) => sum + (t.data[i] - x.data[i]) ** 2, 0);
    return 1 - errors / rows.reduce((sum, i) => sum + (t.data[i] - mean) ** 2, 0);
  });
}

/** Fβ of each class, by the largest of each row of scores [N, C], or by a threshold; truth [N, C] of 0 and 1. */
export function fBeta(
  scores: Array64,
  truth: Array64,
  { beta = 1, threshold }: { beta?: number; threshold?: number } = {},
): number[] {
  const C = scores.shape[1];
  const largest = argmax(scores);
  const decision = scores.data.map((score, i) =>
    Number(threshold === undefined ? largest.data[Math.floor(i / C)] === i % C : score > threshold),
  );
  return Array.from({ length: C }, (_, c) => {
    const [own, actual] = [decision, truth.data].map((values) => values.filter((__, i) => i % C === c));
    const [p, r] = [precision(own, actual), recall(own, actual)];
    return ratio((1 + beta ** 2) * p * r, beta ** 2 * p + r);
  });
}

/** Rates at a number of thresholds from 0 to 1, evenly spaced. */
export function ratesAt(scores: ArrayLike<number>, truth: ArrayLike<number>, thresholds: number) {
  const limits =
    thresholds === 1
      ? [0.5]
      : Array.from({ length: thresholds }, (_, i) => Math.fround(i / (thresholds - 1)));
  return limits.map((limit) => {
    const { tp, fp, fn, tn } = counts(scores, truth, limit);
    return { precision: ratio(tp, tp + fp), recall: ratio(tp, tp + fn), specificity: ratio(tn, tn + fp) };
  });
}

/** The mean of TP / (TP + FP + FN) over the classes that occur. */
export function iou(matrix: readonly (readonly number[])[], classes = matrix.map((_, i) => i)): number {
  const values = classes.flatMap((c) => {
    const union = matrix.reduce((sum, row, i) => sum + row[c] + matrix[c][i], 0) - matrix[c][c];
    return union === 0 ? [] : [matrix[c][c] / union];
  });
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Pearson's correlation, and Lin's, of two rows. */
export function correlations(x: readonly number[], t: readonly number[]) {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, mt] = [mean(x), mean(t)];
  const covariance = mean(x.map((value, i) => (value - mx) * (t[i] - mt)));
  const [vx, vt] = [mean(x.map((value) => (value - mx) ** 2)), mean(t.map((value) => (value - mt) ** 2))];
  return {
    pearson: covariance / Math.sqrt(vx * vt),
    concordance: (2 * covariance) / (vx + vt + (mx - mt) ** 2 + 1e-7),
  };
}

/** Structural similarity of two images [H, W] of one channel, by Wang et al. 2004: the mean over the windows. */
export function ssim(
  x: Array64,
  t: Array64,
  { maxValue = 1, size = 11, sigma = 1.5, k1 = 0.01, k2 = 0.03 } = {},
): number {
  const [H, W] = x.shape;
  const raw = Array.from({ length: size * size }, (_, i) => {
    const [dy, dx] = [Math.floor(i / size) - (size - 1) / 2, (i % size) - (size - 1) / 2];
    return Math.exp(-(dy * dy + dx * dx) / (2 * sigma ** 2));
  });
  const total = raw.reduce((a, b) => a + b, 0);
  const [c1, c2] = [(k1 * maxValue) ** 2, (k2 * maxValue) ** 2];
  const values: number[] = [];
  for (let top = 0; top + size <= H; top++) {
    for (let left = 0; left + size <= W; left++) {
      const mean = (f: (i: number) => number) =>
        raw.reduce(
          (sum, w, k) => sum + (w / total) * f((top + Math.floor(k / size)) * W + left + (k % size)),
          0,
        );
      const [mx, mt] = [mean((i) => x.data[i]), mean((i) => t.data[i])];
      const vx = mean((i) => (x.data[i] - mx) ** 2);
      const vt = mean((i) => (t.data[i] - mt) ** 2);
      const both = mean((i) => (x.data[i] - mx) * (t.data[i] - mt));
      values.push(((2 * mx * mt + c1) * (2 * both + c2)) / ((mx ** 2 + mt ** 2 + c1) * (vx + vt + c2)));
    }
  }
  return values.reduce((a, b) => a + b, 0) / values.length;
}
