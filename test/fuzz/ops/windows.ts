import type { Padding } from '../../../src/ops/core/window.ts';
import type { Array64 } from '../../reference/array.ts';
import * as convolution from '../../reference/conv2d.ts';
import type { Pair } from '../../reference/conv2d.ts';
import { pad, slice } from '../../reference/movement.ts';
import * as pooling from '../../reference/pooling.ts';
import { reduce, reduceGrad } from '../../reference/reduce.ts';
import * as resize from '../../reference/resize.ts';
import type { Drawing, OpEntry, Value } from '../entry.ts';

const pairOf = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);
const image = (draft: Drawing, exact = false): Value => draft.any({ rank: [4], exact });

/** One number for both directions, or two. */
function pair(draft: Drawing, values: readonly number[]): number | Pair {
  const { rng } = draft;
  return rng.chance(0.5) ? rng.pick(values) : [rng.pick(values), rng.pick(values)];
}

function padding(draft: Drawing, most: Pair): Padding {
  const { rng } = draft;
  const side = (axis: 0 | 1) => rng.int(0, Math.min(3, most[axis]));
  return rng.pick<Padding>(['valid', 'same', [side(0), side(0), side(1), side(1)]]);
}

/** Options of an op in the words of the references. */
function twinOptions(
  size: Pair,
  kernel: Pair,
  { stride = 1, padding: given = 'valid', dilation = 1, groups = 1 }: any,
): Required<convolution.Conv2dOptions> {
  // prettier-ignore
  const [strides, dilations] = [pairOf(stride), pairOf(dilation)];
  const own = typeof given === 'string' ? convolution.padding2d(given as 'valid', size, kernel, strides, dilations) : given; // prettier-ignore
  return { strides, dilations, padding: own, groups };
}

const fits = (size: Pair, kernel: Pair, options: convolution.Conv2dOptions) =>
  convolution.outputSize2d(size, kernel, options).every((extent) => extent >= 1);

/** Whether a convolution with a kernel of that size has an output. */
export const twinFits = (size: Pair, kernel: Pair, options: Record<string, unknown>): boolean =>
  fits(size, kernel, twinOptions(size, kernel, options));

/** Some of the options, the others at their defaults. */
function some(draft: Drawing, options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(() => draft.rng.chance(0.75)));
}

const weightsFor = (draft: Drawing, shape: number[]) => {
  const taps = shape[0] * shape[1] * shape[2];
  return draft.rng.chance(0.3)
    ? draft.take(shape)
    : draft.leaf(shape, { low: -2 / Math.sqrt(taps), high: 2 / Math.sqrt(taps) });
};

const conv2d: OpEntry = {
  draw(draft) {
    const { rng } = draft;
    const x = image(draft);
    const [, h, w, channels] = x.tensor.shape;
    const groups = rng.chance(0.6) ? 1 : rng.pick([1, 2, 3, 4, 8].filter((n) => channels % n === 0));
    const kernel: Pair = rng.pick<Pair>([[1, 1], [3, 3], [2, 2], [3, 1], [2, 5], [5, 5], [1, 4]]); // prettier-ignore
    const options = some(draft, { stride: pair(draft, [1, 1, 2, 3]), padding: padding(draft, [3, 3]), dilation: pair(draft, [1, 1, 2, 3]) }); // prettier-ignore
    if (groups > 1) options.groups = groups;
    if (!fits([h, w], kernel, twinOptions([h, w], kernel, options))) return undefined;
    const filters = groups * (rng.chance(0.1) ? rng.int(30, 66) : rng.pick([1, 2, 3, 4, 8]));
    const weights = weightsFor(draft, [...kernel, channels / groups, filters]);
    return { inputs: [x, weights], args: [options] };
  },
  twin([x, w], [options]) {
    const own = twinOptions([x.shape[1], x.shape[2]], [w.shape[0], w.shape[1]], options);
    return {
      y: convolution.conv2d(x, w, own),
      vjp: (dy) => [
        convolution.conv2dGradInput(dy, w, x.shape, own),
        convolution.conv2dGradFilter(x, dy, w.shape, own),
      ],
    };
  },
  exact: 'whole',
};

