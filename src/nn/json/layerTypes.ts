import type { Shape } from '../../ops/core/shape.ts';
import type { Activation } from '../activations.ts';
import { elu, leakyRelu, maxout, prelu, relu, softmax } from '../layers/activations.ts';
import { conv2d } from '../layers/conv2d.ts';
import { conv2dTranspose } from '../layers/conv2dTranspose.ts';
import { dense } from '../layers/dense.ts';
import { embedding } from '../layers/embedding.ts';
import type { Layer, LayerConfig } from '../layers/layer.ts';
import { add, average, concatenate, dot, maximum, minimum, multiply, subtract } from '../layers/merging.ts';
import { gaussianNoise, spatialDropout2d } from '../layers/noise.ts';
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
} from '../layers/normalization.ts';
import { cropping2d, zeroPadding2d } from '../layers/padding.ts';
import { averagePool2d, globalAveragePool2d, globalMaxPool2d, maxPool2d } from '../layers/pooling.ts';
import { depthwiseConv2d, separableConv2d } from '../layers/separable.ts';
import { rmsNormalization, unitNormalization } from '../layers/scaling.ts';
import { activation, dropout, flatten, reshape } from '../layers/shaping.ts';
import { upSampling2d } from '../layers/upSampling.ts';

/** Makes a layer of its config; checks that it is one. */
export type LayerFromConfig = (config: LayerConfig) => Layer;

/** Layers whose options are their config. */
const byName = {
  add,
  average,
  averagePool2d,
  batchNormalization,
  concatenate,
  conv2d,
  conv2dTranspose,
  cropping2d,
  dense,
  depthwiseConv2d,
  dot,
  elu,
  embedding,
  flatten,
  globalAveragePool2d,
  globalMaxPool2d,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  leakyRelu,
  maximum,
  maxout,
  maxPool2d,
  minimum,
  multiply,
  prelu,
  relu,
  rmsNormalization,
  separableConv2d,
  softmax,
  subtract,
  unitNormalization,
  upSampling2d,
  zeroPadding2d,
} satisfies Record<string, (config: never) => Layer>;

/**
 * Every layer of wgrad by its type. Only `modelFromJSON` may import it: what imports it has all layers in its bundle.
 */
export const layerTypes: Readonly<Record<string, LayerFromConfig>> = {
  ...(byName as Record<string, (config: never) => Layer> as Record<string, LayerFromConfig>),
  activation: ({ activation: name, ...options }) => activation(name as unknown as Activation, options),
  dropout: ({ rate, ...options }) => dropout(rate as number, options),
  gaussianNoise: ({ deviation, ...options }) => gaussianNoise(deviation as number, options),
  reshape: ({ targetShape, ...options }) => reshape(targetShape as Shape, options),
  spatialDropout2d: ({ rate, ...options }) => spatialDropout2d(rate as number, options),
};
