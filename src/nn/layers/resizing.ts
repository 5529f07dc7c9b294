import { ArgumentError } from '../../errors.ts';
import { constant } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { add, multiply, scale as scaleOp, shift } from '../../ops/elementwise/elementwise.ts';
import { cast } from '../../ops/movement/cast.ts';
import { pad, slice } from '../../ops/movement/movement.ts';
import { resize2d } from '../../ops/resize/resize2d.ts';
import type { Interpolation } from '../../ops/resize/resize2d.ts';
import { describe, required } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { IMAGE, layerDefaults, positiveInteger } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { settleLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';

export interface RescalingOptions extends LayerOptions {
  /** One factor, or one for each channel. */
  scale: number | readonly number[];
  /** One number that is added, or one for each channel; default 0. */
  offset?: number | readonly number[];
}

const rescalingDefaults = {
  scale: required,
  offset: 0,
  ...layerDefaults,
} as const satisfies Defaults<RescalingOptions>;

/** Throws an ArgumentError unless it is a number that f32 holds, or a list of such. */
function requireNumbers(layer: string, option: string, value: number | readonly number[]): void {
  const list = Array.isArray(value) ? (value as readonly number[]) : [value as number];
  const fits = (own: unknown) => typeof own === 'number' && Number.isFinite(Math.fround(own));
  if (list.length > 0 && list.every(fits)) return;
  throw new ArgumentError(
    `${layer}: ${option} is ${describe(value)}; give a finite number, or a list with one for each channel`,
  );
}

const perChannel = (values: readonly number[]): Tensor => constant(Float32Array.from(values));

/**
 * scale · x + offset, as Keras's Rescaling: `rescaling({ scale: 1 / 255 })` for bytes, `{ scale: 2, offset: -1 }` from
 * [0, 1] to [−1, 1]. Lists are broadcast along the last dimension.
 *
 * @throws ArgumentError if they are not finite numbers; ShapeError if a list does not fit the channels
 */
export function rescaling(options: RescalingOptions): Layer {
  const settled = settleLayer('rescaling', options, rescalingDefaults);
  const { scale, offset } = settled;
  requireNumbers('rescaling', 'scale', scale);
  requireNumbers('rescaling', 'offset', offset);
  return new Stateless('rescaling', settled, {
    passesMask: true,
    compute(input) {
      const x = input.dtype === 'f32' ? input : cast(input, 'f32');
      const scaled = typeof scale === 'number' ? scaleOp(x, scale) : multiply(x, perChannel(scale));
      if (typeof offset !== 'number') return add(scaled, perChannel(offset));
      return offset === 0 ? scaled : shift(scaled, offset);
    },
    description: `× ${scale} + ${offset}`,
  });
}

export interface ResizingOptions extends LayerOptions {
  height: number;
  width: number;
  /**
   * `bilinear` (the default), `nearest` (the pixel under the centre, as all of Keras's backends have it), `bicubic` or
   * `bicubicKeys`; see `ops.resize2d`.
   */
  interpolation?: Exclude<Interpolation, 'nearestExact'>;
  /** Crop equal parts at both sides to the proportions of the new shape, rather than distort; default false. */
  cropToAspectRatio?: boolean;
  /** Add pixels of `fillValue` in equal parts at both sides rather than distort; default false. */
  padToAspectRatio?: boolean;
  /** Default 0. */
  fillValue?: number;
}

const resizingDefaults = {
  height: required,
  width: required,
  interpolation: 'bilinear',
  cropToAspectRatio: false,
  padToAspectRatio: false,
  fillValue: 0,
  ...layerDefaults,
} as const satisfies Defaults<ResizingOptions>;

const INTERPOLATIONS: Readonly<Record<NonNullable<ResizingOptions['interpolation']>, Interpolation>> = {
  bilinear: 'bilinear',
  nearest: 'nearestExact',
  bicubic: 'bicubic',
  bicubicKeys: 'bicubicKeys',
};

/** The extent that is to `other` as `to` is to `toOther`. */
const inProportion = (other: number, to: number, toOther: number) => Math.floor((other * to) / toOther);

/** The largest part of images in the middle that has the proportions of [height, width], as Keras cuts it. */
function cropped(x: Tensor, [height, width]: readonly [number, number]): Tensor {
  const [batch, h, w, channels] = x.shape;
  const within = (extent: number, most: number) => Math.max(1, Math.min(extent, most));
  const size = [within(inProportion(w, height, width), h), within(inProportion(h, width, height), w)];
  const begin = [Math.floor((h - size[0]) / 2), Math.floor((w - size[1]) / 2)];
  return slice(x, [0, ...begin, 0], [batch, ...size, channels]);
}

/** Images with equal edges at both sides that bring them to the proportions of [height, width], as Keras adds them. */
function padded(x: Tensor, [height, width]: readonly [number, number], value: number): Tensor {
  const [, h, w] = x.shape;
  const edge = (extent: number, wanted: number) => {
    const side = Math.floor((Math.max(extent, wanted) - extent) / 2);
    return [side, side] as const;
  };
  const edges = [edge(h, inProportion(w, height, width)), edge(w, inProportion(h, width, height))];
  return pad(x, [[0, 0], ...edges, [0, 0]], { value });
}

/**
 * Resizes images, as Keras's Resizing: [h, w, channels] → [height, width, channels]. Half-pixel centres, no
 * antialiasing.
 *
 * @throws ArgumentError if a size is not a whole number of at least 1, or there is no such interpolation
 */
export function resizing(options: ResizingOptions): Layer {
  const settled = settleLayer('resizing', options, resizingDefaults);
  const { interpolation, cropToAspectRatio, padToAspectRatio, fillValue } = settled;
  const height = positiveInteger('resizing', 'height', settled.height);
  const width = positiveInteger('resizing', 'width', settled.width);
  if (!Object.hasOwn(INTERPOLATIONS, interpolation)) {
    throw new ArgumentError(
      `resizing: there is no interpolation ${describe(interpolation)}; choose one of ${Object.keys(INTERPOLATIONS).join(', ')}`,
    );
  }
  if (cropToAspectRatio && padToAspectRatio) {
    throw new ArgumentError('resizing: cropToAspectRatio and padToAspectRatio are both true; choose one');
  }
  requireNumbers('resizing', 'fillValue', fillValue);
  const size = [height, width] as const;
  return new Stateless('resizing', settled, {
    sample: [3, IMAGE],
    compute(x) {
      const whole = cropToAspectRatio ? cropped(x, size) : padToAspectRatio ? padded(x, size, fillValue) : x;
      return resize2d(whole, size, { interpolation: INTERPOLATIONS[interpolation] });
    },
    description: `${height}×${width}, ${interpolation}`,
  });
}

export interface CenterCropOptions extends LayerOptions {
  height: number;
  width: number;
}

const centerCropDefaults = {
  height: required,
  width: required,
  ...layerDefaults,
} as const satisfies Defaults<CenterCropOptions>;

/**
 * The middle of images, [h, w, channels] → [height, width, channels], as Keras's CenterCrop: from row ⌊(h − height) / 2⌋ on.
 * Images that are too small are cut to the proportions of the new shape and enlarged to it (bilinear).
 *
 * @throws ArgumentError if a size is not a whole number of at least 1
 */
export function centerCrop(options: CenterCropOptions): Layer {
  const settled = settleLayer('centerCrop', options, centerCropDefaults);
  const height = positiveInteger('centerCrop', 'height', settled.height);
  const width = positiveInteger('centerCrop', 'width', settled.width);
  const size = [height, width] as const;
  return new Stateless('centerCrop', settled, {
    sample: [3, IMAGE],
    compute(x) {
      const [batch, h, w, channels] = x.shape;
      if (h < height || w < width) return resize2d(cropped(x, size), size, { interpolation: 'bilinear' });
      const begin = [Math.floor((h - height) / 2), Math.floor((w - width) / 2)];
      return slice(x, [0, ...begin, 0], [batch, height, width, channels]);
    },
    description: `${height}×${width}`,
  });
}
