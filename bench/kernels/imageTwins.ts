import type { Node } from '../../src/ops/core/op.ts';
import { array } from '../../test/reference/array.ts';
import * as pools from '../../test/reference/pooling.ts';
import * as resize from '../../test/reference/resize.ts';
import type { Twin } from './twin.ts';

type Pair = readonly [number, number];

/** How much of a pixel is in another one, of the interpolations that are no copies. */
const WEIGHTS = {
  bilinear: resize.bilinearWeight,
  bicubic: resize.bicubicWeight,
  bicubicKeys: resize.bicubicKeysWeight,
};
const OFFSETS = { nearest: 0, nearestExact: 0.5 };

interface Resizing {
  readonly from: Pair;
  readonly to: Pair;
  readonly interpolation: keyof typeof WEIGHTS | keyof typeof OFFSETS;
}

const isCopy = (name: Resizing['interpolation']): name is keyof typeof OFFSETS => name in OFFSETS;

/** The winner of each region: the first of its places, which is as good as any other. */
function winnersOf({ attrs: { from, to }, inputs: [dy] }: Node) {
  const [batch, height, width, channels] = dy.shape;
  const places = Array.from({ length: batch * height * width * channels }, (_, i) => {
    const [row, column] = [Math.floor(i / channels / width) % height, Math.floor(i / channels) % width];
    const [y] = pools.adaptiveWindow(row, from[0], to[0]);
    const [x] = pools.adaptiveWindow(column, from[1], to[1]);
    return y * from[1] + x;
  });
  return places;
}

/** Index of a winner in the whole tensor, from its place in the image. */
function indexOf(place: number, i: number, dy: readonly number[], x: readonly number[]): number {
  const channel = i % dy[3];
  const image = Math.floor(i / (dy[1] * dy[2] * dy[3]));
  return (image * x[1] * x[2] + place) * x[3] + channel;
}

/** Pools to a size, and resizing. */
export const twins: Readonly<Record<string, Twin>> = {
  adaptiveAveragePool2d: { compute: ({ attrs }, [x]) => [pools.adaptiveAvgPool2d(x, attrs.to)] },
  adaptiveAveragePool2dGradient: {
    compute: ({ outputs }, [dy]) => [pools.adaptiveAvgPool2dGrad(dy, outputs[0].shape)],
  },
  adaptiveMaxPool2d: {
    compute: ({ attrs }, [x]) => [pools.adaptiveMaxPool2d(x, attrs.to).output, undefined],
  },
  adaptiveMaxPool2dGradient: {
    compute: ({ outputs: [{ shape }] }, [dy, places]) => {
      const winners = Array.from(places.data, (place, i) => indexOf(place, i, dy.shape, shape));
      return [pools.adaptiveMaxPool2dGrad(dy, winners, shape)];
    },
    feed: (node, index) => (index === 1 ? array(node.inputs[1].shape, winnersOf(node)) : undefined),
  },
  resize2d: {
    compute({ attrs }, [x]) {
      const { to, interpolation } = attrs as Resizing;
      if (isCopy(interpolation)) return [resize.resizeNearest(x, to, OFFSETS[interpolation])];
      return [resize.resizeBilinear(x, to, WEIGHTS[interpolation])];
    },
  },
  resize2dGradient: {
    compute({ attrs }, [dy]) {
      const { from, interpolation } = attrs as Resizing;
      if (isCopy(interpolation)) return [resize.resizeNearestGrad(dy, from, OFFSETS[interpolation])];
      return [resize.resizeBilinearGrad(dy, from, WEIGHTS[interpolation])];
    },
  },
};
