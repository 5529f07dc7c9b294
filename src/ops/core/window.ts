import { ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { formatShape } from './shape.ts';

/**
 * Padding of a sliding window: `valid` (none), `same` (output ⌈H / stride⌉, the odd row or column
 * of padding at the bottom and right, as TensorFlow and Keras do), or explicit counts
 * `[top, bottom, left, right]`.
 */
export type Padding = 'valid' | 'same' | readonly [number, number, number, number];

/** A pair of extents: height, then width. */
export type Pair = readonly [number, number];

export interface WindowOptions {
  /** Op that the messages name. */
  opName: string;
  /** Input extents `[H, W]`. */
  input: Pair;
  /** Window extents `[KH, KW]`. */
  kernel: Pair;
  stride: Pair;
  padding: Padding;
  /** Distance between neighbouring taps; default `[1, 1]`. */
  dilation?: Pair;
}

/** A sliding window in numbers: output `o` reads inputs `o · stride − pad + tap · dilation`. */
export interface ResolvedWindow {
  /** Output extents `[OH, OW]`. */
  readonly output: Pair;
  readonly padTop: number;
  readonly padBottom: number;
  readonly padLeft: number;
  readonly padRight: number;
}

/** Throws a ShapeError unless it is two numbers, whatever they are. */
export function requirePair(opName: string, what: string, value: unknown): void {
  if (Array.isArray(value) && value.length === 2) return;
  throw new ShapeError(
    `${opName}: ${what} is ${Array.isArray(value) ? formatShape(value) : describe(value)}; give two whole numbers, [height, width]`,
  );
}

/** `3` means `[3, 3]`. */
export function toPair(value: number | Pair): Pair {
  return typeof value === 'number' ? [value, value] : value;
}

/**
 * Output extents and padding of a convolution or pooling window:
 * `OH = ⌊(H + padTop + padBottom − (KH − 1) · dilation − 1) / stride⌋ + 1`.
 * Throws a ShapeError where an argument is not a positive integer, or the window does not fit.
 */
export function resolveWindow(options: WindowOptions): ResolvedWindow {
  const { opName, input, kernel, stride, padding, dilation = [1, 1] } = options;
  checkPair(opName, 'input extents', input);
  checkPair(opName, 'kernel', kernel);
  checkPair(opName, 'stride', stride);
  checkPair(opName, 'dilation', dilation);
  const [padTop, padBottom, padLeft, padRight] = padsOf(options);
  const output = [0, 1].map((axis) => {
    const span = effectiveExtent(kernel[axis], dilation[axis]);
    const padded = input[axis] + (axis === 0 ? padTop + padBottom : padLeft + padRight);
    if (padded < span) {
      throw new ShapeError(
        `${opName}: a kernel of ${formatShape(kernel)} with dilation ${formatShape(dilation)} spans ${span} along ` +
          `${axis === 0 ? 'height' : 'width'}, but the input has ${padded} there (input ${formatShape(input)}, ` +
          `padding ${formatPadding(padding)}); use a smaller kernel or padding: 'same'`,
      );
    }
    return Math.floor((padded - span) / stride[axis]) + 1;
  });
  return { output: [output[0], output[1]], padTop, padBottom, padLeft, padRight };
}

/** Inputs that a window of `extent` taps covers: `(extent − 1) · dilation + 1`. */
export function effectiveExtent(extent: number, dilation: number): number {
  return (extent - 1) * dilation + 1;
}

/** Explicit padding `[top, bottom, left, right]` of any Padding. */
function padsOf({
  opName,
  input,
  kernel,
  stride,
  padding,
  dilation = [1, 1],
}: WindowOptions): readonly number[] {
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding === 'same') {
    return [0, 1].flatMap((axis) => {
      const output = Math.ceil(input[axis] / stride[axis]);
      const span = effectiveExtent(kernel[axis], dilation[axis]);
      const total = Math.max((output - 1) * stride[axis] + span - input[axis], 0);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    });
  }
  requirePadding(opName, padding);
  return padding;
}

/** Throws a ShapeError unless it is a Padding. */
export function requirePadding(opName: string, padding: Padding): void {
  if (padding === 'valid' || padding === 'same') return;
  if (!Array.isArray(padding) || padding.length !== 4) {
    throw new ShapeError(
      `${opName}: padding ${formatPadding(padding)} is not known; use 'valid', 'same' or [top, bottom, left, right]`,
    );
  }
  checkExtents(opName, 'padding [top, bottom, left, right]', padding as readonly number[], 0);
}

/** Throws a ShapeError unless it is two integers of at least 1. */
export function checkPair(opName: string, what: string, value: Pair): void {
  requirePair(opName, what, value);
  checkExtents(opName, what, value, 1);
}

/** Throws a ShapeError unless every value is an integer of at least `least`. */
function checkExtents(opName: string, what: string, values: readonly number[], least: number): void {
  if (values.every((value) => Number.isInteger(value) && value >= least)) return;
  throw new ShapeError(
    `${opName}: ${what} must be integers of at least ${least}, not ${formatShape(values)}`,
  );
}

function formatPadding(padding: unknown): string {
  return Array.isArray(padding) ? formatShape(padding as number[]) : `'${String(padding)}'`;
}
