import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { eliminateCommonSubexpressions } from '../../src/graph/passes/cse.ts';
import { fold } from '../../src/graph/passes/fold.ts';
import { optimize } from '../../src/graph/passes/optimize.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { dropout } from '../../src/ops/random/dropout.ts';
import * as ew from '../../src/ops/elementwise/elementwise.ts';
import { broadcastTo } from '../../src/ops/reduce/sum.ts';
import { constant, fill, fillValue, input, read, Variable } from '../../src/ops/core/leaves.ts';
import { reshape, stopGradient } from '../../src/ops/movement/movement.ts';
import { randomUniform } from '../../src/ops/random/random.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { softmax } from '../../src/ops/softmax/softmax.ts';
import type { Tensor } from '../../src/ops/core/op.ts';

const x = input('x', [2, 3]);
const folded = (tensor: Tensor) => fold([tensor])(tensor);

describe('fold', () => {
  const same: [string, Tensor][] = [
    ['x + 0', ew.add(x, 0)],
    ['0 + x', ew.add(0, x)],
    ['x − 0', ew.subtract(x, 0)],
    ['x · 1', ew.multiply(x, 1)],
    ['1 · x', ew.multiply(fill([3], 1), x)],
    ['x / 1', ew.divide(x, fill([2, 3], 1))],
    ['scale by 1', ew.scale(x, 1)],
    ['shift by 0', ew.shift(x, 0)],
    ['all of it', ew.shift(ew.multiply(ew.add(x, 0), 1), 0)],
    ['a reshaped 1', ew.multiply(x, reshape(fill([6], 1), [2, 3]))],
  ];
  it.each(same)('%s is x', (_name, tensor) => {
    expect(folded(tensor)).toBe(x);
  });

  const constants: [string, Tensor, number][] = [
    ['2 + 3', ew.add(fill([2], 2), 3), 5],
    ['2 − 3', ew.subtract(fill([2], 2), 3), -1],
    ['2 · 3', ew.multiply(fill([2], 2), 3), 6],
    ['3 / 2', ew.divide(fill([2], 3), 2), 1.5],
    ['−2', ew.negate(fill([2], 2)), -2],
    ['2²', ew.square(fill([2], -2)), 4],
    ['1 / 4', ew.reciprocal(fill([2], 4)), 0.25],
    ['scaled', ew.scale(fill([2], 4), 0.5), 2],
    ['shifted', ew.shift(fill([2], 4), 0.5), 4.5],
    ['repeated', broadcastTo(fill([1], 7), [2]), 7],
    ['as f32', ew.add(fill([2], 0.1), 0.2), Math.fround(Math.fround(0.1) + Math.fround(0.2))],
  ];
  it.each(constants)('%s is a constant', (_name, tensor, value) => {
    const result = folded(tensor);
    expect(result.node.op.name).toBe('fill');
    expect(result.shape).toEqual([2]);
    expect(fillValue(result)).toBeCloseTo(value, 6);
  });

  const kept: [string, Tensor][] = [
    ['scale by 0, because x may be infinite', ew.scale(x, 0)],
    ['∞ − ∞', ew.subtract(fill([2], Infinity), fill([2], Infinity))],
    ['0 − x', ew.subtract(0, x)],
    ['1 / x', ew.divide(1, x)],
    ['1 / 0', ew.divide(fill([2], 1), 0)],
    ['1e30 · 1e30', ew.multiply(fill([2], 1e30), 1e30)],
    ['x + 0 of a larger shape', ew.add(x, fill([4, 2, 3], 0))],
    ['scale by 2', ew.scale(x, 2)],
    ['a function that is not arithmetic', ew.exp(fill([2], 0))],
  ];
  it.each(kept)('leaves %s alone', (_name, tensor) => {
    expect(folded(tensor)).toBe(tensor);
  });

  it('makes x · 0 a scale by 0, which keeps NaN where compilers make 0 of a literal 0', () => {
    const scaled = folded(ew.multiply(0, x));
    expect([scaled.node.op, scaled.node.attrs]).toEqual([ew.elementwiseOps.scale, { factor: 0 }]);
    expect(scaled.node.inputs).toEqual([x]);
  });

  it('tells infinities and zeros of either sign apart', () => {
    const values = [Infinity, -Infinity, 0, -0, 1];
    const merged = optimize([...values, ...values].map((value) => fill([2], value)));
    expect(merged.map(fillValue)).toEqual([...values, ...values]);
    expect(new Set(merged).size).toBe(values.length);
  });

  it('clears the seeds of autodiff away', () => {
    const loss = ew.scale(reduceSum(ew.multiply(x, 3)), 0.5);
    const [dx] = gradients(loss, [x]);
    const result = folded(dx!);
    expect(fillValue(result)).toBe(1.5);
    expect(result.shape).toEqual([2, 3]);
  });
});

describe('common subexpressions', () => {
  const merge = (...tensors: Tensor[]) => tensors.map(eliminateCommonSubexpressions(tensors));

  it('equal subgraphs become one', () => {
    const make = () => softmax(ew.scale(ew.add(x, 1), 2));
    const [a, b] = merge(make(), make());
    expect(a).toBe(b);
    expect(topologicalOrder([a]).length).toBe(5);
  });

  it('other attributes, inputs or orders stay apart', () => {
    const tensors = [
      ew.scale(x, 2),
      ew.scale(x, 3),
      ew.shift(x, 2),
      ew.subtract(x, fill([2, 3], 2)),
      ew.subtract(fill([2, 3], 2), x),
      reshape(x, [3, 2]),
      reshape(x, [6]),
      reduceSum(x, { axes: [0] }),
      reduceSum(x, { axes: [0], keepDims: true }),
      ew.leakyRelu(x, 0.1),
      ew.elu(x, 0.1),
    ];
    expect(new Set(merge(...tensors)).size).toBe(tensors.length);
  });

  it('equal constants of one value are one; other leaves are themselves', () => {
    expect(new Set(merge(fill([2], 1), fill([2], 1))).size).toBe(1);
    expect(new Set(merge(fill([2], 1), fill([1, 2], 1), fill([2], 2), fill([2], 1, 'i32'))).size).toBe(4);
    expect(new Set(merge(input('a', [2]), input('a', [2]))).size).toBe(2);
    expect(new Set(merge(constant(Float32Array.of(1)), constant(Float32Array.of(1)))).size).toBe(2);
    const w = new Variable({ name: 'w', shape: [2], initialize: () => {} });
    const [a, b] = merge(ew.relu(read(w)), ew.relu(read(w)));
    expect(a).toBe(b);
  });

  it('never merges what draws random numbers', () => {
    expect(new Set(merge(dropout(x, 0.5), dropout(x, 0.5))).size).toBe(2);
    expect(new Set(merge(randomUniform([2]), randomUniform([2]))).size).toBe(2);
    const again = merge(randomUniform([2], 0, 1, { stream: 5 }), randomUniform([2], 0, 1, { stream: 5 }));
    expect(new Set(again).size, 'of one stream they are the same numbers').toBe(1);
  });

  it('keeps a stopped gradient apart from its input', () => {
    const [a, b] = merge(ew.relu(x), stopGradient(ew.relu(x)));
    expect(a).not.toBe(b);
    expect(b.node.inputs[0]).toBe(a);
  });
});
