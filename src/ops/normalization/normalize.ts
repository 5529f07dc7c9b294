import { ArgumentError, ShapeError } from '../../errors.ts';
import { apply, applyAll, requireTensor } from '../core/node.ts';
import { derivedElsewhere } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, sameShape, sizeOf } from '../core/shape.ts';
import type { Shape, TensorSpec } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { add, multiply, scale as scaleBy, subtract } from '../elementwise/elementwise.ts';
import { reshape } from '../movement/movement.ts';
import { broadcastTo, reduceSum } from '../reduce/sum.ts';
import { lowerApply, lowerGradientInput } from './apply.ts';
import { gradientKernels, lowerGradientSums, lowerStatistics } from './kernels.ts';
import type { View } from './kernels.ts';
import { checkFlag, checkOptions, describe, required } from '../../options.ts';
import type { OptionTable } from '../../options.ts';

/** Which elements share a mean and a variance. */
export type NormalizeOver = 'batch' | 'instance' | 'group' | 'layer';

export interface NormalizeOptions {
  /**
   * `batch`: each channel, over batch and positions (Ioffe & Szegedy 2015). `instance`: each channel of each
   * sample, over positions (Ulyanov et al. 2016). `group`: `groups` runs of neighbouring channels of each sample,
   * over positions (Wu & He 2018). `layer`: the channels at each position (Ba et al. 2016).
   */
  over: NormalizeOver;
  /** For `group`: how many groups the channels are cut into. */
  groups?: number;
  /** γ, [C]. Default: none, which is 1. */
  gamma?: Tensor;
  /** β, [C]. Default: none, which is 0. */
  beta?: Tensor;
  /** Added to the variance; default 1e-3, as in Keras. */
  epsilon?: number;
  /**
   * Default true. Otherwise the mean counts as 0, and the variance is the mean square: with `layer` root mean square
   * normalization, γ x / √(mean of x² + ε) (Zhang & Sennrich 2019).
   */
  centered?: boolean;
}

export interface Normalized {
  /** γ (x − mean) / √(variance + ε) + β, of x's shape. */
  readonly y: Tensor;
  /** batch: [C]. instance: [N, C]. group: [N, groups]. layer: x's shape without the channels. */
  readonly mean: Tensor;
  /** Biased: divided by the number of elements. Of mean's shape. */
  readonly variance: Tensor;
}

export interface NormalizeAttrs {
  readonly view: View;
  /** Of mean and variance. */
  readonly statisticsShape: Shape;
  readonly epsilon: number;
  /** The mean is subtracted, and not 0. */
  readonly centered: boolean;
  /** There is a γ, input 1. */
  readonly scale: boolean;
  /** There is a β, the last input. */
  readonly center: boolean;
}

/** Inputs x, γ?, β?; outputs y, mean, variance. */
export const normalizeOp: Op<NormalizeAttrs> = {
  name: 'normalize',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x, ...weights], { epsilon, statisticsShape }) {
    requireDtype('normalize', x, ['f32']);
    requireEpsilon('normalize', epsilon);
    for (const weight of weights) requireChannels('normalize', weight, x);
    const statistics = { shape: statisticsShape, dtype: 'f32' } as const;
    return [{ shape: x.shape, dtype: 'f32' }, statistics, statistics];
  },
  lower(node, context) {
    const { view, epsilon, centered, scale, center } = node.attrs;
    const [input, ...weights] = node.inputs;
    const [output, mean, variance] = node.outputs;
    lowerStatistics('normalize', { view, centered, x: input, outputs: [mean, variance] }, context);
    lowerApply(
      {
        view,
        epsilon,
        input,
        mean,
        variance,
        gamma: scale ? weights[0] : undefined,
        beta: center ? weights[Number(scale)] : undefined,
        output,
      },
      context,
    );
  },
  gradient({ inputs, outputs: [, mean, variance], attrs }, [dy, dMean, dVariance]) {
    const { view, scale, center } = attrs;
    const [x] = inputs;
    const gamma = scale ? inputs[1] : undefined;
    let dx: Tensor | undefined;
    let weights: (Tensor | undefined)[] = [];
    if (dy) {
      const sumsOf = (perChannel: boolean, factor?: Tensor) => {
        const operands = [dy, x, mean, variance, ...(factor ? [factor] : [])];
        return applyAll<SumsAttrs>(normalizeGradientSumsOp, operands, { ...attrs, perChannel });
      };
      // Where a group has one channel, γ can stay outside, and dγ and dβ are sums of these sums.
      const [ofGroups, copies] = halves(view.run === 1 ? sumsOf(false) : sumsOf(false, gamma));
      const [dBeta, dGamma] =
        view.run > 1
          ? sumsOf(true)
          : view.outer > 1
            ? ofGroups.map((sum) => reduceSum(reshape(sum, [view.outer, view.groups]), { axes: [0] }))
            : copies.map((sum) => reshape(sum, [view.groups]));
      weights = [...(scale ? [dGamma] : []), ...(center ? [dBeta] : [])];
      const operands = [dy, x, mean, variance, ...ofGroups, ...(gamma ? [gamma] : [])];
      dx = apply(normalizeGradientOp, operands, attrs);
    }
    const fromStatistics = gradientOfStatistics(x, mean, attrs.centered ? dMean : undefined, dVariance, view);
    return [dx && fromStatistics ? add(dx, fromStatistics) : (dx ?? fromStatistics), ...weights];
  },
};

