import {
  adaptiveAveragePool2d as adaptiveAverageOp,
  adaptiveMaxPool2d as adaptiveMaxOp,
} from '../../ops/pooling/adaptivePool2d.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { required } from '../../options.ts';
import type { Defaults } from '../../options.ts';
import { IMAGE, layerDefaults, pair, positiveInteger } from './layer.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { fromRow, SEQUENCE, toRow } from './sequences.ts';
import { settleLayer } from './settleLayer.ts';
import { Stateless } from './shaping.ts';

export interface AdaptivePool2dOptions extends LayerOptions {
  /** Height and width of the output, or one number for both. */
  outputSize: number | readonly [number, number];
}

const defaults = {
  outputSize: required,
  ...layerDefaults,
} as const satisfies Defaults<AdaptivePool2dOptions>;

function adaptivePool2d(type: string, op: typeof adaptiveAverageOp, options: AdaptivePool2dOptions): Layer {
  const settled = settleLayer(type, options, defaults);
  const size = pair(type, 'outputSize', settled.outputSize);
  const compute = (x: Tensor) => op(x, size);
  return new Stateless(type, settled, { sample: [3, IMAGE], compute, description: size.join('×') });
}

/**
 * The means of windows that cover images, however large they are: [h, w, channels] → [...outputSize, channels]. Window o
 * goes from row ⌊o · h / height⌋ to before row ⌈(o + 1) · h / height⌉, as in Keras and PyTorch.
 *
 * @throws ArgumentError if a size is not a whole number of at least 1
 */
export function adaptiveAveragePool2d(options: AdaptivePool2dOptions): Layer {
  return adaptivePool2d('adaptiveAveragePool2d', adaptiveAverageOp, options);
}

/**
 * The largest values of the windows of `adaptiveAveragePool2d`, per channel.
 *
 * @throws ArgumentError if a size is not a whole number of at least 1
 */
export function adaptiveMaxPool2d(options: AdaptivePool2dOptions): Layer {
  return adaptivePool2d('adaptiveMaxPool2d', adaptiveMaxOp, options);
}

export interface AdaptivePool1dOptions extends LayerOptions {
  /** Steps of the output. */
  outputSize: number;
}

function adaptivePool1d(type: string, op: typeof adaptiveAverageOp, options: AdaptivePool1dOptions): Layer {
  const settled = settleLayer<AdaptivePool1dOptions, typeof defaults>(type, options, defaults);
  const steps = positiveInteger(type, 'outputSize', settled.outputSize);
  const compute = (x: Tensor) => fromRow(op(toRow(x), [1, steps]));
  return new Stateless(type, settled, { sample: [2, SEQUENCE], compute, description: String(steps) });
}

/**
 * `adaptiveAveragePool2d` of sequences: [steps, channels] → [outputSize, channels].
 *
 * @throws ArgumentError if the size is not a whole number of at least 1
 */
export function adaptiveAveragePool1d(options: AdaptivePool1dOptions): Layer {
  return adaptivePool1d('adaptiveAveragePool1d', adaptiveAverageOp, options);
}

/**
 * `adaptiveMaxPool2d` of sequences: [steps, channels] → [outputSize, channels].
 *
 * @throws ArgumentError if the size is not a whole number of at least 1
 */
export function adaptiveMaxPool1d(options: AdaptivePool1dOptions): Layer {
  return adaptivePool1d('adaptiveMaxPool1d', adaptiveMaxOp, options);
}
