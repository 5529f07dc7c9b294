import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { embedding } from '../../src/nn/layers/embedding.ts';
import { groupQueryAttention, multiHeadAttention } from '../../src/nn/layers/multiHeadAttention.ts';
import { positionalEmbedding, sinePositionEncoding } from '../../src/nn/layers/positions.ts';
import { transformerBlock } from '../../src/nn/layers/transformerBlock.ts';
import { model } from '../../src/nn/model.ts';
import { sequential } from '../../src/nn/sequential.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { array, fromFunction, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { attention } from '../reference/attention.ts';
import { binary, unary } from '../reference/elementwise.ts';
import { matmul } from '../reference/matmul.ts';
import { rotary } from '../reference/positions.ts';

type Weights = Record<string, Array64>;

/** A model's weights by their names within its only layer. */
async function weightsOf({ variables }: ReturnType<typeof sequential>): Promise<Weights> {
  const gpu = await testGpu();
  const entries = variables.map(async (own) => {
    const name = own.name.slice(own.name.indexOf('.') + 1);
    return [name, array(own.shape, await gpu.variables.read(own))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

const shaped = ({ data }: Array64, shape: number[]) => array(shape, data);

/** Queries, keys or values: x [batch, steps, features] by a kernel [features, heads, size], with its bias. */
function headsOf(x: Array64, kernel: Array64, bias: Array64): Array64 {
  const [batch, steps, features] = x.shape;
  const [, heads, size] = kernel.shape;
  const product = matmul(shaped(x, [batch * steps, features]), shaped(kernel, [features, heads * size]));
  return binary('add', shaped(product, [batch, steps, heads, size]), bias);
}

function attended(
  x: Array64,
  w: Weights,
  { turned = false, causal = true, bias = undefined as Array64 | undefined } = {},
) {
  const [q, k, v] = ['query', 'key', 'value'].map((name) => headsOf(x, w[`${name}Kernel`], w[`${name}Bias`]));
  const y = attention(turned ? rotary(q) : q, turned ? rotary(k) : k, v, { causal, bias });
  const [heads, size, features] = w.outputKernel.shape;
  const rows = matmul(
    shaped(y, [x.shape[0] * x.shape[1], heads * size]),
    shaped(w.outputKernel, [heads * size, features]),
  );
  return binary('add', shaped(rows, [x.shape[0], x.shape[1], features]), w.outputBias);
}

function normalized(x: Array64, gamma: Array64, beta?: Array64, epsilon = 1e-5): Array64 {
  const features = x.shape.at(-1)!;
  const row = (i: number) => x.data.subarray(i - (i % features), i - (i % features) + features);
  const mean = (values: ArrayLike<number>) =>
    Array.from(values).reduce((sum, own) => sum + own, 0) / features;
  return map(x, (own, i) => {
    const center = beta ? mean(row(i)) : 0;
    const variance = mean(row(i).map((value) => (value - center) ** 2));
    return (
      ((own - center) / Math.sqrt(variance + epsilon)) * gamma.data[i % features] +
      (beta?.data[i % features] ?? 0)
    );
  });
}

const biasInitializer = { name: 'randomUniform', low: -0.5, high: 0.5 } as const;
const tolerance = { rtol: 1e-4, atol: 1e-5 };

describe('transformerBlock', () => {
  it.each(['layer', 'rms'] as const)(
    'normalization %s: the formula of its docstring',
    async (normalization) => {
      const isLayer = normalization === 'layer';
      const options = {
        numHeads: 2,
        hiddenDim: 5,
        biasInitializer,
        useCausalMask: true,
        normalization,
        rotary: !isLayer,
      };
      const net = sequential([transformerBlock({ ...options, activation: 'tanh' })], {
        inputShape: [6, 8],
        seed: 3,
      });
      const x = random(1, [2, 6, 8], -2, 2);
      const [found] = await evaluate((own) => net.call(own, { training: false }), [x]);
      const w = await weightsOf(net);
      const inner = normalized(x, w.attentionGamma, w.attentionBeta);
      const y = binary('add', x, attended(inner, w, { turned: !isLayer }));
      const rows = shaped(normalized(y, w.hiddenGamma, w.hiddenBeta), [12, 8]);
      const hidden = unary('tanh', binary('add', matmul(rows, w.expandKernel), w.expandBias));
      const added = binary('add', matmul(hidden, w.contractKernel), w.contractBias);
      expect(found).toBeAllClose(binary('add', y, shaped(added, [2, 6, 8])), tolerance);
      expect(Object.keys(w)).toHaveLength(isLayer ? 16 : 14);
    },
  );

  it('no later step moves an earlier output, dropout moves all of them', async () => {
    const net = sequential([transformerBlock({ numHeads: 1, useCausalMask: true, dropout: 0.5 })], {
      inputShape: [5, 4],
    });
    const x = random(1, [1, 5, 4]);
    const other = map(x, (own, i) => (i < 16 ? own : own + 1));
    const [a, b, c] = await evaluate(
      (one, two) => [
        net.call(one, { training: false }),
        net.call(two, { training: false }),
        net.call(one, { training: true }),
      ],
      [x, other],
    );
    expect(a.data.subarray(0, 16)).toEqual(b.data.subarray(0, 16));
    expect(a.data.subarray(16)).not.toEqual(b.data.subarray(16));
    expect(a.data.filter((own, i) => own === c.data[i])).toHaveLength(0);
  });

  it('refuses what it cannot do', () => {
    const make = (options: object) => () =>
      sequential([transformerBlock(options as { numHeads: number })], { inputShape: [5, 6] });
    expect(make({ numHeads: 4 })).toThrow('6 features do not fall into 4 heads');
    expect(make({ numHeads: 2, rotary: true })).toThrow('whole, even size');
    expect(make({ numHeads: 2, normalization: 'batch' })).toThrow("it must be 'layer' or 'rms'");
    expect(make({ numHeads: 2, dropout: 1 })).toThrow(ArgumentError);
  });
});

describe('multiHeadAttention', () => {
  it('leaves out the steps that the mask of its input leaves out', async () => {
    const net = sequential(
      [
        embedding({ inputDim: 5, outputDim: 4, maskZero: true }),
        multiHeadAttention({ numHeads: 2, keyDim: 4, biasInitializer }),
      ],
      { inputShape: [4], seed: 2 },
    );
    const [y, inner] = await evaluate(
      (ids) => [net.call(ids, { training: false }), net.layers[0].call(ids, { training: false })],
      [array([2, 4], [1, 2, 0, 0, 3, 4, 1, 0])],
      { dtypes: ['i32'] },
    );
    const bias = array([2, 1, 1, 4], [0, 0, -Infinity, -Infinity, 0, 0, 0, -Infinity]);
    const w = await weightsOf(net);
    expect(y).toBeAllClose(attended(inner, w, { causal: false, bias }), tolerance);
  });

  it('refuses what it cannot do', () => {
    const make = (options: object) => multiHeadAttention({ numHeads: 2, keyDim: 3, ...options });
    expect(() => make({ attentionAxes: [2] })).toThrow('along the steps');
    expect(() => make({ attentionAxes: null })).not.toThrow();
    expect(() => make({ outputShape: 'wide' })).toThrow(ArgumentError);
    expect(() => groupQueryAttention({ headDim: 4, numQueryHeads: 4, numKeyValueHeads: 3 })).toThrow(
      'a divisor of 4',
    );
    const [x, image, other, twin, key] = [
      [5, 6],
      [5, 6, 3],
      [4, 6],
      [4, 6],
      [3, 6],
    ].map((shape) => modelInput({ shape }));
    const of =
      (...inputs: (typeof x)[]) =>
      () =>
        model({ inputs, outputs: make({}).apply(inputs) });
    expect(of(image)).toThrow(ShapeError);
    expect(of(x, other, key)).toThrow('each key needs a value');
    expect(of(x, other, twin, image)).toThrow('the attention mask has samples of shape');
  });
});

it('positions are added to each step', async () => {
  const x = random(1, [2, 3, 5]);
  const [waves] = await evaluate(
    (own) =>
      sequential([sinePositionEncoding({ maxWavelength: 50 })], { inputShape: [3, 5] }).call(own, {
        training: false,
      }),
    [x],
  );
  const wave = (step: number, feature: number) => {
    const angle = step / 50 ** ((2 * (feature >> 1)) / 5);
    return feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  };
  expect(waves).toBeAllClose(binary('add', x, fromFunction([3, 5], wave)), tolerance);
  const learned = sequential([positionalEmbedding({ inputDim: 4 })], { inputShape: [3, 5] });
  const [y] = await evaluate((own) => learned.call(own, { training: false }), [x]);
  const { weight } = await weightsOf(learned);
  expect(weight.shape).toEqual([4, 5]);
  expect(y).toBeAllClose(binary('add', x, array([3, 5], weight.data.subarray(0, 15))), tolerance);
});
