import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as api from '../../src/index.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import { masked, maskOf } from '../../src/nn/masks.ts';
import { constant, fill, read } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { multiply } from '../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';
import { caseName } from './cases.ts';
import type { ParityCase, ParityTensor } from './cases.ts';

type Config = Readonly<Record<string, any>>;
type Named = ParityTensor & { readonly name: string };

interface LayerCase extends ParityCase {
  readonly inputs: readonly ParityTensor[];
  readonly weights: readonly Named[];
  readonly dy: ParityTensor;
  readonly output: ParityTensor;
  readonly inputGradients: readonly ParityTensor[];
  readonly weightGradients: readonly Named[];
}

interface ChainCase extends ParityCase {
  readonly inputs: readonly ParityTensor[];
  /** Named by the place of the layer and Keras's name: `1/kernel`. */
  readonly weights: readonly Named[];
  readonly output: ParityTensor;
  readonly mask?: ParityTensor;
}

interface MergeCase extends Omit<ChainCase, 'weights'> {
  readonly masks: readonly (ParityTensor | null)[];
}

interface AdaptCase {
  readonly axis: number | readonly number[] | null;
  readonly data: ParityTensor;
  readonly mean: ParityTensor;
  readonly variance: ParityTensor;
  readonly input: ParityTensor;
  readonly output: ParityTensor;
}

