import { ArgumentError, ShapeError } from '../../errors.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Padding } from '../../ops/core/window.ts';
import { pad, reshape, slice } from '../../ops/movement/movement.ts';
import { broadcastTo } from '../../ops/reduce/sum.ts';
import type { Defaults } from '../../options.ts';
import { layerDefaults, positiveInteger } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';

/** The meaning of a sample's two dimensions, for messages. */
export const SEQUENCE = 'steps, channels';

/** A sequence [batch, steps, channels] as images of one row; costs nothing. */
export const toRow = (x: Tensor): Tensor => reshape(x, [x.shape[0], 1, x.shape[1], x.shape[2]]);

/** Images of one row as a sequence; costs nothing. */
export const fromRow = (x: Tensor): Tensor => reshape(x, [x.shape[0], x.shape[2], x.shape[3]]);

/** Padding of a window that slides along a sequence. */
export type Padding1d = 'valid' | 'same' | readonly [before: number, after: number];

type Extent = number | readonly [number, number];
type Row<O> = {
  readonly [K in keyof O]: K extends 'padding' ? Padding : O[K] extends Extent ? Extent : O[K];
};

/** Options of a window along a sequence as those of one of a single row. */
export function rowOptions<O extends object>(type: string, options: O): Row<O> {
  const row = Object.entries(options).map(([option, value]) => {
    if (option === 'padding') return [option, rowPadding(type, value)];
    const extent =
      option === 'poolSize' || option === 'kernelSize' || option === 'strides' || option === 'dilation';
    return [option, extent && value !== undefined ? [1, positiveInteger(type, option, value)] : value];
  });
  return Object.fromEntries(row) as Row<O>;
}

function rowPadding(type: string, padding: unknown): Padding {
  if (padding === 'valid' || padding === 'same') return padding;
  const [before, after] = sidesOf(type, 'padding', padding, `'valid', 'same' or [before, after]`);
  return [0, 0, before, after];
}

/** Steps before and after a sequence: the same at both ends, or [before, after]. */
export type Sides = number | readonly [before: number, after: number];

function sidesOf(
  type: string,
  option: string,
  sides: unknown,
  forms = 'a whole number of at least 0, or two: [before, after]',
): readonly [number, number] {
  const both: unknown = typeof sides === 'number' ? [sides, sides] : sides;
  const whole = (n: unknown) => Number.isInteger(n) && (n as number) >= 0;
  if (Array.isArray(both) && both.length === 2 && both.every(whole))
    return both as unknown as [number, number];
  throw new ArgumentError(`${type}: ${option} is ${JSON.stringify(sides)}; give ${forms}`);
}

export interface UpSampling1dOptions extends LayerOptions {
  /** How often each step is repeated; default 2. */
  size?: number;
}

/**
 * Sequences with each step repeated, as in Keras: [steps, channels] → [steps · size, channels].
 *
 * @throws ArgumentError unless the size is a whole number of at least 1
 */
export function upSampling1d(options: UpSampling1dOptions = {}): Layer {
  const defaults = { size: 2, ...layerDefaults } as const satisfies Defaults<UpSampling1dOptions>;
  const settled = settleLayer('upSampling1d', options, defaults);
  const size = positiveInteger('upSampling1d', 'size', settled.size);
  return new Stateless('upSampling1d', settled, {
    sample: [2, SEQUENCE],
    compute(x) {
      const [batch, steps, channels] = x.shape;
      const repeated = broadcastTo(reshape(x, [batch, steps, 1, channels]), [batch, steps, size, channels]);
      return reshape(repeated, [batch, steps * size, channels]);
    },
    description: `×${size}`,
  });
}

export interface ZeroPadding1dOptions extends LayerOptions {
  /** How many steps are added; default 1 at both ends. */
  padding?: Sides;
}

/**
 * Sequences with steps of zeros before and after them, as in Keras.
 *
 * @throws ArgumentError if they are not whole numbers of at least 0
 */
export function zeroPadding1d(options: ZeroPadding1dOptions = {}): Layer {
  const defaults = { padding: 1, ...layerDefaults } as const satisfies Defaults<ZeroPadding1dOptions>;
  const settled = settleLayer('zeroPadding1d', options, defaults);
  const sides = sidesOf('zeroPadding1d', 'padding', settled.padding);
  return new Stateless('zeroPadding1d', settled, {
    sample: [2, SEQUENCE],
    compute: (x) => pad(x, [[0, 0], sides, [0, 0]]),
    description: sides.join(', '),
  });
}

export interface Cropping1dOptions extends LayerOptions {
  /** How many steps are cut off; default 1 at both ends. */
  cropping?: Sides;
}

/**
 * Sequences without their first and last steps, as in Keras.
 *
 * @throws ArgumentError if they are not whole numbers of at least 0; ShapeError if nothing would be left
 */
export function cropping1d(options: Cropping1dOptions = {}): Layer {
  const defaults = { cropping: 1, ...layerDefaults } as const satisfies Defaults<Cropping1dOptions>;
  const settled = settleLayer('cropping1d', options, defaults);
  const [before, after] = sidesOf('cropping1d', 'cropping', settled.cropping);
  return new Stateless('cropping1d', settled, {
    sample: [2, SEQUENCE],
    compute(x) {
      const [batch, steps, channels] = x.shape;
      const left = steps - before - after;
      if (left < 1) {
        throw new ShapeError(
          `cropping1d: cutting ${before} and ${after} off ${steps} steps leaves nothing; crop less`,
        );
      }
      return slice(x, [0, before, 0], [batch, left, channels]);
    },
    description: `${before}, ${after}`,
  });
}
