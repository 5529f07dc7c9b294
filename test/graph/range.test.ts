import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangedOps, rangeOf } from '../../src/graph/range.ts';
import * as ops from '../../src/ops/index.ts';
import { constant, fill, input, read, Variable } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { interpret } from './interpret.ts';
import { randomGraphs } from './randomGraph.ts';

const sources = import.meta.glob<string>('../../src/ops/**/*.ts', {
  query: '?raw',
  import: 'default',
  eager: true,
});

let count = 0;
const weight = (...shape: number[]): Tensor =>
  read(new Variable({ name: `w${count++}`, shape, initialize: () => {} }));
const x = input('x', [3, 4]);
const logits = () => ops.add(ops.matmul(x, weight(4, 2)), weight(2));
const image = input('image', [1, 4, 4, 2]);
const features = () => ops.add(ops.conv2d(image, weight(3, 3, 2, 4)), weight(4));
const { sigmoid, softmax, tanh, relu } = ops;
const ALL = [-Infinity, Infinity];

const cases: [what: string, tensor: () => Tensor, bounds: number[], reached?: boolean][] = [
  ['data', () => x, ALL, false],
  ['a dense layer', logits, ALL],
  ['a convolution', features, ALL],
  ['its transpose', () => ops.conv2dTranspose(image, weight(3, 3, 4, 2), { stride: 2 }), ALL],
  ['relu', () => relu(logits()), [0, Infinity]],
  ['relu6', () => ops.minimum(relu(logits()), 6), [0, 6]],
  ['a leaky relu', () => ops.leakyRelu(logits()), ALL],
  ['tanh', () => tanh(logits()), [-1, 1]],
  ['tanh moved to [0, 1]', () => ops.scale(ops.shift(tanh(logits()), 1), 0.5), [0, 1]],
  ['sigmoid', () => sigmoid(logits()), [0, 1]],
  ['sigmoid of data', () => sigmoid(x), [0, 1], false],
  ['its complement', () => ops.subtract(1, sigmoid(logits())), [0, 1]],
  ['a hard sigmoid', () => ops.hardSigmoid(logits()), [0, 1]],
  ['sigmoid clipped', () => ops.clip(sigmoid(logits()), 0.1, 2), [0.1, 1]],
  ['elu', () => ops.elu(logits(), 2), [-2, Infinity]],
  ['softplus', () => ops.softplus(logits()), [0, Infinity]],
  ['exp', () => ops.exp(logits()), [0, Infinity]],
  ['silu', () => ops.silu(logits()), [-0.2785, Infinity]],
  ['softmax', () => softmax(logits()), [0, 1]],
  ['softmax over another axis', () => softmax(logits(), 0), [0, 1]],
  ['softmax over one', () => softmax(ops.slice(logits(), [0, 0], [3, 1])), [1, 1]],
  ['log softmax', () => ops.logSoftmax(logits()), [-Infinity, 0]],
  ['one column of a softmax', () => ops.slice(softmax(logits()), [0, 1], [3, 1]), [0, 1]],
  ['reshaped, turned and joined', () => ops.transpose(ops.concat([sigmoid(logits()), sigmoid(logits())], 1)), [0, 1]],
  ['one branch of logits', () => ops.concat([sigmoid(logits()), logits()], 1), ALL],
  ['the mean of two sigmoids', () => ops.scale(ops.add(sigmoid(logits()), sigmoid(logits())), 0.5), [0, 1]],
  ['their sum', () => ops.add(sigmoid(logits()), sigmoid(logits())), [0, 2]],
  ['their product', () => ops.multiply(sigmoid(logits()), sigmoid(logits())), [0, 1]],
  ['the larger', () => ops.maximum(sigmoid(logits()), sigmoid(logits())), [0, 1]],
  ['logits through a gate', () => ops.multiply(logits(), sigmoid(logits())), ALL],
  ['a sigmoid with a weight added', () => ops.add(sigmoid(logits()), weight(2)), ALL],
  ['a mean over positions', () => ops.globalAveragePool2d(sigmoid(features())), [0, 1]],
  ['of features', () => ops.globalAveragePool2d(features()), ALL],
  ['a pool', () => ops.maxPool2d(relu(features())), [0, Infinity]],
  ['dropout', () => ops.dropout(sigmoid(logits()), 0.5), [0, 2]],
  ['padding', () => ops.pad(sigmoid(logits()), [[1, 1], [0, 0]], { value: -1 }), [-1, 1]],
  ['a layer norm', () => ops.normalize(logits(), { over: 'layer' }).y, ALL],
  ['a constant', () => constant(Float32Array.of(3, -2, 1)), [-2, 3]],
  ['a fill', () => fill([2], 0.5), [0.5, 0.5]],
  ['a comparison', () => ops.greater(logits(), 0), [0, 1], false],
  ['an embedding', () => ops.gather(weight(5, 2), input('i', [3], 'i32')), ALL],
]; // prettier-ignore

describe('the range of a tensor', () => {
  it.each(cases)('%s', (_, tensor, [low, high], reached = true) => {
    const found = rangeOf(tensor());
    expect(found.low).toBeCloseTo(low, 12);
    expect(found.high).toBeCloseTo(high, 12);
    expect(found.reached).toBe(reached);
  });

  it('is known not to be reached where values move together', () => {
    const own = logits();
    const e = ops.exp(own);
    const total = ops.reduceSum(e, { axes: [-1], keepDims: true });
    for (const tensor of [
      ops.divide(e, total), // a softmax, in [0, 1]
      ops.subtract(own, ops.reduceMax(own, { axes: [-1], keepDims: true })), // at most 0
      ops.add(sigmoid(own), sigmoid(ops.negate(own))), // 1
      ops.multiply(own, own),
      ops.square(own),
    ]) {
      expect(rangeOf(tensor).reached).toBe(false);
    }
  });

  it('tells what comes near to 0 from what is cut off there', () => {
    for (const f of [ops.exp, ops.softplus, ops.sigmoid, softmax] as const) {
      expect(rangeOf(f(logits())).low).toBeGreaterThan(0);
    }
    expect(rangeOf(relu(logits())).low).toBe(0);
  });

  it('holds every value of random graphs', () => {
    let bounded = 0;
    fc.assert(
      fc.property(randomGraphs(12), ({ outputs, feed }) => {
        for (const [i, { data }] of interpret(outputs, feed).entries()) {
          const { low, high } = rangeOf(outputs[i]);
          if (Number.isFinite(low) || Number.isFinite(high)) bounded++;
          for (const value of data) {
            expect(value).toBeGreaterThanOrEqual(low - 1e-12 * (1 + Math.abs(low)));
            expect(value).toBeLessThanOrEqual(high + 1e-12 * (1 + Math.abs(high)));
          }
        }
      }),
      { seed: 5, numRuns: 400 },
    );
    expect(bounded).toBeGreaterThan(200);
  });

  it('has rules for ops that exist', () => {
    const text = Object.values(sources).join('\n');
    for (const name of rangedOps) expect(text, `op ${name}`).toMatch(new RegExp(`'${name}'`));
  });
});
