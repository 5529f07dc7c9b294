import { ArgumentError, ShapeError } from '../../errors.ts';
import { pad, slice } from '../../ops/movement/movement.ts';
import { IMAGE } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { Stateless } from './shaping.ts';

/** Rows and columns at the edges: the same at all four, [vertical, horizontal], or [[top, bottom], [left, right]]. */
export type Edges =
  | number
  | readonly [vertical: number, horizontal: number]
  | readonly [readonly [top: number, bottom: number], readonly [left: number, right: number]];

type Settled = readonly [readonly [number, number], readonly [number, number]];

function settle(layer: string, option: string, edges: Edges): Settled {
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

/**
 * Surrounds images with rows and columns of zeros.
 *
 * @param options.padding how many; default 1 at every edge
 * @throws ArgumentError if they are no whole numbers of at least 0
 */
export function zeroPadding2d({ padding = 1, ...options }: LayerOptions & { padding?: Edges } = {}): Layer {
  const edges = settle('zeroPadding2d', 'padding', padding);
  return new Stateless('zeroPadding2d', options, {
    sample: [3, IMAGE],
    compute: (x) => pad(x, [[0, 0], ...edges, [0, 0]]),
    description: describe(edges),
  });
}

/**
 * Cuts rows and columns off the edges of images.
 *
 * @param options.cropping how many; default 1 at every edge
 * @throws ArgumentError if they are no whole numbers of at least 0; ShapeError if nothing would be left
 */
export function cropping2d({ cropping = 1, ...options }: LayerOptions & { cropping?: Edges } = {}): Layer {
  const edges = settle('cropping2d', 'cropping', cropping);
  const [[top, bottom], [left, right]] = edges;
  return new Stateless('cropping2d', options, {
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
