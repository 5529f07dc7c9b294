import { normalize, normalizeWith } from '../../../src/ops/index.ts';
import type { NormalizeOptions } from '../../../src/ops/normalization/normalize.ts';
import { array, map, sizeOf } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { orthonormalize } from '../../reference/linalg.ts';
import * as losses from '../../reference/losses.ts';
import { matmul, matmulOf, matmulOfGrad } from '../../reference/matmul.ts';
import * as normalization from '../../reference/normalization.ts';
import { argmax, reduce } from '../../reference/reduce.ts';
import { logSoftmax } from '../../reference/softmax.ts';
import type { Answer, Drawing, OpEntry, Value } from '../entry.ts';

const rows = (x: Array64): Array64 => array([sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!], x.data);

/** γ and β: both, one or none. */
function affine(draft: Drawing, channels: number): { inputs: Value[]; gamma: boolean; beta: boolean } {
  const [gamma, beta] = [draft.rng.chance(0.7), draft.rng.chance(0.7)];
  const inputs = [gamma, beta].flatMap((own) => (own ? [draft.take([channels], { reuse: 0.3 })] : []));
  return { inputs, gamma, beta };
}

interface Affine {
  readonly gamma: boolean;
  readonly beta: boolean;
}

const unpack = <T>(rest: readonly T[], { gamma, beta }: Affine) => ({
  gamma: gamma ? rest[0] : undefined,
  beta: beta ? rest[gamma ? 1 : 0] : undefined,
});

const given = (own: Array64 | undefined, channels: number, value: number): Array64 =>
  own ?? array([channels], Array<number>(channels).fill(value));

/** Losses of samples from logits, and their gradients by logits and targets. */
function crossEntropy(logits: Array64, targets: Array64, smoothing: number): Answer {
  const classes = logits.shape.at(-1)!;
  const sample = (i: number) => Math.floor(i / classes);
  const loss = losses.softmaxCrossEntropy(rows(logits), rows(smooth(targets, smoothing)));
  const samples = loss.perSample.data.length;
  const logProbabilities = logSoftmax(rows(logits));
  const means = reduce('mean', logProbabilities, { axes: [-1] }).data;
  return {
    y: array(logits.shape.slice(0, -1), loss.perSample.data),
    vjp: (dy) => [
      map(logits, (_, i) => dy.data[sample(i)] * loss.gradient.data[i] * samples),
      map(
        targets,
        (_, i) =>
          -dy.data[sample(i)] * ((1 - smoothing) * logProbabilities.data[i] + smoothing * means[sample(i)]),
      ),
    ],
  };
}

/** A share of each target spread evenly over the classes. */
function smooth(targets: Array64, share: number): Array64 {
  const classes = targets.shape.at(-1)!;
  const mass = reduce('sum', targets, { axes: [-1] }).data;
  return map(targets, (t, i) => t * (1 - share) + (share * mass[Math.floor(i / classes)]) / classes);
}

