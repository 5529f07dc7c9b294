import { ShapeError } from '../../errors.ts';
import { formatShape } from '../core/shape.ts';
import type { Shape, TensorSpec } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { effectiveExtent, resolveWindow, toPair } from '../core/window.ts';
import type { Padding, Pair } from '../core/window.ts';
import type { OptionTable } from '../../options.ts';

/** How a convolution's window moves; the same for its forward pass and both its gradients. */
export interface Conv2dAttrs {
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
  /** Of the output only so many rows and columns are computed, the first ones; a pass decides which. */
  readonly kept?: Pair;
}

export interface Conv2dOptions {
  /** Distance between neighbouring windows; a number means both directions. Default 1. */
  stride?: number | Pair;
  /** Default 'valid'. */
  padding?: Padding;
  /** Distance between neighbouring taps. Default 1. */
  dilation?: number | Pair;
  /** The channels are divided into this many groups; an output reads only the inputs of its group. Default 1. */
  groups?: number;
}

export const conv2dOptions: OptionTable<Conv2dOptions> = {
  stride: true,
  padding: true,
  dilation: true,
  groups: true,
};

export function conv2dAttrs({
  stride = 1,
  padding = 'valid',
  dilation = 1,
  groups = 1,
}: Conv2dOptions): Conv2dAttrs {
  return { stride: toPair(stride), padding, dilation: toPair(dilation), groups };
}

/** A convolution in numbers, as seen by its forward pass: x → y, though a gradient reads it the other way. */
export interface Conv2dSize {
  readonly batch: number;
  /** [H, W] of x. */
  readonly input: Pair;
  /** [OH, OW] of y. */
  readonly output: Pair;
  readonly kernel: Pair;
  readonly groups: number;
  /** Channels of x in one group. */
  readonly groupIn: number;
  /** Channels of y in one group. */
  readonly groupOut: number;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** Top and left. */
  readonly pad: Pair;
  /** Some window extends beyond an edge of the image. */
  readonly padded: boolean;
}

/** Checks the shapes of x [N, H, W, IC] and weights [KH, KW, IC / groups, OC], and works out the rest. */
export function conv2dSize(opName: string, x: Shape, weights: Shape, attrs: Conv2dAttrs): Conv2dSize {
  const { stride, padding, dilation, groups } = attrs;
  const shapes = `input ${formatShape(x)}, weights ${formatShape(weights)}, groups ${groups}`;
  if (x.length !== 4 || weights.length !== 4) {
    throw new ShapeError(
      `${opName}: ${shapes}: the input must be [N, H, W, IC] and the weights [KH, KW, IC / groups, OC]; reshape them`,
    );
  }
  const [kernelH, kernelW, groupIn, channelsOut] = weights;
  if (!Number.isInteger(groups) || groups < 1 || channelsOut % groups !== 0) {
    throw new ShapeError(
      `${opName}: ${shapes}: groups must be a whole number that divides the ${channelsOut} output channels`,
    );
  }
  if (x[3] !== groupIn * groups) {
    throw new ShapeError(
      `${opName}: ${shapes}: the input has ${x[3]} channels, but the weights take ${groupIn} per group, ` +
        `${groupIn * groups} in all; the weights' third extent must be the input's channels divided by groups`,
    );
  }
  const input: Pair = [x[1], x[2]];
  const kernel: Pair = [kernelH, kernelW];
  const window = resolveWindow({ opName, input, kernel, stride, padding, dilation });
  const { padTop, padLeft } = window;
  const output = attrs.kept ?? window.output;
  const pad: Pair = [padTop, padLeft];
  const padded = [0, 1].some((axis) => {
    const last =
      (output[axis] - 1) * stride[axis] - pad[axis] + effectiveExtent(kernel[axis], dilation[axis]);
    return pad[axis] > 0 || last > input[axis];
  });
  const groupOut = channelsOut / groups;
  return { batch: x[0], input, output, kernel, groups, groupIn, groupOut, stride, dilation, pad, padded };
}

