import type { Shape } from '../../ops/core/shape.ts';
import type { Activation } from '../activations.ts';
import { elu, leakyRelu, maxout, prelu, relu, softmax } from '../layers/activations.ts';
import {
  adaptiveAveragePool1d,
  adaptiveAveragePool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
} from '../layers/adaptivePooling.ts';
import { additiveAttention, attention } from '../layers/attention.ts';
import { bidirectional } from '../layers/bidirectional.ts';
import { conv1d } from '../layers/conv1d.ts';
import { conv2d } from '../layers/conv2d.ts';
import { conv2dTranspose } from '../layers/conv2dTranspose.ts';
import { dense } from '../layers/dense.ts';
import { dot } from '../layers/dot.ts';
import { embedding } from '../layers/embedding.ts';
import { reversibleEmbedding } from '../layers/reversibleEmbedding.ts';
import {
  globalAveragePool1d,
  globalAveragePool2d,
  globalMaxPool1d,
  globalMaxPool2d,
} from '../layers/globalPooling.ts';
import { gru } from '../layers/gru.ts';
import { lstm } from '../layers/lstm.ts';
import type { Layer, LayerConfig } from '../layers/layer.ts';
import { masking } from '../layers/masking.ts';
import { normalization } from '../layers/featureNormalization.ts';
import { add, average, concatenate, maximum, minimum, multiply, subtract } from '../layers/merging.ts';
import { groupQueryAttention, multiHeadAttention } from '../layers/multiHeadAttention.ts';
import {
  alphaDropout,
  gaussianDropout,
  gaussianNoise,
  spatialDropout1d,
  spatialDropout2d,
} from '../layers/noise.ts';
import {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
} from '../layers/normalization.ts';
import { cropping2d, padding2d, zeroPadding2d } from '../layers/padding.ts';
import { averagePool1d, averagePool2d, maxPool1d, maxPool2d } from '../layers/pooling.ts';
import type { Recurrent } from '../layers/recurrent.ts';
import { recurrentState } from '../layers/recurrentState.ts';
import { positionalEmbedding, sinePositionEncoding } from '../layers/positions.ts';
import {
  depthToSpace,
  permute,
  pixelShuffle,
  pixelUnshuffle,
  repeatVector,
  spaceToDepth,
} from '../layers/reshaping.ts';
import { centerCrop, rescaling, resizing } from '../layers/resizing.ts';
import { depthwiseConv2d, separableConv2d } from '../layers/separable.ts';
import { cropping1d, upSampling1d, zeroPadding1d } from '../layers/sequences.ts';
import { rmsNormalization, unitNormalization } from '../layers/scaling.ts';
import { simpleRnn } from '../layers/simpleRnn.ts';
import { activation, dropout, flatten, reshape } from '../layers/shaping.ts';
import { timeDistributed } from '../layers/timeDistributed.ts';
import { transformerBlock } from '../layers/transformerBlock.ts';
import { upSampling2d } from '../layers/upSampling.ts';

/**
 * Makes a layer of its config; checks that it is one.
 *
 * @param make makes a layer within it
 */
export type LayerFromConfig = (config: LayerConfig, make: (layer: unknown) => Layer) => Layer;

/** Layers whose options are their config. */
const byName = {
  adaptiveAveragePool1d,
  adaptiveAveragePool2d,
  adaptiveMaxPool1d,
  adaptiveMaxPool2d,
  add,
  additiveAttention,
  attention,
  average,
  averagePool1d,
  averagePool2d,
  batchNormalization,
  centerCrop,
  concatenate,
  conv1d,
  conv2d,
  conv2dTranspose,
  cropping1d,
  cropping2d,
  dense,
  depthwiseConv2d,
  dot,
  elu,
  embedding,
  reversibleEmbedding,
  flatten,
  globalAveragePool1d,
  globalAveragePool2d,
  globalMaxPool1d,
  globalMaxPool2d,
  groupNormalization,
  groupQueryAttention,
  gru,
  instanceNormalization,
  layerNormalization,
  leakyRelu,
  lstm,
  masking,
  maximum,
  maxout,
  maxPool1d,
  maxPool2d,
  minimum,
  multiHeadAttention,
  multiply,
  normalization,
  padding2d,
  positionalEmbedding,
  prelu,
  rescaling,
  resizing,
  relu,
  rmsNormalization,
  separableConv2d,
  simpleRnn,
  sinePositionEncoding,
  softmax,
  subtract,
  transformerBlock,
  upSampling1d,
  unitNormalization,
  upSampling2d,
  zeroPadding1d,
  zeroPadding2d,
} satisfies Record<string, (config: never) => Layer>;

/**
 * Every layer of wgrad by its type. Only `modelFromJSON` may import it: what imports it has all layers in its bundle.
 */
export const layerTypes: Readonly<Record<string, LayerFromConfig>> = {
  ...(byName as unknown as Record<string, LayerFromConfig>),
  alphaDropout: ({ rate, ...options }) => alphaDropout(rate as number, options),
  activation: ({ activation: name, ...options }) => activation(name as unknown as Activation, options),
  bidirectional: ({ layer, ...options }, make) => bidirectional(make(layer) as Recurrent, options),
  depthToSpace: ({ blockSize, ...options }) => depthToSpace(blockSize as number, options),
  dropout: ({ rate, ...options }) => dropout(rate as number, options),
  gaussianDropout: ({ rate, ...options }) => gaussianDropout(rate as number, options),
  gaussianNoise: ({ deviation, ...options }) => gaussianNoise(deviation as number, options),
  permute: ({ dims, ...options }) => permute(dims as number[], options),
  pixelShuffle: ({ upscaleFactor, ...options }) => pixelShuffle(upscaleFactor as number, options),
  pixelUnshuffle: ({ downscaleFactor, ...options }) => pixelUnshuffle(downscaleFactor as number, options),
  recurrentState: ({ index, ...options }) => recurrentState(index as number, options),
  repeatVector: ({ n, ...options }) => repeatVector(n as number, options),
  reshape: ({ targetShape, ...options }) => reshape(targetShape as Shape, options),
  spaceToDepth: ({ blockSize, ...options }) => spaceToDepth(blockSize as number, options),
  spatialDropout1d: ({ rate, ...options }) => spatialDropout1d(rate as number, options),
  spatialDropout2d: ({ rate, ...options }) => spatialDropout2d(rate as number, options),
  timeDistributed: ({ layer, ...options }, make) => timeDistributed(make(layer), options),
};