const halves = (tensors: readonly Tensor[]) => [tensors.slice(0, 2), tensors.slice(2)];

/** dmean_g / n + dvariance_g · 2 (x − mean_g) / n, for each element of group g. */
function gradientOfStatistics(
  x: Tensor,
  mean: Tensor,
  dMean: Tensor | undefined,
  dVariance: Tensor | undefined,
  { outer, rows, groups, run }: View,
): Tensor | undefined {
  const count = rows * run;
  const spread = (statistic: Tensor) =>
    broadcastTo(reshape(statistic, [outer, 1, groups, 1]), [outer, rows, groups, run]);
  const parts: Tensor[] = [];
  if (dMean) parts.push(spread(scaleBy(dMean, 1 / count)));
  if (dVariance) {
    const centred = subtract(reshape(x, [outer, rows, groups, run]), spread(mean));
    parts.push(multiply(centred, spread(scaleBy(dVariance, 2 / count))));
  }
  return parts.length > 0 ? reshape(parts.reduce(add), x.shape) : undefined;
}

interface SumsAttrs extends NormalizeAttrs {
  readonly perChannel: boolean;
}

/** Sums that only dx reads lie side by side in one tensor, so that fewer buffers are bound with it. */
const isPacked = ({ view, perChannel }: SumsAttrs): boolean => view.run > 1 && !perChannel;

/** Batch normalization: the groups are the channels, so the group sums are dβ and dγ. */
const isBatch = ({ outer, run }: View): boolean => outer === 1 && run === 1;

/**
 * Inputs dy, x, mean, variance, γ?; outputs Σ g and Σ g x̂ per group, or per channel, with g = dy or γ dy. For batch
 * normalization both come twice: dx reads them, and the optimizer needs them in a buffer that nothing else reads. Where a group
 * has several channels, those of groups are one output, [..., 2].
 */
export const normalizeGradientSumsOp: Op<SumsAttrs> = {
  name: 'normalizeGradientSums',
  kind: 'kernel',
  late: gradientKernels,
  infer([, x], attrs) {
    const { perChannel, statisticsShape, view } = attrs;
    if (isPacked(attrs)) return [{ shape: [...statisticsShape, 2], dtype: 'f32' }];
    const sum = { shape: perChannel ? [x.shape.at(-1)!] : statisticsShape, dtype: 'f32' } as const;
    return isBatch(view) ? [sum, sum, sum, sum] : [sum, sum];
  },
  lower({ inputs, outputs, attrs: { view, perChannel, epsilon } }, context) {
    const [sums, products, ...copies] = outputs;
    const [gradient, input, mean, variance, gamma] = inputs;
    lowerGradientSums(
      {
        opName: 'normalizeGradientSums',
        view,
        perChannel,
        epsilon,
        inputs: { gradient, input, mean, variance, gamma },
        outputs: [sums, products],
        copies: isBatch(view) ? [copies[0], copies[1]] : undefined,
      },
      context,
    );
  },
  gradient: derivedElsewhere,
};

