import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { modelInput } from '../../src/nn/layerGraph.ts';
import { additiveAttention, attention } from '../../src/nn/layers/attention.ts';
import type { Layer } from '../../src/nn/layers/layer.ts';
import { masked, maskOf } from '../../src/nn/masks.ts';
import { model } from '../../src/nn/model.ts';
import { input } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { checkGradient, evaluate, testGpu } from '../helpers/evaluate.ts';
import { checkLayer, modelOf } from '../helpers/layer.ts';
import type { Weights } from '../helpers/layer.ts';
import { array, map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';

type Row = ArrayLike<number>;
/** Of a query and a key. */
type Score = (q: Row, k: Row, w: Weights) => number;

interface Hidden {
  readonly causal?: boolean;
  /** [batch, keys] and [batch, queries] of 0 and 1. */
  readonly values?: Array64;
  readonly query?: Array64;
}

const rowsOf = ({ shape: [batch, steps, features], data }: Array64) =>
  Array.from({ length: batch }, (_, b) =>
    Array.from({ length: steps }, (_step, i) =>
      data.subarray((b * steps + i) * features, (b * steps + i + 1) * features),
    ),
  );

/** Keras's formula, row by row; what 1e9 is taken from keeps the digits that f32 has for it. */
function attended(score: Score, { causal, values, query }: Hidden = {}) {
  return ([x, value, key = value]: readonly Array64[], w: Weights = {}): Array64 => {
    const [q, k, v] = [x, key, value].map(rowsOf);
    const rows = q.flatMap((queries, b) =>
      queries.map((own, i) => {
        const scores = k[b].map((other, j) => {
          const hidden = (causal && j > i) || values?.data[b * k[b].length + j] === 0;
          return hidden ? Math.fround(score(own, other, w) - 1e9) : score(own, other, w);
        });
        const peak = Math.max(...scores);
        const weights = scores.map((s) => Math.exp(s - peak));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const counts = query ? query.data[b * queries.length + i] : 1;
        return Array.from(v[b][0], (_, d) =>
          weights.reduce((sum, weight, j) => sum + ((counts * weight) / total) * v[b][j][d], 0),
        );
      }),
    );
    return array([...x.shape.slice(0, 2), value.shape[2]], rows.flat());
  };
}

const sum = (q: Row, f: (own: number, i: number) => number) =>
  Array.from(q).reduce((all, own, i) => all + f(own, i), 0);
const dot: Score = (q, k, w) => (w.scale?.data[0] ?? 1) * sum(q, (own, i) => own * k[i]);
const concat: Score = (q, k, w) =>
  w.concatScoreWeight.data[0] * sum(q, (own, i) => Math.tanh((w.scale?.data[0] ?? 1) * (own + k[i])));
const added: Score = (q, k, w) => sum(q, (own, i) => (w.scale?.data[i] ?? 1) * Math.tanh(own + k[i]));

/** With other weights than those that it starts with, so that each counts. */
async function tuned(layer: Layer, inputs: readonly Array64[]): Promise<Layer> {
  modelOf(layer, inputs);
  const gpu = await testGpu();
  gpu.variables.allocate(layer.variables, 'weights');
  layer.variables.forEach((own, i) =>
    gpu.variables.write(own, Float32Array.from(random(31 + i, own.shape, 0.5, 1.5).data)),
  );
  return layer;
}

const query = random(1, [2, 5, 3], -2, 2);
const value = random(2, [2, 4, 6], -2, 2);
const key = random(3, [2, 4, 3], -2, 2);
const alike = random(4, [2, 7, 3], -2, 2);
const cases: readonly [string, (causal: boolean) => Layer, Score][] = [
  ['attention()', (useCausalMask) => attention({ useCausalMask }), dot],
  ['attention with a scale', (useCausalMask) => attention({ useCausalMask, useScale: true }), dot],
  ['attention of concat', (useCausalMask) => attention({ useCausalMask, scoreMode: 'concat' }), concat],
  [
    'attention of concat with a scale',
    (useCausalMask) => attention({ useCausalMask, useScale: true, scoreMode: 'concat' }),
    concat,
  ],
  ['additiveAttention()', (useCausalMask) => additiveAttention({ useCausalMask }), added],
  [
    'additiveAttention without a scale',
    (useCausalMask) => additiveAttention({ useCausalMask, useScale: false }),
    added,
  ],
];

describe.each(cases)('%s', (_, make, score) => {
  it('is its formula, with keys and without, forward and backward', async () => {
    const all = [query, value, key];
    await checkLayer(await tuned(make(false), all), all, attended(score));
    const two = [query, alike];
    await checkLayer(await tuned(make(true), two), two, attended(score, { causal: true }));
  });

  it('leaves out what masks leave out, as Keras does', async () => {
    const ofQuery = array([2, 5], [1, 1, 0, 1, 1, 1, 0, 0, 1, 1]);
    const some = array([2, 7], [1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    const few = map(some, (own, i) => (i < 7 ? own : 0)); // the second sequence has no value that counts
    for (const causal of [false, true]) {
      const layer = await tuned(make(causal), [query, alike]);
      const w: Weights = {};
      for (const [name, variable] of layer.weights) {
        w[name] = array(variable.shape, await (await testGpu()).variables.read(variable));
      }
      const twin = (values: Array64) => attended(score, { causal, values, query: ofQuery });
      const build = (q: Tensor, v: Tensor, qMask: Tensor, vMask: Tensor) =>
        layer.call([masked(q, qMask), masked(v, vMask)], { training: false });
      const values = causal ? some : few;
      const [y] = await evaluate(build as () => Tensor, [query, alike, ofQuery, values]);
      expect(y).toBeAllClose(twin(values)([query, alike], w));
      if (!causal) continue;
      await checkGradient(build as () => Tensor, [query, alike, ofQuery, some], {
        reference: (q, v) => twin(some)([q, v], w),
        wrt: [0, 1],
      });
    }
  });
});

describe('attention layers', () => {
  it('have the mask of the query', () => {
    for (const layer of [attention(), additiveAttention({ useScale: false })]) {
      modelOf(layer, [query, alike]);
      const mask = input('mask', [2, 5]);
      const [q, v] = [masked(input('q', [2, 5, 3]), mask), input('v', [2, 7, 3])];
      expect(maskOf(layer.call([q, v], { training: false }))).toBe(mask);
      expect(maskOf(layer.call([v, q], { training: false }))).toBeUndefined();
    }
  });

  it('of products without masks store no scores', () => {
    const layer = attention({ useCausalMask: true, useScale: true });
    modelOf(layer, [query, alike]);
    const used = (q: Tensor, v: Tensor) =>
      topologicalOrder([layer.call([q, v], { training: false })]).map(({ op }) => op.name);
    const [q, v] = [input('q', [2, 5, 3]), input('v', [2, 7, 3])];
    expect(used(q, v)).toContain('attention');
    expect(used(q, masked(v, input('mask', [2, 7])))).toContain('softmax');
  });

  it.each([
    ['attention', attention({ dropout: 0.25 })],
    ['attention of concat', attention({ dropout: 0.25, scoreMode: 'concat' })],
    ['additiveAttention', additiveAttention({ dropout: 0.25 })],
  ])('%s drops weights while training, the means stay', async (_, layer) => {
    const [batch, steps, keys] = [4, 32, 32];
    const [x, ones] = [
      random(5, [batch, steps, 2]),
      array([batch, keys, 2], new Float64Array(batch * keys * 2).fill(1)),
    ];
    const network = modelOf(layer, [x, ones]);
    (await testGpu()).variables.allocate(network.variables, 'weights');
    const [idle, y] = await evaluate(
      (q, v) => [network.call([q, v], { training: false }), network.call([q, v], { training: true })],
      [x, ones],
    );
    const mean = (a: Array64) => a.data.reduce((all, own) => all + own, 0) / a.data.length;
    expect(Math.max(...idle.data.map((own) => Math.abs(own - 1)))).toBeLessThan(1e-5);
    // All keys are alike, so that each of 128 rows has 32 weights of 1 / 32. It keeps exactly 24 of them, and its 1, in one case of six.
    expect(y.data.filter((own) => Math.abs(own - 1) > 1e-3).length).toBeGreaterThan(0.6 * y.data.length);
    // A row has a deviation of about 0.1, the mean of all of 0.01.
    expect(Math.abs(mean(y) - 1)).toBeLessThan(0.05);
  });

  it('refuse what they cannot do', () => {
    expect(() => attention({ scoreMode: 'cosine' as 'dot' })).toThrow("it must be 'dot' or 'concat'");
    expect(() => attention({ dropout: 1 })).toThrow(ArgumentError);
    expect(() => additiveAttention({ useScale: 1 as unknown as boolean })).toThrow(ArgumentError);
    expect(() => attention({ returnAttentionScores: true } as object)).toThrow(
      'they are not stored; compute them beside the layer',
    );
    const of = (...shapes: number[][]) => {
      const inputs = shapes.map((shape) => modelInput({ shape }));
      return () => model({ inputs, outputs: attention().apply(inputs) });
    };
    expect(of([5, 3])).toThrow(ArgumentError);
    expect(of([5, 3], [4, 3], [4, 3], [4, 3])).toThrow('got 4 inputs; it takes query, value and key');
    expect(of([5, 3], [4, 3, 2])).toThrow('value has samples of shape [4, 3, 2]');
    expect(of([5, 3], [4, 2])).toThrow('queries have 3 features and keys 2');
    expect(of([5, 3], [4, 2], [6, 3])).toThrow('keys have 6 steps and values 4');
    expect(of([5, 3], [4, 3, 2])).toThrow(ShapeError);
  });
});
