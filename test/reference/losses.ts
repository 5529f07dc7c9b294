import { array, map, type Array64 } from './array.ts';
import { oneHot } from './movement.ts';
import { argmax, reduce } from './reduce.ts';
import { logSoftmax, softmax } from './softmax.ts';

/** A loss per sample, their mean (what is minimised), and that mean's gradient with respect to the predictions. */
export interface Loss {
  perSample: Array64;
  mean: number;
  gradient: Array64;
}

export function lossOf(perSample: Array64, gradientOfSum: Array64): Loss {
  const samples = perSample.data.length;
  const mean = perSample.data.reduce((sum, value) => sum + value, 0) / samples;
  return { perSample, mean, gradient: map(gradientOfSum, (value) => value / samples) };
}

/**
 * Softmax cross-entropy with label distributions: L = −Σ_c p_c log softmax(z)_c, logits z and labels p [N, C].
 * dL/dz = softmax(z) Σp − p, the well-known softmax(z) − p where labels sum to 1.
 */
export function softmaxCrossEntropy(logits: Array64, labels: Array64): Loss {
  const C = logits.shape.at(-1)!;
  const logProbabilities = logSoftmax(logits);
  const terms = map(labels, (p, i) => (p === 0 ? 0 : -p * logProbabilities.data[i]));
  const labelSums = reduce('sum', labels, { axes: [-1] });
  const y = softmax(logits);
  return lossOf(
    reduce('sum', terms, { axes: [-1] }),
    map(y, (value, i) => value * labelSums.data[Math.floor(i / C)] - labels.data[i]),
  );
}

/** Softmax cross-entropy with class indices: L = −log softmax(z)_label, logits [N, C], labels [N]. */
export function sparseSoftmaxCrossEntropy(logits: Array64, labels: Array64): Loss {
  return softmaxCrossEntropy(logits, oneHot(labels, logits.shape.at(-1)!));
}

/** Mean squared error: L = mean_c (x_c − t_c)², per sample over the last dimension, as in Keras. */
export function meanSquaredError(predictions: Array64, targets: Array64): Loss {
  const C = predictions.shape.at(-1)!;
  return lossOf(
    reduce(
      'mean',
      map(predictions, (x, i) => (x - targets.data[i]) ** 2),
      { axes: [-1] },
    ),
    map(predictions, (x, i) => (2 * (x - targets.data[i])) / C),
  );
}

/**
 * Binary cross-entropy on logits z with targets t in [0, 1]: L = mean_c max(z, 0) − z t + log(1 + e^−|z|),
 * per sample over the last dimension. dL/dz = (σ(z) − t) / C.
 */
export function binaryCrossEntropy(logits: Array64, targets: Array64): Loss {
  const C = logits.shape.at(-1)!;
  const terms = map(
    logits,
    (z, i) => Math.max(z, 0) - z * targets.data[i] + Math.log1p(Math.exp(-Math.abs(z))),
  );
  return lossOf(
    reduce('mean', terms, { axes: [-1] }),
    map(logits, (z, i) => (1 / (1 + Math.exp(-z)) - targets.data[i]) / C),
  );
}

/** Mean over the last dimension of f(x, t), whose slope along x is df. */
export function meanOf(
  predictions: Array64,
  targets: Array64,
  f: (x: number, t: number) => number,
  df: (x: number, t: number) => number,
): Loss {
  const C = predictions.shape.at(-1)!;
  return lossOf(
    reduce(
      'mean',
      map(predictions, (x, i) => f(x, targets.data[i])),
      { axes: [-1] },
    ),
    map(predictions, (x, i) => df(x, targets.data[i]) / C),
  );
}

export const meanAbsoluteError = (x: Array64, t: Array64): Loss =>
  meanOf(
    x,
    t,
    (a, b) => Math.abs(a - b),
    (a, b) => Math.sign(a - b),
  );

/** (log(1 + max(x, ε)) − log(1 + max(t, ε)))², ε = 1e-7. */
export function meanSquaredLogarithmicError(x: Array64, t: Array64): Loss {
  const difference = (a: number, b: number) => Math.log1p(Math.max(a, 1e-7)) - Math.log1p(Math.max(b, 1e-7));
  return meanOf(
    x,
    t,
    (a, b) => difference(a, b) ** 2,
    (a, b) => (a > 1e-7 ? (2 * difference(a, b)) / (1 + a) : 0),
  );
}

export const huber = (x: Array64, t: Array64, delta = 1): Loss =>
  meanOf(
    x,
    t,
    (a, b) => {
      const e = Math.abs(a - b);
      return e <= delta ? (e * e) / 2 : delta * e - (delta * delta) / 2;
    },
    (a, b) => Math.min(Math.max(a - b, -delta), delta),
  );

/** log cosh e, by |e| + log(1 + e^−2|e|) − log 2, or for small e by log(1 + 2 sinh²(e/2)), which does not cancel. */
export const logCosh = (x: Array64, t: Array64): Loss =>
  meanOf(
    x,
    t,
    (a, b) => {
      const e = Math.abs(a - b);
      return e < 1 ? Math.log1p(2 * Math.sinh(e / 2) ** 2) : e + Math.log1p(Math.exp(-2 * e)) - Math.LN2;
    },
    (a, b) => Math.tanh(a - b),
  );

