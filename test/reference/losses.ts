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

function loss(perSample: Array64, gradientOfSum: Array64): Loss {
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
  return loss(
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
  return loss(
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
  return loss(
    reduce('mean', terms, { axes: [-1] }),
    map(logits, (z, i) => (1 / (1 + Math.exp(-z)) - targets.data[i]) / C),
  );
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
