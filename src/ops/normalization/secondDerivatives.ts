import { fill } from '../core/leaves.ts';
import type { GradientRule, Op, Tensor } from '../core/op.ts';
import type { Shape } from '../core/shape.ts';
import { add, multiply, negate, rsqrt, scale, shift, square, subtract } from '../elementwise/elementwise.ts';
import { concat } from '../movement/concat.ts';
import { reshape, slice } from '../movement/movement.ts';
import { sumTo } from '../reduce/sum.ts';
import type { View } from './kernels.ts';
import { normalizeGradientOp, normalizeGradientSumsOp } from './normalize.ts';

/** What both ops have among their attributes; the first has `perChannel`, too. */
interface Attrs {
  readonly view: View;
  readonly epsilon: number;
  readonly centered: boolean;
}

/**
 * A normalization's tensors in the shapes of its view, which broadcast with each other: elements, numbers of groups, and γ.
 * x̂ = (x − mean) r with r = 1 / √(variance + ε).
 */
function viewed(
  { view: { outer, rows, groups, run }, epsilon }: Attrs,
  { x, mean, variance, gamma }: { x: Tensor; mean: Tensor; variance: Tensor; gamma?: Tensor },
) {
  const [all, group, weight] = [
    [outer, rows, groups, run],
    [outer, 1, groups, 1],
    [1, 1, groups, run],
  ];
  const r = rsqrt(shift(reshape(variance, group), epsilon));
  const normal = multiply(subtract(reshape(x, all), reshape(mean, group)), r);
  return {
    all,
    group,
    weight,
    r,
    normal,
    gamma: gamma && reshape(gamma, weight),
    count: rows * run,
    /** Gradients by x, mean and variance, of e that reaches x̂ and a that reaches log r directly, per element. */
    through(e: Tensor, a?: Tensor): Tensor[] {
      const er = multiply(e, r);
      const own = multiply(e, normal);
      const dLogR = sumTo(a ? add(own, a) : own, group);
      return [
        reshape(er, x.shape),
        reshape(negate(sumTo(er, group)), mean.shape),
        reshape(multiply(scale(square(r), -0.5), dLogR), variance.shape), // d log r = −½ r² dvariance
      ];
    },
  };
}

/** Both of a pair that there is. */
const sum = (a: Tensor | undefined, b: Tensor | undefined) => (a && b ? add(a, b) : (a ?? b));

/** The two of a pair that lies in one tensor, [..., 2]. */
const halvesOf = (pair: Tensor | undefined): (Tensor | undefined)[] => {
  if (!pair) return [];
  const shape = pair.shape.slice(0, -1);
  const from = (i: number) => [...shape.map(() => 0), i];
  return [0, 1].map((i) => reshape(slice(pair, from(i), [...shape, 1]), shape));
};

/** Of S = Σ g and P = Σ g x̂ with g = γ dy, per group or per channel: dS + dP x̂ reaches g, and g dP reaches x̂. */
const sumsGradient: GradientRule = ({ inputs: [dy, x, mean, variance, gamma], outputs, attrs }, given) => {
  const [dSum, dProduct, dSumCopy, dProductCopy] = outputs.length === 1 ? halvesOf(given[0]) : given;
  const own = viewed(attrs, { x, mean, variance, gamma });
  const shape: Shape = attrs.perChannel ? own.weight : own.group;
  const [u, w] = [sum(dSum, dSumCopy), sum(dProduct, dProductCopy)].map((each) =>
    each ? reshape(each, shape) : fill(shape, 0),
  );
  const g = reshape(dy, own.all);
  const dg = add(multiply(own.normal, w), u);
  const weighted = (each: Tensor) => (own.gamma ? multiply(each, own.gamma) : each);
  return [
    reshape(weighted(dg), dy.shape),
    ...own.through(multiply(weighted(g), w)),
    gamma && reshape(sumTo(multiply(dg, g), own.weight), gamma.shape),
  ];
};

/**
 * Of dx = r h with h = γ dy − S / n − x̂ P / n, or where a group has one channel dx = γ r (dy − S / n − x̂ P / n); without S where
 * the mean counts as 0.
 */
const inputGradient: GradientRule = ({ inputs: [dy, x, mean, variance, first, ...rest], attrs }, [u]) => {
  if (!u) return [];
  const scaled = attrs.view.run > 1; // the sums contain γ, and are one tensor
  const [sums, products] = scaled ? (halvesOf(first) as Tensor[]) : [first, rest.shift()!];
  const [gamma] = rest as (Tensor | undefined)[];
  const own = viewed(attrs, { x, mean, variance, gamma });
  const weighted = (each: Tensor) => (own.gamma ? multiply(each, own.gamma) : each);
  const g = reshape(dy, own.all);
  const [s, p] = [sums, products].map((each) => scale(reshape(each, own.group), 1 / own.count));
  const given = scaled ? weighted(g) : g;
  const h = subtract(attrs.centered ? subtract(given, s) : given, multiply(own.normal, p));
  const ur = multiply(reshape(u, own.all), own.r);
  const q = scaled ? ur : weighted(ur); // reaches h
  const ofGroup = (each: Tensor) => reshape(scale(negate(sumTo(each, own.group)), 1 / own.count), mean.shape);
  const pair = [attrs.centered ? ofGroup(q) : fill(mean.shape, 0), ofGroup(multiply(q, own.normal))];
  return [
    reshape(scaled ? weighted(q) : q, dy.shape),
    ...own.through(negate(multiply(q, p)), multiply(q, h)),
    ...(scaled ? [concat(pair.map((each) => reshape(each, [...mean.shape, 1])))] : pair),
    gamma && reshape(sumTo(multiply(ur, scaled ? g : h), own.weight), gamma.shape),
  ];
};

export const ofNormalization = (): [Op, GradientRule][] => [
  [normalizeGradientSumsOp, sumsGradient],
  [normalizeGradientOp, inputGradient],
];
