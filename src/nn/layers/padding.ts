import { ArgumentError, ShapeError } from '../../errors.ts';
import { extend, extensions } from '../../ops/movement/extend.ts';
import type { Extension } from '../../ops/movement/extend.ts';
import { pad, slice } from '../../ops/movement/movement.ts';
import { describe as told } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { IMAGE, layerDefaults } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';

/** Rows and columns at the edges: the same at all four, [vertical, horizontal], or [[top, bottom], [left, right]]. */
export type Edges =
  | number
  | readonly [vertical: number, horizontal: number]
  | readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];

type Settled = readonly [readonly [number, number], readonly [number, number]];

function edgesOf(layer: string, option: string, edges: Edges): Settled {
  const twice = (value: unknown) => (typeof value === 'number' ? [value, value] : value);
  const isPair = (value: unknown): value is unknown[] => Array.isArray(value) && value.length === 2;
  const both = twice(edges);
  const sides = isPair(both) ? both.map(twice) : [];
  const whole = (n: unknown) => Number.isInteger(n) && (n as number) >= 0;
  if (sides.length === 2 && sides.every((side) => isPair(side) && side.every(whole))) {
    return sides as unknown as Settled;
  }
  throw new ArgumentError(
    `${layer}: ${option} is ${JSON.stringify(edges)}; give whole numbers of at least 0 as n, [vertical, horizontal] or [[top, bottom], [left, right]]`,
  );
}

const describe = (edges: Settled): string => edges.flat().join(', ');

export interface ZeroPadding2dOptions extends LayerOptions {
  /** How many rows and columns are added; default 1 at every edge. */
  padding?: Edges;
}

/**
 * Surrounds images with rows and columns of zeros.
 * @throws ArgumentError if they are not whole numbers of at least 0
 */
export function zeroPadding2d(options: ZeroPadding2dOptions = {}): Layer {
  const defaults = { padding: 1, ...layerDefaults } as const satisfies Defaults<ZeroPadding2dOptions>;
  const settled = settleLayer('zeroPadding2d', options, defaults);
  const edges = edgesOf('zeroPadding2d', 'padding', settled.padding);
  return new Stateless('zeroPadding2d', settled, {
    sample: [3, IMAGE],
    compute: (x) => pad(x, [[0, 0], ...edges, [0, 0]]),
    description: describe(edges),
  });
}

export interface Padding2dOptions extends LayerOptions {
  /** How many rows and columns are added; default 1 at every edge. */
  padding?: Edges;
  /**
   * What stands there: `constant` (the default), `reflect` (the image mirrored, without repeating its edge), `symmetric`
   * (mirrored with the edge) or `edge` (the outermost pixels repeated).
   */
  mode?: 'constant' | Extension;
  /** Of `constant`; default 0. */
  value?: number;
}

const padding2dDefaults = {
  padding: 1,
  mode: 'constant',
  value: 0,
  ...layerDefaults,
} as const satisfies Defaults<Padding2dOptions>;

/**
 * Surrounds images with pixels, by the modes of NumPy and Keras's ops.pad. PyTorch's ReflectionPad2d is `reflect`, its
 * ReplicationPad2d `edge`, its ConstantPad2d `constant`.
 *
 * @throws ArgumentError if the edges are not whole numbers of at least 0, or there is no such mode
 * @throws ShapeError if an image has too few pixels to mirror
 */
export function padding2d(options: Padding2dOptions = {}): Layer {
  const settled = settleLayer('padding2d', options, padding2dDefaults);
  const { mode, value } = settled;
  const edges = edgesOf('padding2d', 'padding', settled.padding);
  if (mode !== 'constant' && !extensions.includes(mode)) {
    const all = ['constant', ...extensions].join(', ');
    throw new ArgumentError(`padding2d: there is no mode ${told(mode)}; choose one of ${all}`);
  }
  return new Stateless('padding2d', settled, {
    sample: [3, IMAGE],
    compute: (x) =>
      mode === 'constant'
        ? pad(x, [[0, 0], ...edges, [0, 0]], { value })
        : extend(x, [[0, 0], ...edges, [0, 0]], mode),
    description: `${describe(edges)}${mode === 'constant' ? '' : `, ${mode}`}`,
  });
}

export interface Cropping2dOptions extends LayerOptions {
  /** How many rows and columns are cut off; default 0, as in Keras. */
  cropping?: Edges;
}

/**
 * Cuts rows and columns off the edges of images.
 * @throws ArgumentError if they are not whole numbers of at least 0; ShapeError if nothing would be left
 */
export function cropping2d(options: Cropping2dOptions = {}): Layer {
  const defaults = { cropping: 0, ...layerDefaults } as const satisfies Defaults<Cropping2dOptions>;
  const settled = settleLayer('cropping2d', options, defaults);
  const edges = edgesOf('cropping2d', 'cropping', settled.cropping);
  const [[top, bottom], [left, right]] = edges;
  return new Stateless('cropping2d', settled, {
    sample: [3, IMAGE],
    compute(x) {
      const [batch, height, width, channels] = x.shape;
      const size = [batch, height - top - bottom, width - left - right, channels];
      if (size.some((extent) => extent < 1)) {
        throw new ShapeError(
          `cropping2d: cutting ${describe(edges)} off ${height} × ${width} pixels leaves nothing; crop less`,
        );
      }
      return slice(x, [0, top, left, 0], size);
    },
    description: describe(edges),
  });
}
