import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe, settle } from '../../options.ts';
import { conv2d } from '../../ops/conv2d/conv2d.ts';
import { constant } from '../../ops/core/leaves.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import {
  add,
  divide,
  log,
  multiply,
  scale,
  shift,
  square,
  subtract,
} from '../../ops/elementwise/elementwise.ts';
import { perSample } from '../../ops/loss/accuracy.ts';
import { concat } from '../../ops/movement/concat.ts';
import { reshape, slice } from '../../ops/movement/movement.ts';
import { alignTargets } from '../losses/targets.ts';
import type { Metric } from './metric.ts';

export interface PsnrOptions {
  /** The largest value that a pixel can have: 1 for shares of 255 (the default), 255 for bytes as numbers. */
  maxValue?: number;
  name?: string;
}

/**
 * Peak signal-to-noise ratio in decibels, the mean over images: 10 log₁₀(maxValue² / mean squared error), as
 * TensorFlow's tf.image.psnr. Infinity where an image is exact.
 *
 * @throws ArgumentError unless maxValue is above 0
 */
export function psnr(options: PsnrOptions = {}): Metric {
  const { maxValue, name } = settle('psnr', options, { maxValue: 1, name: 'psnr' });
  requirePositive('psnr', { maxValue });
  return {
    name,
    better: 'higher',
    compute(prediction, target) {
      const error = perSample(square(subtract(prediction, alignTargets(name, prediction, target))));
      return shift(scale(log(error), -10 / Math.LN10), 20 * Math.log10(maxValue));
    },
  };
}

export interface SsimOptions extends PsnrOptions {
  /** Pixels on a side of the Gaussian window; default 11. Images must be at least as large. */
  filterSize?: number;
  /** Standard deviation of the window, in pixels; default 1.5. */
  filterSigma?: number;
  /** Of the constants (k1 maxValue)² and (k2 maxValue)², which keep the quotients from 0 / 0; default 0.01 and 0.03. */
  k1?: number;
  k2?: number;
}

/**
 * Structural similarity of images [N, H, W, channels] or [N, H, W], the mean over images (Wang et al. 2004, Image Quality
 * Assessment; as TensorFlow's tf.image.ssim): with means μ, variances σ² and the covariance σ_xt in a Gaussian window,
 *
 *   (2 μ_x μ_t + c₁)(2 σ_xt + c₂) / ((μ_x² + μ_t² + c₁)(σ_x² + σ_t² + c₂)),
 *
 * averaged over all places of the window and the channels. 1 where images are equal, from −1 on.
 *
 * @throws ArgumentError if an option is out of range
 * @throws ShapeError if the predictions are not images, or smaller than the window
 */
export function ssim(options: SsimOptions = {}): Metric {
  const { maxValue, filterSize, filterSigma, k1, k2, name } = settle('ssim', options, {
    maxValue: 1,
    filterSize: 11,
    filterSigma: 1.5,
    k1: 0.01,
    k2: 0.03,
    name: 'ssim',
  });
  requirePositive('ssim', { maxValue, filterSigma, k1, k2 });
  if (!Number.isInteger(filterSize) || filterSize < 1) {
    throw new ArgumentError(
      `ssim: filterSize is ${describe(filterSize)}; it must be a whole number of at least 1`,
    );
  }
  const [c1, c2] = [(k1 * maxValue) ** 2, (k2 * maxValue) ** 2];
  return {
    name,
    better: 'higher',
    compute(prediction, target) {
      const [samples] = prediction.shape;
      const [x, t] = [prediction, alignTargets(name, prediction, target)].map((own) =>
        images(name, own, filterSize),
      );
      const all = concat([x, t, multiply(x, t), add(square(x), square(t))], 0);
      const blurred = blur(all, filterSize, filterSigma);
      const part = (i: number) =>
        slice(blurred, [i * samples, 0, 0, 0], [samples, ...blurred.shape.slice(1)]);
      const [meanX, meanT, products, squares] = [0, 1, 2, 3].map(part);
      const twice = scale(multiply(meanX, meanT), 2);
      const both = add(square(meanX), square(meanT));
      const luminance = divide(shift(twice, c1), shift(both, c1));
      const structure = divide(
        shift(subtract(scale(products, 2), twice), c2),
        shift(subtract(squares, both), c2),
      );
      return perSample(multiply(luminance, structure));
    },
  };
}

function images(name: string, values: Tensor, least: number): Tensor {
  const { shape } = values;
  const own = shape.length === 3 ? reshape(values, [...shape, 1]) : values;
  if (own.shape.length === 4 && own.shape[1] >= least && own.shape[2] >= least) return own;
  throw new ShapeError(
    `${name}: the predictions must be images [N, H, W, channels] or [N, H, W] of at least ${least} × ${least} pixels, but are ${formatShape(shape)}; lower filterSize for smaller ones`,
  );
}

/** Means in a Gaussian window, wherever all of it is inside: along rows, then along columns. */
function blur(values: Tensor, size: number, sigma: number): Tensor {
  const channels = values.shape[3];
  const raw = Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma ** 2)),
  );
  const sum = raw.reduce((a, b) => a + b, 0);
  const taps = Float32Array.from({ length: size * channels }, (_, i) => raw[Math.floor(i / channels)] / sum);
  const along = (input: Tensor, height: number, width: number) =>
    conv2d(input, constant(taps, [height, width, 1, channels]), { groups: channels });
  return along(along(values, size, 1), 1, size);
}

function requirePositive(name: string, options: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(options)) {
    if (value > 0 && value < Infinity) continue;
    throw new ArgumentError(`${name}: ${option} is ${describe(value)}; it must be a finite number above 0`);
  }
}
