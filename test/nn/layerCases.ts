import * as api from '../../src/index.ts';
import type { Layer, LayerTensor } from '../../src/nn/layers/layer.ts';
import type { Shape } from '../../src/ops/core/shape.ts';

/** One layer in one way of its use. */
export interface LayerCase {
  readonly type: string;
  /** Its options, none left at its default; what is given by place is among them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly make: (options: Record<string, unknown>) => Layer;
  /** Shapes of samples, one for each input. */
  readonly shapes: readonly Shape[];
  readonly dtype?: 'i32';
  /** Layers between the inputs and this one. */
  readonly before?: (inputs: readonly LayerTensor[]) => readonly LayerTensor[];
  /** Shapes of which it must refuse each once it has weights for `shapes`. */
  readonly refused?: readonly (readonly Shape[])[];
  /** Other shapes that the same weights serve. */
  readonly served?: readonly (readonly Shape[])[];
}

const factories: Readonly<Record<string, unknown>> = { ...api };

const image: Shape = [6, 5, 4];
const uniform = { name: 'randomUniform', low: -0.5, high: 0.25 };
const constant = { name: 'constant', value: 0.5 };
const normal = { name: 'randomNormal', mean: 0.1, deviation: 0.2 };
const l2 = { name: 'l2', factor: 0.5 };
const l1L2 = { name: 'l1L2', l1: 0.25, l2: 0.125 };
const maxNorm = { name: 'maxNorm', maxValue: 1.5, axis: [0, -1] };
const nonNeg = { name: 'nonNeg' };
const common = { name: 'own name', trainable: false, activityRegularizer: { name: 'l1', factor: 0.125 } };
/** The options of a weight besides its initializer. */
const kept = (weight: string, constraint: object = nonNeg) => ({
  [`${weight}Regularizer`]: weight === 'bias' ? l1L2 : l2,
  [`${weight}Constraint`]: constraint,
});
const otherChannels: readonly (readonly Shape[])[] = [[[6, 5, 3]], [[6, 5]], [[6, 5, 4, 1]], [[6, 5, 8]]];
const sequence: Shape = [7, 4];
const otherSizes: readonly (readonly Shape[])[] = [[[7, 9, 4]]];

const windows = {
  ...common,
  kernelSize: [3, 2],
  strides: [2, 1],
  padding: [1, 0, 0, 1],
  dilation: [1, 2],
  activation: 'gelu',
  useBias: true,
  biasInitializer: constant,
  ...kept('bias'),
};
const convolution = { ...windows, kernelInitializer: uniform, ...kept('kernel', maxNorm) };
const recurrent = {
  ...common,
  units: 3,
  activation: 'softsign',
  useBias: true,
  returnSequences: true,
  goBackwards: true,
  dropout: 0.25,
  recurrentDropout: 0.5,
  unroll: false,
  zeroOutputForMask: true,
  kernelInitializer: uniform,
  recurrentInitializer: { name: 'orthogonal', gain: 0.5 },
  biasInitializer: constant,
  ...kept('kernel', maxNorm),
  ...kept('recurrent'),
  ...kept('bias'),
};
const RECURRENT_OWN = {
  simpleRnn: {},
  gru: { recurrentActivation: 'hardSigmoid', resetAfter: false },
  lstm: { recurrentActivation: 'hardSigmoid', unitForgetBias: false },
};
const attention = {
  ...common,
  dropout: 0.25,
  useBias: true,
  useCausalMask: true,
  kernelInitializer: uniform,
  ...kept('kernel', maxNorm),
  biasInitializer: constant,
  ...kept('bias'),
};
const normalization = {
  ...common,
  epsilon: 0.01,
  center: true,
  scale: true,
  betaInitializer: normal,
  gammaInitializer: 'lecunNormal',
  ...kept('beta'),
  ...kept('gamma', { name: 'unitNorm', axis: 0 }),
};

/** Where a case's layer leads from inputs of its shapes. */
export const applied = (
  { before = (inputs) => inputs }: LayerCase,
  layer: Layer,
  inputs: readonly LayerTensor[],
) => layer.apply(before(inputs));

const named = (
  type: string,
  options: object,
  shapes: readonly Shape[],
  more: Partial<LayerCase> = {},
): LayerCase => ({
  type,
  options: { ...options },
  make: (given) => (factories[type] as (options: object) => Layer)(given),
  shapes,
  ...more,
});

const placed = (
  type: string,
  option: string,
  value: unknown,
  shapes: readonly Shape[],
  more: object = {},
): LayerCase => ({
  type,
  options: { ...common, ...more, [option]: value },
  make: ({ [option]: first, ...given }) =>
    (factories[type] as (first: unknown, options: object) => Layer)(first, given),
  shapes,
});