/** The size that a transposed convolution gives; see Conv2dTransposeOptions.outputSize. */
function transposedSize(x: readonly number[], kernel: Pair, options: any): Pair {
  const { padding: given = 'valid', outputSize } = options;
  if (outputSize) return outputSize;
  const [strides, dilations] = [pairOf(options.stride ?? 1), pairOf(options.dilation ?? 1)];
  const size: Pair = [x[1], x[2]];
  if (typeof given === 'string')
    return convolution.transposedSize2d(given as 'valid', size, kernel, strides, dilations);
  return [0, 1].map((axis) => (size[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1 - given[2 * axis] - given[2 * axis + 1]) as unknown as Pair; // prettier-ignore
}

const conv2dTranspose: OpEntry = {
  draw(draft) {
    const { rng } = draft;
    const x = image(draft);
    const channels = x.tensor.shape[3];
    const groups = rng.chance(0.7) ? 1 : rng.pick([1, 2, 4].filter((n) => channels % n === 0));
    const kernel: Pair = rng.pick<Pair>([[1, 1], [3, 3], [2, 2], [3, 1], [2, 4], [5, 5]]); // prettier-ignore
    const options: any = some(draft, { stride: pair(draft, [1, 2, 2, 3]), padding: padding(draft, [1, 1]), dilation: pair(draft, [1, 1, 1, 2]) }); // prettier-ignore
    if (groups > 1) options.groups = groups;
    const size = transposedSize(x.tensor.shape, kernel, options);
    if (size.some((extent) => extent < 1)) return undefined;
    if (rng.chance(0.3)) {
      const { stride = 1, dilation = 1, padding: given } = options;
      const more = [0, 1].map((axis) => {
        const [s, d] = [pairOf(stride)[axis], pairOf(dilation)[axis]];
        if (given === 'same') return -rng.int(0, s - 1);
        const least = Math.max((kernel[axis] - 1) * d + 1, Array.isArray(given) ? 0 : s);
        const span = Array.isArray(given) ? 0 : least - ((kernel[axis] - 1) * d + 1);
        return rng.int(0, Math.max(s, d) - 1) - span;
      });
      options.outputSize = size.map((extent, axis) => extent + more[axis]);
      if (options.outputSize.some((extent: number) => extent < 1)) return undefined;
    }
    const weights = weightsFor(draft, [...kernel, rng.pick([1, 2, 3, 4, 5]), channels]);
    return { inputs: [x, weights], args: [options] };
  },
  twin([x, w], [options]) {
    const kernel: Pair = [w.shape[0], w.shape[1]];
    const size = transposedSize(x.shape, kernel, options);
    const own = twinOptions(size, kernel, options);
    const [height, width] = convolution.outputSize2d(size, kernel, own);
    // An output that is larger by a dilated window's gaps has more positions than x: zeros.
    const more = [[0, 0], [0, height - x.shape[1]], [0, width - x.shape[2]], [0, 0]] as const; // prettier-ignore
    const wide = pad(x, more);
    return {
      y: convolution.conv2dTranspose(wide, w, size, own),
      vjp: (dy) => [
        slice(convolution.conv2d(dy, w, own), [0, 0, 0, 0], x.shape),
        convolution.conv2dGradFilter(dy, wide, w.shape, own),
      ],
    };
  },
  exact: 'whole',
};

/** Whether each window of a pool holds an element: padding is none. */
function reaches(
  size: Pair,
  kernel: Pair,
  { strides, padding: own, dilations }: Required<convolution.Conv2dOptions>,
): boolean {
  // prettier-ignore
  const output = convolution.outputSize2d(size, kernel, { strides, padding: own, dilations });
  return [0, 1].every((axis) =>
    Array.from({ length: output[axis] }, (_, o) => o).every(
      (o) =>
      Array.from({ length: kernel[axis] }, (_, k) => o * strides[axis] - own[2 * axis] + k * dilations[axis]).some((at) => at >= 0 && at < size[axis]), // prettier-ignore
    ),
  );
}

/** Whether a pool has an output, each of its elements of some element of the image. */
export function windowFits(size: Pair, poolSize: number | Pair, options: Record<string, unknown>): boolean {
  const kernel = pairOf(poolSize);
  const own = twinOptions(size, kernel, { stride: kernel, ...options });
  return fits(size, kernel, own) && reaches(size, kernel, own);
}

function pool(kind: 'max' | 'average'): OpEntry {
  return {
    draw(draft) {
      const { rng } = draft;
      const x = image(draft, kind === 'max');
      const size: Pair = [x.tensor.shape[1], x.tensor.shape[2]];
      const poolSize = pair(draft, [1, 2, 2, 3, 4]);
      const kernel = pairOf(poolSize);
      const options: any = some(draft, { stride: pair(draft, [1, 2, 3]), padding: padding(draft, [kernel[0] - 1, kernel[1] - 1]), dilation: pair(draft, [1, 1, 2]) }); // prettier-ignore
      if (rng.chance(0.9) || `${kernel}` !== '2,2') options.poolSize = poolSize;
      if (!windowFits(size, poolSize, options)) return undefined;
      return { inputs: [x], args: [options] };
    },
    twin([x], [options]) {
      const size = pairOf(options.poolSize ?? 2);
      const own = { size, ...twinOptions([x.shape[1], x.shape[2]], size, { stride: size, ...options }) };
      if (kind === 'average') return { y: pooling.avgPool2d(x, own), vjp: (dy) => [pooling.avgPool2dGrad(dy, x.shape, own)] }; // prettier-ignore
      const { output, argmax } = pooling.maxPool2d(x, own);
      return { y: output, vjp: (dy) => [pooling.maxPool2dGrad(dy, argmax, x.shape, own)] };
    },
    exact: kind === 'max' ? 'always' : undefined,
  };
}

const toSize = (draft: Drawing, { tensor: { shape } }: Value, most: number): Pair =>
  [1, 2].map((axis) => (draft.rng.chance(0.3) ? shape[axis] * draft.rng.int(1, 2) : draft.rng.int(1, most))) as unknown as Pair; // prettier-ignore

const weightsOf: Readonly<Record<string, typeof resize.bilinearWeight>> = { bilinear: resize.bilinearWeight, bicubic: resize.bicubicWeight, bicubicKeys: resize.bicubicKeysWeight }; // prettier-ignore

function resized(x: Array64, size: Pair, kind: string) {
  if (Object.hasOwn(weightsOf, kind)) return { y: resize.resizeBilinear(x, size, weightsOf[kind]), vjp: (dy: Array64) => [resize.resizeBilinearGrad(dy, [x.shape[1], x.shape[2]], weightsOf[kind])] }; // prettier-ignore
  const offset = kind === 'nearestExact' ? 0.5 : 0;
  return { y: resize.resizeNearest(x, size, offset), vjp: (dy: Array64) => [resize.resizeNearestGrad(dy, [x.shape[1], x.shape[2]], offset)] }; // prettier-ignore
}

export const windowOps = {
  conv2d,
  conv2dTranspose,
  maxPool2d: pool('max'),
  averagePool2d: pool('average'),
  globalMaxPool2d: {
    draw: (draft) => ({ inputs: [image(draft, true)] }),
    twin: ([x]) => ({
      y: reduce('max', x, { axes: [1, 2] }),
      vjp: (dy) => [reduceGrad('max', x, dy, { axes: [1, 2] })], // ties share
    }),
    exact: 'always',
  },
  globalAveragePool2d: {
    draw: (draft) => ({ inputs: [image(draft)] }),
    twin: ([x]) => ({ y: pooling.globalAvgPool2d(x), vjp: (dy) => [pooling.globalAvgPool2dGrad(dy, x.shape)] }), // prettier-ignore
  },
  adaptiveMaxPool2d: {
    draw(draft) {
      const x = image(draft, true);
      return { inputs: [x], args: [draft.rng.chance(0.3) ? draft.rng.int(1, 7) : toSize(draft, x, 9)] };
    },
    twin([x], [size]) {
      const { output, winners } = pooling.adaptiveMaxPool2d(x, pairOf(size));
      return { y: output, vjp: (dy) => [pooling.adaptiveMaxPool2dGrad(dy, winners, x.shape)] };
    },
    exact: 'always',
  },
  adaptiveAveragePool2d: {
    draw(draft) {
      const x = image(draft);
      return { inputs: [x], args: [draft.rng.chance(0.3) ? draft.rng.int(1, 7) : toSize(draft, x, 9)] };
    },
    twin: ([x], [size]) => ({
      y: pooling.adaptiveAvgPool2d(x, pairOf(size)),
      vjp: (dy) => [pooling.adaptiveAvgPool2dGrad(dy, x.shape)],
    }),
  },
  resize2d: {
    draw(draft) {
      const x = image(draft);
      const interpolation = draft.rng.pick(['nearest', 'nearestExact', 'bilinear', 'bicubic', 'bicubicKeys']);
      return { inputs: [x], args: [toSize(draft, x, 17), ...(interpolation === 'nearest' && draft.rng.chance(0.5) ? [] : [{ interpolation }])] }; // prettier-ignore
    },
    twin: ([x], [size, { interpolation = 'nearest' } = {}]) => resized(x, size, interpolation),
  },
} satisfies Record<string, OpEntry>;