/** Inputs dy, x, mean, variance, the group sums (in one tensor where a group has several channels) and γ?; output dx. */
export const normalizeGradientOp: Op<NormalizeAttrs> = {
  name: 'normalizeGradient',
  kind: 'kernel',
  late: gradientKernels,
  fusesEpilogue: true,
  infer: ([, x]) => [{ shape: x.shape, dtype: 'f32' }],
  lower({ inputs, outputs: [output], attrs: { view, epsilon, centered, scale } }, context) {
    const [gradient, input, mean, variance, sums, ...rest] = inputs;
    const scaled = view.run > 1;
    const products = scaled ? undefined : rest.shift();
    const gamma = scale ? rest.shift() : undefined;
    lowerGradientInput(
      { view, epsilon, centered, scaled, gradient, input, mean, variance, sums, products, gamma, output },
      context,
    );
  },
  gradient: derivedElsewhere,
};

export function requireEpsilon(opName: string, epsilon: number): void {
  const own = typeof epsilon === 'number' ? Math.fround(epsilon) : NaN;
  if (own > 0 && own < Infinity) return;
  throw new ArgumentError(
    `${opName}: epsilon is ${describe(epsilon)}; it must be a positive number, such as 1e-3, or constant inputs give NaN`,
  );
}

export function requireChannels(opName: string, weight: TensorSpec, x: TensorSpec): void {
  requireDtype(opName, weight, ['f32']);
  const channels = x.shape.slice(-1);
  if (sameShape(weight.shape, channels)) return;
  throw new ShapeError(
    `${opName}: x ${formatShape(x.shape)} needs one number per channel, ${formatShape(channels)}, got ${formatShape(weight.shape)}`,
  );
}

function viewOf({ shape }: TensorSpec, over: NormalizeOver, groups: number | undefined): View {
  const least = over === 'layer' ? 1 : over === 'instance' ? 3 : 2;
  if (shape.length < least) {
    throw new ShapeError(
      `normalize over ${over}: needs a tensor of rank ${least} or more with the channels last, got ${formatShape(shape)}`,
    );
  }
  const [batch] = shape;
  const channels = shape.at(-1)!;
  const positions = sizeOf(shape.slice(1, -1));
  if (over === 'batch') return { outer: 1, rows: batch * positions, groups: channels, run: 1 };
  if (over === 'instance') return { outer: batch, rows: positions, groups: channels, run: 1 };
  if (over === 'layer') return { outer: sizeOf(shape.slice(0, -1)), rows: 1, groups: 1, run: channels };
  if (over !== 'group') {
    throw new ArgumentError(
      `normalize: there is no normalization over "${String(over)}"; choose batch, instance, group or layer`,
    );
  }
  if (groups === undefined || !Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ShapeError(
      `normalize over group: ${channels} channels do not fall into ${groups} equal groups; choose a divisor of ${channels}`,
    );
  }
  return { outer: batch, rows: positions, groups, run: channels / groups };
}

const normalizeOptions: OptionTable<NormalizeOptions> = {
  over: required,
  groups: true,
  gamma: true,
  beta: true,
  epsilon: true,
  centered: true,
};

/**
 * y = γ (x − mean) / √(variance + ε) + β, channels last, with mean and biased variance over the elements that
 * `over` names; they are outputs, too. The statistics keep their digits where the mean is much larger than the
 * deviation. x has any rank: [N, C], [N, H, W, C], … A NaN or ±Infinity in x makes all that shares its statistics NaN; a
 * variance above the largest f32 is Infinity, and y is then β.
 *
 * @throws ShapeError if x has too few dimensions, γ or β is not [C], or the groups do not divide the channels
 * @throws ArgumentError if ε is not positive
 */
export function normalize(x: Tensor, options: NormalizeOptions): Normalized {
  checkOptions('normalize', options, normalizeOptions, 'x, ');
  requireTensor('normalize', x);
  const { over, groups, gamma, beta, epsilon = 1e-3, centered = true } = options;
  checkFlag('normalize', 'centered', centered);
  const statisticsShapes = {
    batch: () => x.shape.slice(-1),
    instance: () => [x.shape[0], x.shape.at(-1)!],
    group: () => [x.shape[0], groups!],
    layer: () => x.shape.slice(0, -1),
  };
  const view = viewOf(x, over, groups);
  const [y, mean, variance] = applyAll(normalizeOp, [x, ...(gamma ? [gamma] : []), ...(beta ? [beta] : [])], {
    view,
    statisticsShape: statisticsShapes[over](),
    epsilon,
    centered,
    scale: gamma !== undefined,
    center: beta !== undefined,
  });
  return { y, mean, variance };
}