const conv = { refused: otherChannels, served: otherSizes };

/** Every layer with every option; those with weights with what they refuse. */
export const layerCases: readonly LayerCase[] = [
  named(
    'dense',
    {
      ...common,
      units: 3,
      activation: 'silu',
      useBias: true,
      kernelInitializer: 'heNormal',
      biasInitializer: normal,
      ...kept('kernel', { name: 'minMaxNorm', minValue: 0.5, maxValue: 1, rate: 0.75, axis: 0 }),
      ...kept('bias'),
    },
    [[7]],
    { refused: [[[6]], [[7, 6]], [[8]]], served: [[[4, 7]]] },
  ),
  named('conv2d', { ...convolution, filters: 6, groups: 2 }, [image], conv),
  named(
    'conv2dTranspose',
    { ...convolution, padding: 'same', dilation: 1, filters: 3, outputSize: [11, 5] },
    [image],
    {
      refused: otherChannels,
    },
  ),
  named('conv2dTranspose', { ...convolution, padding: 'same', filters: 3, outputPadding: [1, 0] }, [image], {
    refused: otherChannels,
  }),
  named(
    'depthwiseConv2d',
    { ...windows, depthMultiplier: 2, depthwiseInitializer: uniform, ...kept('depthwise', maxNorm) },
    [image],
    conv,
  ),
  named(
    'separableConv2d',
    {
      ...windows,
      filters: 3,
      depthMultiplier: 2,
      depthwiseInitializer: uniform,
      ...kept('depthwise', maxNorm),
      pointwiseInitializer: 'lecunUniform',
      ...kept('pointwise'),
    },
    [image],
    conv,
  ),
  named(
    'batchNormalization',
    {
      ...normalization,
      axis: -1,
      momentum: 0.8,
      movingMeanInitializer: normal,
      movingVarianceInitializer: constant,
    },
    [image],
    { refused: [[[6, 5, 3]], [[4, 5]]], served: [[[7, 9, 4]], [[4]]] },
  ),
  named('layerNormalization', { ...normalization, axis: -1 }, [image], {
    refused: [[[6, 5, 3]]],
    served: [[[4]]],
  }),
  named('layerNormalization', { ...normalization, axis: [1, 3] }, [image], {
    refused: [[[6, 5, 3]], [[5, 5, 4]], [[6, 4]]],
    served: [[[6, 9, 4]]],
  }),
  named(
    'batchNormalization',
    {
      ...normalization,
      axis: 1,
      momentum: 0.8,
      movingMeanInitializer: normal,
      movingVarianceInitializer: constant,
    },
    [image],
    { refused: [[[5, 5, 4]]], served: [[[6, 2]]] },
  ),
  named('rmsNormalization', { ...common, axis: [2, 3], epsilon: 0.01 }, [image], {
    refused: [[[6, 5, 3]], [[5, 4]]],
    served: [[[7, 5, 4]]],
  }),
  named('unitNormalization', { ...common, axis: [1, 2] }, [image]),
  named('relu', { ...common, maxValue: 1.5, negativeSlope: 0.25, threshold: 0.5 }, [image]),
  named('elu', { ...common, alpha: 0.5 }, [image]),
  named('softmax', { ...common, axis: 1 }, [image]),
  named('dot', { ...common, axes: [2, 1], normalize: true }, [
    [4, 5],
    [5, 3],
  ]),
  named('groupNormalization', { ...normalization, axis: -1, groups: 2 }, [image], {
    refused: [[[6, 5, 2]], [[3]]],
  }),
  named('instanceNormalization', normalization, [image], {
    refused: [[[6, 5, 2]], [[4]]],
    served: otherSizes,
  }),
  named('prelu', { ...common, sharedAxes: [1, 2], alphaInitializer: constant, ...kept('alpha') }, [image], {
    refused: [[[6, 5, 3]], [[4]], [[5, 4]], [[6, 5, 4, 1]]],
    served: otherSizes,
  }),
  named('prelu', { ...common, sharedAxes: [], alphaInitializer: 'zeros', ...kept('alpha') }, [image], {
    refused: [[[6, 5, 3]], [[6, 1, 4]], [[1, 5, 4]], [[7, 5, 4]], [[4]]],
  }),
  named(
    'embedding',
    {
      ...common,
      inputDim: 9,
      outputDim: 3,
      maskZero: true,
      embeddingsInitializer: uniform,
      ...kept('embeddings'),
    },
    [[4]],
    {
      dtype: 'i32',
      served: [[[5, 2]]],
    },
  ),
  named(
    'reversibleEmbedding',
    {
      ...common,
      inputDim: 9,
      outputDim: 3,
      tieWeights: false,
      maskZero: true,
      logitSoftCap: 2,
      embeddingsInitializer: uniform,
      ...kept('embeddings'),
    },
    [[4]],
    {
      dtype: 'i32',
      served: [[[5, 2]]],
    },
  ),
  named(
    'multiHeadAttention',
    { ...attention, numHeads: 2, keyDim: 3, valueDim: 5, outputShape: [2, 3] },
    [sequence, [6, 5], [6, 3], [7, 6]],
    {
      refused: [
        [sequence, [6, 4], [6, 3], [7, 6]],
        [sequence],
        [
          [7, 5],
          [6, 5],
          [6, 3],
          [7, 6],
        ],
      ],
      served: [
        [
          [4, 4],
          [6, 5],
          [6, 3],
        ],
      ],
    },
  ),
  named(
    'multiHeadAttention',
    { ...attention, numHeads: 2, keyDim: 3, valueDim: 2, outputShape: 5 },
    [sequence],
    {
      refused: [[[7, 3]], [[7, 4, 1]]],
      served: [[[9, 4]]],
    },
  ),
  named(
    'groupQueryAttention',
    { ...attention, headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2 },
    [sequence],
    {
      refused: [[[7, 3]]],
      served: [[[9, 4]]],
    },
  ),
  named(
    'attention',
    { ...common, useScale: true, scoreMode: 'concat', dropout: 0.25, useCausalMask: true },
    [sequence, [6, 5], [6, 4]],
    {
      refused: [
        [sequence, [6, 4], [6, 3]],
        [sequence, [6, 4], [5, 4]],
      ],
      served: [
        [
          [9, 3],
          [2, 5],
          [2, 3],
        ],
        [sequence, [5, 4]],
      ],
    },
  ),
  named('additiveAttention', { ...common, useScale: false, dropout: 0.25, useCausalMask: true }, [
    sequence,
    [6, 5],
    [6, 4],
  ]),
  named(
    'additiveAttention',
    { ...common, useScale: true, dropout: 0.25, useCausalMask: true },
    [sequence, [6, 4]],
    {
      refused: [
        [
          [7, 3],
          [6, 3],
        ],
        [sequence, [6, 5]],
        [
          [7, 4, 1],
          [6, 4],
        ],
      ],
      served: [
        [
          [9, 4],
          [3, 5],
          [3, 4],
        ],
      ],
    },
  ),
  named(
    'positionalEmbedding',
    { ...common, inputDim: 9, embeddingsInitializer: uniform, ...kept('embeddings') },
    [sequence],
    { refused: [[[7, 3]], [[10, 4]]], served: [[[9, 4]]] },
  ),
  named('sinePositionEncoding', { ...common, maxWavelength: 100 }, [sequence]),
  named(
    'transformerBlock',
    {
      ...attention,
      numHeads: 2,
      hiddenDim: 5,
      activation: 'relu',
      normalization: 'rms',
      epsilon: 0.01,
      residualInitializer: { name: 'orthogonal', gain: 0.5 },
      rotary: true,
    },
    [sequence],
    { refused: [[[7, 3]], [[7, 8]]], served: [[[9, 4]]] },
  ),
  named('leakyRelu', { ...common, negativeSlope: 0.125 }, [image]),
  named('maxout', { ...common, units: 2 }, [image]),
  named('maxPool2d', { ...common, poolSize: [2, 3], strides: [1, 2], padding: 'same', dilation: [2, 1] }, [
    image,
  ]),
  named('averagePool2d', { ...common, poolSize: 2, strides: 1, padding: [1, 0, 1, 0], dilation: 2 }, [image]),
  named('globalAveragePool2d', { ...common, keepDims: true }, [image]),
  named('globalMaxPool2d', { ...common, keepDims: true }, [image]),
  named('adaptiveAveragePool2d', { ...common, outputSize: [4, 2] }, [image]),
  named('adaptiveMaxPool2d', { ...common, outputSize: 4 }, [image]),
  named(
    'conv1d',
    {
      ...convolution,
      kernelSize: 3,
      strides: 2,
      padding: 'causal',
      dilation: 1,
      filters: 6,
      groups: 2,
    },
    [sequence],
    { refused: [[[7, 3]], [[7]], [[7, 4, 1]], [[7, 8]]], served: [[[9, 4]]] },
  ),
  named('maxPool1d', { ...common, poolSize: 3, strides: 2, padding: 'same', dilation: 2 }, [sequence]),
  named('averagePool1d', { ...common, poolSize: 2, strides: 1, padding: [1, 0], dilation: 2 }, [sequence]),
  named('globalAveragePool1d', { ...common, keepDims: true }, [sequence]),
  named('globalMaxPool1d', { ...common, keepDims: true }, [sequence]),
  named('adaptiveAveragePool1d', { ...common, outputSize: 3 }, [sequence]),
  named('adaptiveMaxPool1d', { ...common, outputSize: 3 }, [sequence]),
  named('upSampling1d', { ...common, size: 3 }, [sequence]),
  named('zeroPadding1d', { ...common, padding: [1, 2] }, [sequence]),
  named('cropping1d', { ...common, cropping: [1, 2] }, [sequence]),
  named('padding2d', { ...common, padding: [1, 2], mode: 'reflect', value: 0.5 }, [image]),
  named('rescaling', { ...common, scale: [1, 2, 3, 4], offset: -0.5 }, [image]),
  named(
    'resizing',
    {
      ...common,
      height: 4,
      width: 7,
      interpolation: 'bicubic',
      cropToAspectRatio: true,
      padToAspectRatio: false,
      fillValue: 0.5,
    },
    [image],
  ),
  named('centerCrop', { ...common, height: 3, width: 4 }, [image]),
  ...(['simpleRnn', 'gru', 'lstm'] as const).map((type) =>
    named(type, { ...recurrent, ...RECURRENT_OWN[type] }, [sequence], {
      refused: [[[7, 5]], [[7]], [[7, 4, 1]]],
      served: [[[9, 4]]],
    }),
  ),
  {
    ...named('bidirectional', { ...common, mergeMode: 'sum' }, []),
    options: {
      ...common,
      mergeMode: 'sum',
      layer: {
        type: 'gru',
        config: {
          ...recurrent,
          ...RECURRENT_OWN.gru,
          name: 'inner',
          goBackwards: false,
          activityRegularizer: undefined, // the outer layer's
        },
      },
    },
    make: ({ layer, ...given }) =>
      api.bidirectional(api.gru((layer as { config: api.GruOptions }).config), given),
    shapes: [[2, 4]],
    refused: [[[2, 5]], [[2]]],
    served: [[[3, 4]]],
  },
  {
    ...placed('recurrentState', 'index', 1, [[2, 4]]),
    before: (inputs) => [api.lstm({ units: 3, name: 'before' }).apply(inputs)],
  },
  named('masking', { ...common, maskValue: 0.5 }, [sequence]),
  named(
    'normalization',
    { ...common, axis: [-1], mean: [0, 1, 2, 3], variance: [1, 2, 3, 4], invert: true },
    [image],
  ),
  {
    ...named('timeDistributed', common, []),
    options: {
      ...common,
      layer: {
        type: 'conv1d',
        config: {
          ...convolution,
          name: 'inner',
          activityRegularizer: undefined, // the outer layer's
          kernelSize: 1,
          strides: 1,
          padding: 'valid',
          dilation: 1,
          filters: 2,
          groups: 1,
        },
      },
    },
    make: ({ layer, ...given }) =>
      api.timeDistributed(api.conv1d((layer as { config: api.Conv1dOptions }).config), given),
    shapes: [[5, ...sequence]],
    refused: [[[5, 7, 3]], [[7, 4]], [[4]]],
    served: [[[6, 9, 4]]],
  },
  named('upSampling2d', { ...common, size: [2, 3], interpolation: 'bilinear' }, [image]),
  named(
    'zeroPadding2d',
    {
      ...common,
      padding: [
        [1, 2],
        [0, 3],
      ],
    },
    [image],
  ),
  named('cropping2d', { ...common, cropping: [1, 2] }, [image]),
  named('flatten', common, [image]),
  named('add', common, [image, image]),
  named('subtract', common, [image, image]),
  named('multiply', common, [image, image]),
  named('average', common, [image, image, image]),
  named('maximum', common, [image, image]),
  named('minimum', common, [image, image]),
  named('concatenate', { ...common, axis: 2 }, [image, [6, 2, 4]]),
  placed('reshape', 'targetShape', [-1, 4], [image]),
  placed('dropout', 'rate', 0.25, [image], { noiseShape: [null, 1, 1, 4] }),
  placed('spatialDropout2d', 'rate', 0.5, [image]),
  placed('gaussianNoise', 'deviation', 0.125, [image]),
  placed('spatialDropout1d', 'rate', 0.5, [sequence]),
  placed('gaussianDropout', 'rate', 0.25, [image]),
  placed('alphaDropout', 'rate', 0.25, [image], { noiseShape: [null, 1, null, 4] }),
  placed('permute', 'dims', [3, 1, 2], [image]),
  placed('repeatVector', 'n', 3, [[4]]),
  placed('pixelShuffle', 'upscaleFactor', 2, [image]),
  placed('pixelUnshuffle', 'downscaleFactor', 2, [[6, 4, 3]]),
  placed('depthToSpace', 'blockSize', 2, [image]),
  placed('spaceToDepth', 'blockSize', 2, [[6, 4, 3]]),
  placed('activation', 'activation', 'mish', [image]),
];
