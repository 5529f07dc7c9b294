import { zeros, type Array64 } from './array.ts';
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