export const productOps = {
  matmul: {
    draw(draft) {
      const { rng } = draft;
      const a = draft.any({ rank: [1, 2, 2, 3, 4] });
      const vectors = [a.tensor.shape.length === 1, rng.chance(0.15)];
      const [transposeA, transposeB] = vectors.map((vector) => !vector && rng.chance(0.3));
      const own = a.tensor.shape.slice(0, -2);
      const [k, m = 1] = transposeA ? a.tensor.shape.slice(-2) : a.tensor.shape.slice(-2).toReversed();
      if (k > 5000) return undefined;
      const n = draft.size(m > 1000 ? 4 : 70);
      // the batch of a, what broadcasts with it, or one more dimension before it
      const part = own.slice(rng.int(0, own.length)).map((extent) => (rng.chance(0.3) ? 1 : extent));
      const batch = draft.large || rng.chance(0.5) ? own : rng.chance(0.3) ? [rng.int(1, 3), ...own] : part;
      if (sizeOf([...own, ...batch, m, n, k]) > (draft.large ? 2e7 : 3e5)) return undefined;
      const b = draft.take(vectors[1] ? [k] : [...batch, ...(transposeB ? [n, k] : [k, n])]);
      const options = { ...(transposeA && { transposeA }), ...(transposeB && { transposeB }) };
      return { inputs: [a, b], args: rng.chance(0.5) && !transposeA && !transposeB ? [] : [options] };
    },
    twin: ([a, b], [options]) => ({
      y: matmulOf(a, b, options),
      vjp: (dy) => matmulOfGrad(a, b, dy, options),
    }),
    exact: 'whole',
  },
  normalize: {
    draw(draft) {
      const { rng } = draft;
      const over = rng.pick(['batch', 'instance', 'group', 'layer'] as const);
      const x = draft.any({ rank: over === 'layer' || over === 'batch' ? [2, 3, 4] : [3, 4] });
      const channels = x.tensor.shape.at(-1)!;
      const groups = rng.pick([1, 2, 3, 4, channels].filter((n) => channels % n === 0));
      const { inputs, gamma, beta } = affine(draft, channels);
      const centered = rng.chance(0.7);
      const options = { over, ...(over === 'group' && { groups }), ...(!centered && { centered }), ...(rng.chance(0.5) && { epsilon: rng.pick([0.01, 0.1]) }) }; // prettier-ignore
      return { inputs: [x, ...inputs], args: [options, { gamma, beta }] };
    },
    build: ([x, ...rest], [options, flags]: readonly any[]) =>
      normalize(x, { ...(options as NormalizeOptions), ...unpack(rest, flags) }).y,
    twin([x, ...rest], [{ over, groups, centered, epsilon = 1e-3 }, flags]) {
      const channels = x.shape.at(-1)!;
      const { gamma, beta } = unpack(rest, flags);
      const scale = given(gamma, channels, 1);
      const { y } = normalization.normalizeOver(x, scale, given(beta, channels, 0), over, {
        groups,
        epsilon,
        centered,
      });
      return {
        y,
        vjp(dy) {
          const { dx, dgamma, dbeta } = normalization.normalizeOverGrad(x, scale, dy, over, { groups, epsilon, centered }); // prettier-ignore
          return [dx, ...(gamma ? [dgamma] : []), ...(beta ? [dbeta] : [])];
        },
      };
    },
  },
  normalizeWith: {
    draw(draft) {
      const x = draft.any({ rank: [1, 2, 3, 4] });
      const channels = x.tensor.shape.at(-1)!;
      const mean = draft.take([channels]);
      const variance = draft.within(draft.take([channels]), 0.1, 20);
      const { inputs, gamma, beta } = affine(draft, channels);
      return { inputs: [x, mean, variance, ...inputs], args: [draft.rng.chance(0.5) ? {} : { epsilon: 0.1 }, { gamma, beta }] }; // prettier-ignore
    },
    build: ([x, mean, variance, ...rest], [options, flags]) =>
      normalizeWith(x, { mean, variance, ...options, ...unpack(rest, flags) }),
    twin([x, mean, variance, ...rest], [{ epsilon = 1e-3 }, flags]) {
      const channels = x.shape.at(-1)!;
      const { gamma, beta } = unpack(rest, flags);
      const scale = given(gamma, channels, 1);
      const r = map(variance, (value) => 1 / Math.sqrt(value + epsilon));
      return {
        y: normalization.normalizeWith(x, mean, variance, scale, given(beta, channels, 0), epsilon),
        vjp(dy) {
          const [dmean, dvariance, dgamma, dbeta] = [0, 1, 2, 3].map(() => map(mean, () => 0));
          const dx = map(x, (value, i) => {
            const c = i % channels;
            const [own, d] = [r.data[c], dy.data[i]];
            dmean.data[c] -= d * scale.data[c] * own;
            dvariance.data[c] -= 0.5 * d * scale.data[c] * (value - mean.data[c]) * own ** 3;
            dgamma.data[c] += d * (value - mean.data[c]) * own;
            dbeta.data[c] += d;
            return d * scale.data[c] * own;
          });
          return [dx, dmean, dvariance, ...(gamma ? [dgamma] : []), ...(beta ? [dbeta] : [])];
        },
      };
    },
  },
  orthonormalize: {
    draw(draft) {
      // Columns that nearly depend on each other have no direction in f32: a large diagonal keeps them apart.
      const rank = draft.rng.int(1, 6);
      const height = rank + draft.size(40);
      const noise = draft.leaf([height, rank], { low: -1, high: 1 });
      const diagonal = draft.call('oneHot', { inputs: [draft.leaf([height], { dtype: 'i32', low: rank, high: rank })], args: [rank] }); // prettier-ignore
      const tall = draft.call('add', { inputs: [noise, diagonal] });
      const gram = matmul(tall.value, tall.value, { transposeA: true });
      return determinant(gram) > 1e-2 * sizeOf([height]) ? { inputs: [tall] } : undefined;
    },
    twin: ([x]) => ({ y: orthonormalize(x) }),
    blocks: true,
  },
  softmaxCrossEntropy: {
    draw(draft) {
      const logits = draft.any({ rank: [1, 2, 3] });
      const targets = draft.leaf(logits.tensor.shape, { low: 0, high: 1 });
      return { inputs: [logits, targets], args: draft.rng.chance(0.5) ? [] : [{ labelSmoothing: 0.125 }] };
    },
    twin([logits, targets], [{ labelSmoothing = 0 } = {}]) {
      return crossEntropy(logits, targets, labelSmoothing);
    },
  },
  sparseSoftmaxCrossEntropy: {
    draw(draft) {
      const logits = draft.any({ rank: [2, 3] });
      const classes = logits.tensor.shape.at(-1)!;
      const labels = draft.leaf(logits.tensor.shape.slice(0, -1), {
        dtype: 'i32',
        low: 0,
        high: classes - 1,
      });
      return { inputs: [logits, labels], args: draft.rng.chance(0.5) ? [] : [{ labelSmoothing: 0.125 }] };
    },
    twin([logits, labels], [{ labelSmoothing = 0 } = {}]) {
      const classes = logits.shape.at(-1)!;
      const one = map(logits, (_, i) => (labels.data[Math.floor(i / classes)] === i % classes ? 1 : 0));
      const { y, vjp } = crossEntropy(logits, one, labelSmoothing);
      return { y, vjp: (dy) => [vjp!(dy)[0]] };
    },
    integer: [1],
  },
  categoricalAccuracy: {
    draw(draft) {
      const { rng } = draft;
      const predictions = draft.any({ rank: [2, 3], exact: true });
      const { shape } = predictions.tensor;
      const classes = shape.at(-1)!;
      const targets = rng.chance(0.5)
        ? draft.leaf(shape.slice(0, -1), { dtype: 'i32', low: 0, high: classes - 1 })
        : draft.leaf(shape, { low: 0, high: 1, whole: false });
      return { inputs: [predictions, targets] };
    },
    twin([x, targets]) {
      const labels = targets.shape.length === x.shape.length ? argmax(targets) : targets;
      return { y: map(argmax(x), (own, i) => (own === labels.data[i] ? 1 : 0)) };
    },
    exact: 'always',
    blocks: true,
  },
  binaryAccuracy: {
    draw(draft) {
      const predictions = draft.any({ rank: [1, 2, 3], exact: true });
      const targets = draft.leaf(predictions.tensor.shape, { low: 0, high: 1, whole: true });
      return { inputs: [predictions, targets], args: draft.rng.chance(0.5) ? [] : [0.5] };
    },
    twin([x, targets], [threshold = 0]) {
      const [samples, each] = [x.shape[0], sizeOf(x.shape.slice(1))];
      const hit = (i: number) => (x.data[i] > threshold === targets.data[i] > 0.5 ? 1 : 0);
      const sums = new Float64Array(samples);
      x.data.forEach((_, i) => (sums[Math.floor(i / each)] += hit(i) / each));
      return { y: array([samples], sums), vjp: () => [] };
    },
  },
} satisfies Record<string, OpEntry>;

/** Of a small symmetric matrix, by elimination. */
function determinant({ shape: [n], data }: Array64): number {
  const a = Array.from({ length: n }, (_, i) => [...data.subarray(i * n, i * n + n)]);
  let product = 1;
  for (let k = 0; k < n; k++) {
    product *= a[k][k];
    for (let i = k + 1; i < n; i++) {
      const share = a[i][k] / a[k][k];
      for (let j = k; j < n; j++) a[i][j] -= share * a[k][j];
    }
  }
  return product;
}
