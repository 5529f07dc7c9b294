import { indexOf, zeros } from './array.ts';
import type { Array64 } from './array.ts';

export interface AttentionOptions {
  readonly causal?: boolean;
  readonly scale?: number;
  /** Broadcasts to [batch, heads, queries, keys]; −Infinity hides a key. */
  readonly bias?: Array64;
  /** What dropout makes of weights of 1, [batch, heads, queries, keys]. */
  readonly kept?: Array64;
}

/** The index of an entry in an array that broadcasts to a longer shape. */
function entryOf({ shape }: Array64, place: readonly number[]): number {
  const own = place.slice(place.length - shape.length).map((i, axis) => (shape[axis] === 1 ? 0 : i));
  return indexOf(shape, own);
}

/** Calls f for every batch, head, query and key, with the places of their vectors, and that of the weight. */
function forEachPair(
  q: Array64,
  k: Array64,
  f: (at: { query: number; key: number; weight: number; place: number[] }) => void,
): void {
  const [batch, queries, heads] = q.shape;
  const [, keys, keyHeads] = k.shape;
  let weight = 0;
  for (let b = 0; b < batch; b++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < queries; i++) {
        for (let j = 0; j < keys; j++) {
          const query = (b * queries + i) * heads + h;
          const key = (b * keys + j) * keyHeads + Math.floor(h / (heads / keyHeads));
          f({ query, key, weight: weight++, place: [b, h, i, j] });
        }
      }
    }
  }
}

function dot(a: Array64, i: number, b: Array64, j: number): number {
  const size = a.shape.at(-1)!;
  let sum = 0;
  for (let d = 0; d < size; d++) sum += a.data[i * size + d] * b.data[j * size + d];
  return sum;
}

/** Adds a vector of b, times a factor, to one of a. */
function accumulate(a: Array64, i: number, factor: number, b: Array64, j: number): void {
  const size = a.shape.at(-1)!;
  for (let d = 0; d < size; d++) a.data[i * size + d] += factor * b.data[j * size + d];
}

const scaleOf = (q: Array64, { scale = 1 / Math.sqrt(q.shape[3]) }: AttentionOptions) => scale;

/**
 * The weights [batch, heads, queries, keys], softmax of the scores and 0 where a query sees no key, and the logarithms of the
 * sums of e^score, [batch, queries, heads].
 */
export function attentionWeights(
  q: Array64,
  k: Array64,
  options: AttentionOptions = {},
): { weights: Array64; logSum: Array64 } {
  const [batch, queries, heads] = q.shape;
  const keys = k.shape[1];
  const weights = zeros([batch, heads, queries, keys]);
  const logSum = zeros([batch, queries, heads]);
  forEachPair(q, k, ({ query, key, weight, place }) => {
    const hidden = options.causal && place[3] > place[2];
    const score =
      dot(q, query, k, key) * scaleOf(q, options) +
      (options.bias ? options.bias.data[entryOf(options.bias, place)] : 0);
    weights.data[weight] = hidden ? -Infinity : score;
    if (place[3] < keys - 1) return;
    const row = weights.data.subarray(weight + 1 - keys, weight + 1);
    const peak = row.reduce((most, own) => Math.max(most, own), -Infinity);
    const total = row.reduce((sum, own) => sum + Math.exp(own - peak), 0);
    logSum.data[query] = peak === -Infinity ? peak : peak + Math.log(total);
    row.forEach((own, j) => (row[j] = peak === -Infinity ? 0 : Math.exp(own - peak) / total));
  });
  return { weights, logSum };
}

/** softmax(scale · q kᵀ + bias) · v for each head: q [batch, queries, heads, size], k and v [batch, keys, keyHeads, …]. */
export function attention(q: Array64, k: Array64, v: Array64, options: AttentionOptions = {}): Array64 {
  const { weights } = attentionWeights(q, k, options);
  const output = zeros([...q.shape.slice(0, 3), v.shape[3]]);
  forEachPair(q, k, ({ query, key, weight }) => {
    accumulate(output, query, weights.data[weight] * (options.kept?.data[weight] ?? 1), v, key);
  });
  return output;
}

/**
 * dL/dq, dL/dk, dL/dv and, where there is one, dL/dbias for dL/doutput = dy, by way of all weights and their gradient.
 *
 * @param output where it is given, Σ_j w_j dL/dw_j is dy · output, as kernels compute it: with the rounding of the output
 */
export function attentionGradient(
  q: Array64,
  k: Array64,
  v: Array64,
  dy: Array64,
  options: AttentionOptions = {},
  output?: Array64,
): Array64[] {
  const { weights } = attentionWeights(q, k, options);
  const slopes = zeros(weights.shape); // dL/dw
  const means = new Float64Array(q.data.length / q.shape[3]); // Σ_j w_j dL/dw_j of each query
  forEachPair(q, k, ({ query, key, weight }) => {
    slopes.data[weight] = dot(dy, query, v, key) * (options.kept?.data[weight] ?? 1);
    means[query] += weights.data[weight] * slopes.data[weight];
  });
  if (output) means.forEach((_, query) => (means[query] = dot(dy, query, output, query)));
  const { bias } = options;
  const [dq, dk, dv, dbias] = [q, k, v, bias ?? v].map(({ shape }) => zeros(shape));
  forEachPair(q, k, ({ query, key, weight, place }) => {
    const own = weights.data[weight];
    const ofScore = own * (slopes.data[weight] - means[query]);
    const slope = ofScore * scaleOf(q, options);
    if (bias) dbias.data[entryOf(bias, place)] += ofScore;
    accumulate(dq, query, slope, k, key);
    accumulate(dk, key, slope, q, query);
    accumulate(dv, key, own * (options.kept?.data[weight] ?? 1), dy, query);
  });
  return bias ? [dq, dk, dv, dbias] : [dq, dk, dv];
}
