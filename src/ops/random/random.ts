import bitsSource from '../../../shaders/random/bits.wgsl?raw';
import normalSource from '../../../shaders/random/normal.wgsl?raw';
import truncatedSource from '../../../shaders/random/truncated_normal.wgsl?raw';
import uniformSource from '../../../shaders/random/uniform.wgsl?raw';
import { ArgumentError } from '../../errors.ts';
import type { ConstantValue, KernelFile } from '../../kernels/kernel.ts';
import { programState } from '../core/leaves.ts';
import { apply } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { requireShape, sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { streamingWorkgroup } from '../core/values.ts';
import { checkOptions, describe } from '../../options.ts';

/** Streams of ops are numbered from here, those of initial values from 0, so they share no numbers. */
export const FIRST_STREAM = 2 ** 31;

let next = FIRST_STREAM;

/** A number for a random op: under one seed, equal streams draw equal numbers. */
export function nextStream(): number {
  return next++;
}

/**
 * Runs `build` with streams numbered from the first on, so that the same graph built twice draws the same
 * numbers, whatever was built before.
 */
export function withStreams<T>(build: () => T): T {
  const outer = next;
  next = FIRST_STREAM;
  try {
    return build();
  } finally {
    next = outer;
  }
}

/** The stream to use: the caller's, checked, or a fresh one. */
export function streamOf(opName: string, stream: number | undefined): number {
  if (stream === undefined) return nextStream();
  if (Number.isInteger(stream) && stream >= 0 && stream < 2 ** 32) return stream;
  throw new ArgumentError(`${opName}: stream is ${stream}; it must be a whole number from 0 to 2^32 - 1`);
}

/** The stream among the options of an op. */
export function streamOption(opName: string, options: RandomOptions): number | undefined {
  checkOptions(opName, options, { stream: true }, '…, ');
  return options.stream;
}

export interface RandomOptions {
  /**
   * Which sequence of random numbers this op draws. By default every op has its own; two ops of one stream
   * draw the same numbers.
   */
  stream?: number;
}

interface RandomAttrs {
  readonly shape: Shape;
  readonly stream: number;
  /** Constants of the kernel file. */
  readonly parameters: Readonly<Record<string, ConstantValue>>;
}

/* @__NO_SIDE_EFFECTS__ */
function randomOp(
  name: string,
  kernel: KernelFile,
  dtype: 'f32' | 'u32',
  flopsPerElement: number,
): Op<RandomAttrs> {
  return {
    name,
    kind: 'kernel',
    fusesEpilogue: dtype === 'f32',
    infer(_inputs, { shape }) {
      return [{ shape, dtype }];
    },
    lower({ inputs: [state], outputs: [output], attrs }, context) {
      const size = sizeOf(output.shape);
      const workgroupSize = streamingWorkgroup(context.target, size / 4);
      const limit = context.target.limits.maxComputeWorkgroupsPerDimension;
      const { workgroups, gridX } = linearGrid(Math.ceil(size / 4), workgroupSize, limit);
      context.dispatch({
        kernel,
        constants: {
          SIZE: size,
          STREAM: attrs.stream,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: gridX,
          ...(dtype === 'f32' && { CHANNELS: output.shape.at(-1) ?? 1 }),
          ...attrs.parameters,
        },
        bindings: { state, output },
        workgroups,
        epilogue: dtype === 'f32',
        flops: flopsPerElement * size,
      });
    },
    gradient: { reason: 'what it draws depends on no tensor' },
  };
}

export const randomUniformOp = randomOp(
  'randomUniform',
  { name: 'random/uniform', source: uniformSource },
  'f32',
  4,
);
export const randomNormalOp = randomOp(
  'randomNormal',
  { name: 'random/normal', source: normalSource },
  'f32',
  10,
);
export const randomTruncatedNormalOp = randomOp(
  'randomTruncatedNormal',
  { name: 'random/truncated_normal', source: truncatedSource },
  'f32',
  12,
);
export const randomBitsOp = randomOp('randomBits', { name: 'random/bits', source: bitsSource }, 'u32', 0);

function requireNumber(opName: string, what: string, value: number): void {
  if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return;
  throw new ArgumentError(`${opName}: ${what} is ${describe(value)}; it must be a finite number`);
}

function draw(
  op: Op<RandomAttrs>,
  shape: Shape,
  parameters: Readonly<Record<string, number>>,
  options: RandomOptions,
): Tensor {
  requireShape(op.name, shape);
  const stream = streamOption(op.name, options);
  for (const [name, value] of Object.entries(parameters)) requireNumber(op.name, name.toLowerCase(), value);
  return apply(op, [programState()], { shape: [...shape], stream: streamOf(op.name, stream), parameters });
}

/** Uniform random numbers in [low, high), other ones in every step. */
export function randomUniform(shape: Shape, low = 0, high = 1, options: RandomOptions = {}): Tensor {
  requireNumber('randomUniform', 'low', low);
  requireNumber('randomUniform', 'high', high);
  if (!(low <= high)) throw new ArgumentError(`randomUniform: low ${low} is above high ${high}; swap them`);
  return draw(randomUniformOp, shape, { LOW: low, RANGE: high - low }, options);
}

/** Normal random numbers, other ones in every step. */
export function randomNormal(shape: Shape, mean = 0, deviation = 1, options: RandomOptions = {}): Tensor {
  return draw(randomNormalOp, shape, { MEAN: mean, DEVIATION: deviation }, options);
}

/**
 * Normal random numbers, drawn again while further than two deviations from the mean. `deviation` is that
 * of the normal before truncation; 0.8796 of it is left.
 */
export function randomTruncatedNormal(
  shape: Shape,
  mean = 0,
  deviation = 1,
  options: RandomOptions = {},
): Tensor {
  return draw(randomTruncatedNormalOp, shape, { MEAN: mean, DEVIATION: deviation }, options);
}

/** Random 32-bit words (u32), other ones in every step. */
export function randomBits(shape: Shape, options: RandomOptions = {}): Tensor {
  return draw(randomBitsOp, shape, {}, options);
}
