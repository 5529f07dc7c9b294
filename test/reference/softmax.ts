import { fromFunction, indexOf, zeros, type Array64 } from './array.ts';
import { groupsOf } from './reduce.ts';

/** Calls f with the positions of each line of elements along `axis`. */
function forEachLine(x: Array64, axis: number, f: (line: number[]) => void): void {
  groupsOf(x.shape, { axes: [axis] }).groups.forEach(f);
}

/** y_i = e^(x_i − max x) / Σ_j e^(x_j − max x), along `axis` (default: the last). */
export function softmax(x: Array64, axis = -1): Array64 {
  const y = zeros(x.shape);
  forEachLine(x, axis, (line) => {
    const max = line.reduce((best, i) => Math.max(best, x.data[i]), -Infinity);
    const total = line.reduce((sum, i) => sum + Math.exp(x.data[i] - max), 0);
    for (const i of line) y.data[i] = Math.exp(x.data[i] - max) / total;
  });
  return y;
}

/** y_i = x_i − max x − log Σ_j e^(x_j − max x), along `axis` (default: the last). */
export function logSoftmax(x: Array64, axis = -1): Array64 {
  const y = zeros(x.shape);
  forEachLine(x, axis, (line) => {
    const max = line.reduce((best, i) => Math.max(best, x.data[i]), -Infinity);
    const total = line.reduce((sum, i) => sum + Math.exp(x.data[i] - max), 0);
    for (const i of line) y.data[i] = x.data[i] - max - Math.log(total);
  });
  return y;
}

/** Gradient of softmax from its output y: dx_i = y_i (dy_i − Σ_j dy_j y_j). */
export function softmaxGrad(y: Array64, dy: Array64, axis = -1): Array64 {
  const dx = zeros(y.shape);
  forEachLine(y, axis, (line) => {
    const mean = line.reduce((sum, i) => sum + dy.data[i] * y.data[i], 0);
    for (const i of line) dx.data[i] = y.data[i] * (dy.data[i] - mean);
  });
  return dx;
}

/** Gradient of log-softmax from its output y: dx_i = dy_i − e^(y_i) Σ_j dy_j. */
export function logSoftmaxGrad(y: Array64, dy: Array64, axis = -1): Array64 {
  const dx = zeros(y.shape);
  forEachLine(y, axis, (line) => {
    const total = line.reduce((sum, i) => sum + dy.data[i], 0);
    for (const i of line) dx.data[i] = dy.data[i] - Math.exp(y.data[i]) * total;
  });
  return dx;
}

/**
 * The point of the simplex nearest to x along `axis` (Martins & Astudillo 2016, algorithm 1): sorted from the largest on, the
 * support is the longest beginning with 1 + k x_k > Σ_{j ≤ k} x_j, and τ = (Σ of the support − 1) / its size.
 */
export function sparsemax(x: Array64, axis = -1): Array64 {
  const y = zeros(x.shape);
  forEachLine(x, axis, (line) => {
    const sorted = line.map((i) => x.data[i]).toSorted((a, b) => b - a);
    let [sum, threshold] = [0, 0];
    sorted.forEach((value, k) => {
      sum += value;
      if (1 + (k + 1) * value > sum) threshold = (sum - 1) / (k + 1);
    });
    for (const i of line) y.data[i] = Math.max(x.data[i] - threshold, 0);
  });
  return y;
}

/** Gradient of sparsemax from its output y: dy less its mean over the support, where y > 0; 0 elsewhere. */
export function sparsemaxGrad(y: Array64, dy: Array64, axis = -1): Array64 {
  const dx = zeros(y.shape);
  forEachLine(y, axis, (line) => {
    const support = line.filter((i) => y.data[i] > 0);
    const mean = support.reduce((sum, i) => sum + dy.data[i], 0) / support.length;
    for (const i of support) dx.data[i] = dy.data[i] - mean;
  });
  return dx;
}

/** a · sigmoid(b), the halves of x along `axis` (Dauphin et al. 2017). */
export function glu(x: Array64, axis = -1): Array64 {
  const along = axis < 0 ? axis + x.shape.length : axis;
  const half = x.shape.with(along, x.shape[along] / 2);
  return fromFunction(half, (...at) => {
    const gate = x.data[indexOf(x.shape, at.with(along, at[along] + half[along]))];
    return x.data[indexOf(x.shape, at)] / (1 + Math.exp(-gate));
  });
}

/** Gradient of glu: σ(b) dy for a, a σ(b) (1 − σ(b)) dy for b. */
export function gluGrad(x: Array64, dy: Array64, axis = -1): Array64 {
  const along = axis < 0 ? axis + x.shape.length : axis;
  const half = dy.shape[along];
  return fromFunction(x.shape, (...at) => {
    const [i, j] = [at[along] % half, (at[along] % half) + half].map((k) => indexOf(x.shape, at.with(along, k))); // prettier-ignore
    const [a, gate] = [x.data[i], 1 / (1 + Math.exp(-x.data[j]))];
    const d = dy.data[indexOf(dy.shape, at.with(along, at[along] % half))];
    return at[along] < half ? d * gate : d * a * gate * (1 - gate);
  });
}
