import type { Node } from '../../src/ops/core/op.ts';
import { map, random, zeros } from '../../test/reference/array.ts';
import type { Array64 } from '../../test/reference/array.ts';

/**
 * Normalization in float64, by the view that its ops have: an element belongs to outer group o, row r, group g and
 * place k in the run; those of one (o, g) share mean and variance.
 */
interface View {
  readonly outer: number;
  readonly rows: number;
  readonly groups: number;
  readonly run: number;
}

/** Which of the outer × groups statistics element i has. */
const groupOf = (i: number, { rows, groups, run }: View): number =>
  Math.floor(i / (rows * groups * run)) * groups + (Math.floor(i / run) % groups);

/** Σ f(element) of each group. */
function sums(x: Array64, view: View, f: (value: number, i: number) => number): Float64Array {
  const totals = new Float64Array(view.outer * view.groups);
  x.data.forEach((value, i) => (totals[groupOf(i, view)] += f(value, i)));
  return totals;
}

function normalize({ attrs, outputs }: Node, [x, ...weights]: readonly Array64[]): Array64[] {
  const { view, epsilon, scale, center } = attrs;
  const count = view.rows * view.run;
  const mean = sums(x, view, (value) => value).map((sum) => sum / count);
  const variance = sums(x, view, (value, i) => (value - mean[groupOf(i, view)]) ** 2).map(
    (sum) => sum / count,
  );
  const channels = x.shape.at(-1)!;
  const gamma = scale ? weights[0] : undefined;
  const beta = center ? weights[Number(scale)] : undefined;
  const y = map(x, (value, i) => {
    const group = groupOf(i, view);
    const standard = (value - mean[group]) / Math.sqrt(variance[group] + epsilon);
    return standard * (gamma?.data[i % channels] ?? 1) + (beta?.data[i % channels] ?? 0);
  });
  return [y, { shape: outputs[1].shape, data: mean }, { shape: outputs[2].shape, data: variance }];
}

/** Σ g and Σ g x̂ with x̂ = (x − mean) / √(variance + ε), g = dy or γ dy; per group, or per channel. */
function gradientSums({ attrs, outputs }: Node, inputs: readonly Array64[]): Array64[] {
  const { view, epsilon, perChannel } = attrs;
  const [dy, x, mean, variance, gamma] = inputs;
  const channels = x.shape.at(-1)!;
  const isPair = outputs.length === 1; // of neighbours, [..., 2]
  const shape = isPair ? outputs[0].shape.slice(0, -1) : outputs[0].shape;
  const [plain, products] = [zeros(shape), zeros(shape)];
  dy.data.forEach((slope, i) => {
    const group = groupOf(i, view);
    const g = slope * (gamma?.data[i % channels] ?? 1);
    const place = perChannel ? i % channels : group;
    plain.data[place] += g;
    products.data[place] += (g * (x.data[i] - mean.data[group])) / Math.sqrt(variance.data[group] + epsilon);
  });
  if (isPair) return [map(zeros(outputs[0].shape), (_, i) => [plain, products][i % 2].data[i >> 1])];
  return outputs.map((_, i) => [plain, products][i % 2]);
}

/** dx = (g − Σ g / n − x̂ Σ g x̂ / n) / √(variance + ε), g = γ dy; γ within the sums, or outside where run is 1. */
function gradient({ attrs }: Node, inputs: readonly Array64[]): Array64[] {
  const { view, epsilon } = attrs;
  const [dy, x, mean, variance, first, ...rest] = inputs;
  const isPair = view.run > 1;
  const half = (i: number) => map(mean, (_, group) => first.data[2 * group + i]);
  const [plain, products] = isPair ? [half(0), half(1)] : [first, rest[0]];
  const gamma = rest[isPair ? 0 : 1] as Array64 | undefined;
  const channels = x.shape.at(-1)!;
  const count = view.rows * view.run;
  const dx = map(dy, (slope, i) => {
    const group = groupOf(i, view);
    const inverse = 1 / Math.sqrt(variance.data[group] + epsilon);
    const standard = (x.data[i] - mean.data[group]) * inverse;
    const factor = gamma?.data[i % channels] ?? 1;
    const [inner, outer] = view.run > 1 ? [factor, 1] : [1, factor];
    const centred = inner * slope - (plain.data[group] + standard * products.data[group]) / count;
    return outer * centred * inverse;
  });
  return [dx];
}

/** γ / √(variance + ε) and β − mean · that: what normalization comes to where the statistics are given. */
function scaleShift({ attrs: { epsilon, scale, center } }: Node, inputs: readonly Array64[]): Array64[] {
  const [mean, variance, ...weights] = inputs;
  const [gamma, beta] = [scale ? weights[0] : undefined, center ? weights[Number(scale)] : undefined];
  const factor = map(variance, (value, i) => (gamma?.data[i] ?? 1) / Math.sqrt(value + epsilon));
  return [factor, map(mean, (value, i) => (beta?.data[i] ?? 0) - value * factor.data[i])];
}

/** Away from 0, or the error of a mean would be measured by what is left of the numbers that it averages. */
const shifted = (node: Node, index: number) =>
  index === 0 ? random(1, node.inputs[0].shape, 0, 2) : undefined;

/** A variance is never below 0. */
const positive = (at: number) => (node: Node, index: number) =>
  index === at ? random(4, node.inputs[at].shape, 0.5, 1.5) : undefined;

export const twins = {
  normalize: { compute: normalize, feed: shifted },
  normalizeGradientSums: { compute: gradientSums, feed: positive(3) },
  normalizeScaleShift: { compute: scaleShift, feed: positive(1) },
  normalizeGradient: { compute: gradient, feed: positive(3) },
};