/** Of Keras 3.15.1 on JAX, whose bicubic is wgrad's bicubicKeys; see README.md for `cases`. */
const { cases, chains, merges, adapts } = JSON.parse(
  readFileSync(new URL('./cases/shapes.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly LayerCase[];
  readonly chains: readonly ChainCase[];
  readonly merges: readonly MergeCase[];
  readonly adapts: readonly AdaptCase[];
};

/** Keras's names of options in wgrad's style, where there is more to it than the case. */
const OPTIONS: Readonly<Record<string, string>> = {
  dilation_rate: 'dilation',
  keepdims: 'keepDims',
};

const camel = (name: string) => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const optionsOf = (config: Config): Record<string, any> =>
  Object.fromEntries(Object.entries(config).map(([name, value]) => [OPTIONS[name] ?? camel(name), value]));

const byName =
  (make: (options: never) => Layer) =>
  (config: Config): Layer =>
    make(optionsOf(config) as never);

const placed =
  (make: (first: never, options: object) => Layer, option: string) =>
  (config: Config): Layer => {
    const { [option]: first, ...others } = config;
    return make(first as never, optionsOf(others));
  };

const resized = (make: (options: never) => Layer) => (config: Config) =>
  make({
    ...optionsOf(config),
    ...(config.interpolation === 'bicubic' && { interpolation: 'bicubicKeys' }),
  } as never);

const layers: Readonly<Record<string, (config: Config) => Layer>> = {
  Activation: placed(api.activation, 'activation'),
  Add: byName(api.add),
  AdaptiveAveragePooling1D: byName(api.adaptiveAveragePool1d),
  AdaptiveAveragePooling2D: byName(api.adaptiveAveragePool2d),
  AdaptiveMaxPooling1D: byName(api.adaptiveMaxPool1d),
  AdaptiveMaxPooling2D: byName(api.adaptiveMaxPool2d),
  AlphaDropout: placed(api.alphaDropout, 'rate'),
  Average: byName(api.average),
  AveragePooling1D: byName(api.averagePool1d),
  BatchNormalization: byName(api.batchNormalization),
  CenterCrop: byName(api.centerCrop),
  Concatenate: byName(api.concatenate),
  Conv1D: byName(api.conv1d),
  Conv2D: byName(api.conv2d),
  Cropping1D: byName(api.cropping1d),
  Cropping2D: byName(api.cropping2d),
  Dense: byName(api.dense),
  Dropout: placed(api.dropout, 'rate'),
  Embedding: byName(api.embedding),
  Flatten: byName(api.flatten),
  GaussianDropout: placed(api.gaussianDropout, 'rate'),
  GaussianNoise: placed(api.gaussianNoise, 'stddev'),
  GlobalAveragePooling1D: byName(api.globalAveragePool1d),
  GlobalAveragePooling2D: byName(api.globalAveragePool2d),
  GlobalMaxPooling1D: byName(api.globalMaxPool1d),
  GlobalMaxPooling2D: byName(api.globalMaxPool2d),
  LayerNormalization: byName(api.layerNormalization),
  LeakyReLU: byName(api.leakyRelu),
  Masking: byName(api.masking),
  Maximum: byName(api.maximum),
  MaxPooling1D: byName(api.maxPool1d),
  Minimum: byName(api.minimum),
  Multiply: byName(api.multiply),
  Normalization: byName(api.normalization),
  Permute: placed(api.permute, 'dims'),
  PReLU: byName(api.prelu),
  RepeatVector: placed(api.repeatVector, 'n'),
  Rescaling: byName(api.rescaling as (options: never) => Layer),
  Reshape: placed(api.reshape, 'target_shape'),
  Resizing: resized(api.resizing),
  SpatialDropout1D: placed(api.spatialDropout1d, 'rate'),
  Subtract: byName(api.subtract),
  TimeDistributed: ({ layer: [keras, config] }) =>
    api.timeDistributed(layerOf(keras as string, config as Config)),
  UpSampling1D: byName(api.upSampling1d),
  UpSampling2D: resized(api.upSampling2d),
  ZeroPadding1D: byName(api.zeroPadding1d),
  ZeroPadding2D: byName(api.zeroPadding2d),
};

function layerOf(keras: string, config: Config): Layer {
  const make = layers[keras];
  if (!make) throw new Error(`no layer of wgrad stands for ${keras}`);
  return make(config);
}

const WEIGHTS: Readonly<Record<string, string>> = { kernel: 'weight', embeddings: 'weight' };
const weightOf = (layer: Layer, keras: string) => {
  const variable = layer.weights.get(WEIGHTS[keras] ?? camel(keras));
  if (!variable) throw new Error(`${layer.type} has no weight for ${keras}`);
  return variable;
};

const arrayOf = ({ shape, data }: ParityTensor) => array(shape, data);
const dtypeOf = ({ dtype }: ParityTensor) => (dtype === 'f' ? 'f32' : 'i32');
const constantOf = ({ shape, data }: ParityTensor) => constant(Float32Array.from(data), shape);

/** A model of layers one after the other, or of one that joins its inputs. */
function modelOf(inputs: readonly ParityTensor[], ...chain: Layer[]) {
  const entries = inputs.map((own) => api.modelInput({ shape: own.shape.slice(1), dtype: dtypeOf(own) }));
  const [first, ...others] = chain;
  const outputs = others.reduce((x, layer) => layer.apply(x), first.apply(entries));
  return api.model({ inputs: entries, outputs });
}

async function fillWeights(layer: Layer, weights: readonly Named[]) {
  const { variables } = await testGpu();
  variables.allocate(layer.variables, layer.type);
  for (const own of weights) variables.write(weightOf(layer, own.name), Float32Array.from(own.data));
}

describe('layers of shapes and sequences', () => {
  it.each(cases.map((own, i) => [caseName(own, i), own] as const))('%s', async (_, own) => {
    const layer = layerOf(own.keras, own.config);
    const network = modelOf(own.inputs, layer);
    expect([own.output.shape[0], ...network.outputShape]).toEqual(own.output.shape);
    const weights = own.keras === 'Normalization' ? [] : own.weights;
    await fillWeights(layer, weights);
    const [output, ...found] = await evaluate(
      (...tensors) => {
        const y = network.call(tensors);
        const wrt = [...tensors, ...own.weightGradients.map(({ name }) => read(weightOf(layer, name)))];
        return [y, ...gradients(reduceSum(multiply(y, constantOf(own.dy))), wrt).map((g) => g!)];
      },
      own.inputs.map(arrayOf),
      { dtypes: own.inputs.map(dtypeOf) },
    );
    expect(output).toBeAllClose(arrayOf(own.output));
    [...own.inputGradients, ...own.weightGradients].forEach((gradient, i) =>
      expect(found[i], `gradient ${i}`).toBeAllClose(arrayOf(gradient)),
    );
  });
});

/** The mask of a tensor, or a fill where it has none. */
const maskOr = (y: Tensor): Tensor => maskOf(y) ?? fill([1], -1);

function expectMask(
  found: { readonly shape: readonly number[]; readonly data: Float64Array },
  mask?: ParityTensor,
) {
  expect(found).toBeAllClose(mask ? arrayOf(mask) : array([1], [-1]));
}

describe('masks', () => {
  it.each(chains.map((own, i) => [caseName(own, i), own] as const))('%s', async (_, own) => {
    const chain = (own.config.layers as [string, Config][]).map(([keras, config]) => layerOf(keras, config));
    const network = modelOf(own.inputs, ...chain);
    for (const [i, layer] of chain.entries()) {
      const weights = own.weights.filter(({ name }) => name.startsWith(`${i}/`));
      await fillWeights(
        layer,
        weights.map((w) => ({ ...w, name: w.name.split('/')[1] })),
      );
    }
    const [output, mask] = await evaluate(
      (x) => {
        const y = network.call(x);
        return [y, maskOr(y)];
      },
      own.inputs.map(arrayOf),
      { dtypes: own.inputs.map(dtypeOf) },
    );
    expect(output).toBeAllClose(arrayOf(own.output));
    expectMask(mask, own.mask);
  });

  it.each(merges.map((own, i) => [caseName(own, i), own] as const))('%s', async (_, own) => {
    const network = modelOf(own.inputs, layerOf(own.keras, own.config));
    const [output, mask] = await evaluate((...tensors) => {
      tensors.forEach((x, i) => masked(x, own.masks[i] ? constantOf(own.masks[i]) : undefined));
      const y = network.call(tensors);
      return [y, maskOr(y)];
    }, own.inputs.map(arrayOf));
    expect(output).toBeAllClose(arrayOf(own.output));
    expectMask(mask, own.mask);
  });
});

/** As nested arrays. */
const nested = ({ shape, data }: ParityTensor): any => {
  if (shape.length === 0) return data[0];
  const size = data.length / shape[0];
  const part = (i: number) => ({
    shape: shape.slice(1),
    dtype: 'f' as const,
    data: data.slice(i * size, (i + 1) * size),
  });
  return Array.from({ length: shape[0] }, (_, i) => nested(part(i)));
};

it.each(adapts)(
  'normalization adapts to data along $axis',
  async ({ axis, data, mean, variance, input, output }) => {
    const layer = api.normalization({ axis }).adapt(nested(data));
    const network = modelOf([input], layer);
    const { variables } = await testGpu();
    variables.allocate(layer.variables, 'normalization');
    for (const [name, expected] of Object.entries({ mean, variance })) {
      expect(await variables.read(layer.weights.get(name)!)).toBeAllClose(expected.data);
    }
    const [y] = await evaluate((x) => network.call(x), [arrayOf(input)]);
    expect(y).toBeAllClose(arrayOf(output));
  },
);