/** Hinge with targets of ±1, or 0 and 1, which stand for ±1. */
export function hinge(x: Array64, t: Array64): Loss {
  const side = (b: number) => (b === 0 ? -1 : b);
  return meanOf(
    x,
    t,
    (a, b) => Math.max(1 - side(b) * a, 0),
    (a, b) => (1 - side(b) * a > 0 ? -side(b) : 0),
  );
}

/** Binary cross-entropy of probabilities p, clipped to [1e-7, 1 − 1e-7], where it has no slope. */
export function binaryCrossentropy(p: Array64, t: Array64, smoothing = 0): Loss {
  const log = (x: number) => Math.log(Math.min(Math.max(x, 1e-7), 1));
  const clipped = (x: number) => x < 1e-7 || x > 1 - 1e-7;
  const smooth = (b: number) => b * (1 - smoothing) + smoothing / 2;
  return meanOf(
    p,
    t,
    (a, b) => -smooth(b) * log(a) - (1 - smooth(b)) * log(1 - a),
    (a, b) => (clipped(a) ? 0 : (1 - smooth(b)) / (1 - a) - smooth(b) / a),
  );
}

/** Categorical cross-entropy of p [N, C] divided by its sum s: −Σ t log(p / s); dL/dp_c = −t_c / p_c + Σ t / s. */
export function categoricalCrossentropy(p: Array64, t: Array64, smoothing = 0): Loss {
  const [N, C] = p.shape;
  const smoothed = map(t, (b) => b * (1 - smoothing) + smoothing / C);
  const perSample = new Float64Array(N);
  const gradient = new Float64Array(N * C);
  for (let n = 0; n < N; n++) {
    const row = p.data.slice(n * C, n * C + C);
    const own = smoothed.data.slice(n * C, n * C + C);
    const sum = row.reduce((a, b) => a + b, 0);
    const clipped = Array.from(
      row,
      (x) => x / Math.max(sum, 1e-7) < 1e-7 || x / Math.max(sum, 1e-7) > 1 - 1e-7,
    );
    const slopes = row.map((x, c) => (clipped[c] ? 0 : own[c] / x));
    const total = own.reduce((a, b, c) => a + (clipped[c] ? 0 : b), 0);
    for (let c = 0; c < C; c++) {
      perSample[n] -= own[c] * Math.log(Math.max(row[c] / Math.max(sum, 1e-7), 1e-7));
      gradient[n * C + c] = sum > 1e-7 ? total / sum - slopes[c] : -slopes[c];
    }
  }
  return lossOf(array([N], perSample), array([N, C], gradient));
}

/** Σ t log(t / p) along the last dimension of [N, C], both at least 1e-7 and at most 1. */
export function kullbackLeiblerDivergence(p: Array64, t: Array64): Loss {
  const clip = (x: number) => Math.min(Math.max(x, 1e-7), 1);
  const terms = map(p, (x, i) => clip(t.data[i]) * Math.log(clip(t.data[i]) / clip(x)));
  return lossOf(
    reduce('sum', terms, { axes: [-1] }),
    map(p, (x, i) => (x >= 1e-7 && x <= 1 ? -clip(t.data[i]) / x : 0)),
  );
}

/** −x·t / (‖x‖ ‖t‖) of the rows of [N, C]; along x: −(t̂ − (x̂·t̂) x̂) / ‖x‖. Norms are at least 1e-7. */
export function cosineSimilarity(x: Array64, t: Array64): Loss {
  const [N, C] = x.shape;
  const perSample = new Float64Array(N);
  const gradient = new Float64Array(N * C);
  for (let n = 0; n < N; n++) {
    const [a, b] = [x, t].map(({ data }) => data.slice(n * C, n * C + C));
    const norms = [a, b].map((row) => Math.max(Math.hypot(...row), 1e-7));
    const [a1, b1] = [a.map((v) => v / norms[0]), b.map((v) => v / norms[1])];
    const dot = a1.reduce((sum, v, c) => sum + v * b1[c], 0);
    perSample[n] = -dot;
    for (let c = 0; c < C; c++) {
      gradient[n * C + c] = -(b1[c] - (norms[0] > 1e-7 ? dot * a1[c] : 0)) / norms[0];
    }
  }
  return lossOf(array([N], perSample), array([N, C], gradient));
}

/** 1 for each sample whose largest logit (the first, at ties) is at its label, else 0; the accuracy is the mean. */
export function correct(logits: Array64, labels: Array64): Array64 {
  const indices = labels.shape.length === logits.shape.length ? argmax(labels) : labels;
  return map(argmax(logits), (predicted, i) => (predicted === indices.data[i] ? 1 : 0));
}

/** Share of samples predicted right; labels are class indices [N] or distributions [N, C]. */
export function accuracy(logits: Array64, labels: Array64): number {
  return reduce('mean', correct(logits, labels)).data[0];
}

/** Share of logits on their target's side: z > 0 for a target of 1, z ≤ 0 for 0. */
export function binaryAccuracy(logits: Array64, targets: Array64): number {
  const hits = map(logits, (z, i) => (Number(z > 0) === targets.data[i] ? 1 : 0));
  return reduce('mean', array([hits.data.length], hits.data)).data[0];
}
