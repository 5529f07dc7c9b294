import { ArgumentError } from '../../errors.ts';
import { describe, settle } from '../../options.ts';
import { perSample } from '../../ops/loss/accuracy.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import {
  add,
  divide,
  maximum,
  multiply,
  rsqrt,
  scale,
  shift,
  square,
  subtract,
} from '../../ops/elementwise/elementwise.ts';
import { concat } from '../../ops/movement/concat.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { reduceMean } from '../../ops/reduce/reduce.ts';
import { reduceSum } from '../../ops/reduce/sum.ts';
import { cosines, logCosh, meanSquaredError } from '../losses/regression.ts';
import { alignTargets, requireClasses, toLast } from '../losses/targets.ts';
import { rowsOf } from './metric.ts';
import type { Metric } from './metric.ts';

/** The root of the mean squared error of all samples (Keras's RootMeanSquaredError). */
export function rootMeanSquaredError(options: { name?: string } = {}): Metric {
  const { name } = settle('rootMeanSquaredError', options, { name: 'rootMeanSquaredError' });
  return {
    name,
    better: 'lower',
    compute: (prediction, target) => meanSquaredError(prediction, target),
    value: ([mean]) => Math.sqrt(mean),
  };
}

/** The loss `logCosh` under the name that Keras has for it as a metric (LogCoshError). */
export function logCoshError(options: { name?: string } = {}): Metric {
  const { name } = settle('logCoshError', options, { name: 'logCoshError' });
  return { name, better: 'lower', compute: (prediction, target) => logCosh(prediction, target) };
}

export interface AlongOptions {
  /** The dimension along which a sample's numbers are compared; default −1, the last. */
  axis?: number;
  name?: string;
}

/**
 * Mean cosine similarity Σ x̂ t̂ (Keras's metric of this name): 1 where the directions agree, −1 where they are
 * opposite. The loss of this name is its negative.
 */
export function cosineSimilarity(options: AlongOptions = {}): Metric {
  const { axis, name } = settle('cosineSimilarity', options, { axis: -1, name: 'cosineSimilarity' });
  return { name, better: 'higher', compute: (p, t) => perSample(cosines(p, t, axis)) };
}

/** Numbers minus their mean along the last dimension. */
const centred = (x: Tensor): Tensor => subtract(x, reduceMean(x, { axes: [-1], keepDims: true }));

/**
 * The mean over samples of Pearson's correlation of predictions and targets along an axis (Keras's PearsonCorrelation), from −1
 * to 1; 0 where one of them is constant.
 */
export function pearsonCorrelation(options: AlongOptions = {}): Metric {
  const { axis, name } = settle('pearsonCorrelation', options, { axis: -1, name: 'pearsonCorrelation' });
  return {
    name,
    better: 'higher',
    compute(prediction, target) {
      requireClasses(name, prediction);
      const [x, t] = [prediction, alignTargets(name, prediction, target)].map((own) => {
        const values = centred(toLast(name, own, axis));
        const squares = reduceSum(square(values), { axes: [-1], keepDims: true });
        return multiply(values, rsqrt(maximum(squares, 1e-14)));
      });
      return perSample(reduceSum(multiply(x, t), { axes: [-1] }));
    },
  };
}

/**
 * The mean over samples of Lin's concordance correlation along an axis (Lin 1989; Keras's ConcordanceCorrelation):
 * 2 cov / (var x + var t + (mean x − mean t)² + 1e-7), from −1 to 1.
 */
export function concordanceCorrelation(options: AlongOptions = {}): Metric {
  const { axis, name } = settle('concordanceCorrelation', options, {
    axis: -1,
    name: 'concordanceCorrelation',
  });
  return {
    name,
    better: 'higher',
    compute(prediction, target) {
      requireClasses(name, prediction);
      const [x, t] = [prediction, alignTargets(name, prediction, target)].map((own) =>
        toLast(name, own, axis),
      );
      const mean = (values: Tensor) => reduceMean(values, { axes: [-1] });
      const covariance = mean(multiply(centred(x), centred(t)));
      const spread = add(mean(square(centred(x))), mean(square(centred(t))));
      const between = square(subtract(mean(x), mean(t)));
      return perSample(divide(scale(covariance, 2), shift(add(spread, between), 1e-7)));
    },
  };
}

export interface R2ScoreOptions {
  /**
   * Of several outputs: the mean of their scores (the default), weighed by the variances of the targets, or null for a
   * list of all.
   */
  classAggregation?: 'uniformAverage' | 'varianceWeightedAverage' | null;
  /** Of the adjusted score, how many numbers the model predicts from; default 0: the plain one. */
  numRegressors?: number;
  name?: string;
}

/**
 * The coefficient of determination of each output, 1 − Σ (t − x)² / Σ (t − mean t)² over all samples (Keras's R2Score): 1 where
 * predictions are exact, 0 where they are as good as the mean. 0 where all targets are the same.
 *
 * With `numRegressors` p it is 1 − (1 − R²)(n − 1) / (n − p − 1), n being the number of targets whatever their weights, as
 * long as n > p + 1.
 *
 * @throws ArgumentError if an option is out of range
 */
export function r2Score(options: R2ScoreOptions = {}): Metric {
  const { classAggregation, numRegressors, name } = settle('r2Score', options, {
    classAggregation: 'uniformAverage',
    numRegressors: 0,
    name: 'r2Score',
  });
  if (
    classAggregation !== null &&
    !['uniformAverage', 'varianceWeightedAverage'].includes(String(classAggregation))
  ) {
    throw new ArgumentError(
      `r2Score: classAggregation is ${describe(classAggregation)}; choose uniformAverage, varianceWeightedAverage, or null for a list of all outputs`,
    );
  }
  if (!Number.isInteger(numRegressors) || numRegressors < 0) {
    throw new ArgumentError(
      `r2Score: numRegressors is ${describe(numRegressors)}; it must be a whole number of at least 0`,
    );
  }
  const adjusted = (score: number, n: number) =>
    numRegressors === 0 || n <= numRegressors + 1
      ? score
      : 1 - ((1 - score) * (n - 1)) / (n - numRegressors - 1);
  return {
    name,
    better: 'higher',
    ...(classAggregation === null && { matrix: true }),
    compute(prediction, target) {
      const t = alignTargets(name, prediction, target);
      const [samples] = prediction.shape;
      const outputs = prediction.shape.length > 1 ? prediction.shape.at(-1)! : 1;
      const positions = sizeOf(prediction.shape) / (samples * outputs);
      const columns = [t, square(t), square(subtract(t, prediction))];
      return rowsOf(
        concat(
          columns.map((own) => reshape(own, [samples, positions, outputs])),
          2,
        ),
      );
    },
    value(means, count, samples = count) {
      const outputs = means.length / 3;
      const variance = Array.from({ length: outputs }, (_, i) => means[outputs + i] - means[i] ** 2);
      const scores = variance.map((own, i) => {
        const score = 1 - means[2 * outputs + i] / own;
        return score === -Infinity || score === Infinity ? 0 : score;
      });
      const n = samples * outputs;
      if (classAggregation === null) return scores.map((score) => adjusted(score, n));
      const weights = classAggregation === 'uniformAverage' ? scores.map(() => 1) : variance;
      const total = weights.reduce((a, b) => a + b, 0);
      return adjusted(scores.reduce((sum, score, i) => sum + score * weights[i], 0) / total, n);
    },
  };
}