/** Throws unless a gradient of the output has the output's shape. */
export function requireOutputShape(opName: string, dy: Shape, size: Conv2dSize): void {
  const expected = [size.batch, ...size.output, size.groups * size.groupOut];
  if (`${dy}` === `${expected}`) return;
  throw new ShapeError(
    `${opName}: the output's gradient is ${formatShape(dy)}, but the convolution's output is ${formatShape(expected)}`,
  );
}

export function requireFloats(opName: string, inputs: readonly TensorSpec[]): void {
  for (const tensor of inputs) requireDtype(opName, tensor, ['f32']);
}

/** 2 · multiply-adds of the forward pass; each gradient takes as many. Counts taps in the padding too. */
export function conv2dFlops({ batch, output, kernel, groups, groupIn, groupOut }: Conv2dSize): number {
  return 2 * batch * output[0] * output[1] * kernel[0] * kernel[1] * groups * groupIn * groupOut;
}

/** One phase along one axis of a dense gather: outputs `phase`, `phase + phases`, … */
export interface Phase {
  /** Taps that meet this phase's outputs. */
  readonly taps: number;
  /** The smallest kernel tap among them; the others follow at distance `step`. */
  readonly first: number;
  /** Input coordinate that the phase's first output reads through tap 0. */
  readonly origin: number;
}

/** Along one axis: output t of a phase reads input origin + t · stride + tap · dilation through tap 0 … taps − 1. */
export interface GatherAxis {
  readonly input: number;
  readonly output: number;
  readonly stride: number;
  readonly dilation: number;
  /** Distance in the kernel between neighbouring taps of a phase. */
  readonly step: number;
  readonly phases: readonly Phase[];
}

/** The forward pass along one axis: a single phase with all taps. */
export function forwardAxis(size: Conv2dSize, axis: 0 | 1): GatherAxis {
  return {
    input: size.input[axis],
    output: size.output[axis],
    stride: size.stride[axis],
    dilation: size.dilation[axis],
    step: 1,
    phases: [{ taps: size.kernel[axis], first: 0, origin: -size.pad[axis] }],
  };
}

/**
 * The input gradient along one axis: dx[i] = Σ dy[o] · w[k] over o · stride + k · dilation − pad = i.
 * Phase p holds i = p, p + stride, …; its taps are those with k · dilation ≡ p + pad (mod stride), every
 * stride / g-th one, with g = gcd(stride, dilation). From one to the next, o falls by dilation / g. The
 * taps are counted from the last one, so that o rises with them: see shaders/conv2d/phase_weights.wgsl.
 */
export function gradInputAxis(size: Conv2dSize, axis: 0 | 1): GatherAxis {
  const [stride, dilation, pad, kernel] = [size.stride, size.dilation, size.pad, size.kernel].map(
    (pair) => pair[axis],
  );
  const divisor = gcd(stride, dilation);
  const step = stride / divisor;
  const phases = Array.from({ length: stride }, (_, p): Phase => {
    let first = 0;
    while (first < step && (first * dilation) % stride !== (p + pad) % stride) first++;
    if (first === step || first >= kernel) return { taps: 0, first: 0, origin: 0 };
    const taps = Math.ceil((kernel - first) / step);
    const origin = (p + pad - first * dilation) / stride - (taps - 1) * (dilation / divisor);
    return { taps, first, origin };
  });
  return {
    input: size.output[axis],
    output: size.input[axis],
    stride: 1,
    dilation: dilation / divisor,
    step,
    phases,
  };
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** Outputs of the largest phase. */
export function phaseOutput({ output, phases }: GatherAxis): number {
  return Math.ceil(output / phases.length);
}

/** Taps of the largest phase. */
export function phaseTaps({ phases }: GatherAxis): number {
  return Math.max(1, ...phases.map(({ taps }) => taps));
}

/** Whether some output reads beyond the input. */
export function reachesOver(axis: GatherAxis): boolean {
  return axis.phases.some(({ origin, taps }) => {
    const last = origin + (phaseOutput(axis) - 1) * axis.stride + (Math.max(taps, 1) - 1) * axis.dilation;
    return origin < 0 || last >= axis.input;
  });
}
