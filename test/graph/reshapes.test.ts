import { expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { optimize } from '../../src/graph/passes/optimize.ts';
import { moveBeforeReshapes } from '../../src/graph/passes/reshapes.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { conv2d } from '../../src/ops/conv2d/conv2d.ts';
import { add, leakyRelu, multiply, relu, scale, tanh } from '../../src/ops/elementwise/elementwise.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { matmul } from '../../src/ops/matmul/matmul.ts';
import { flatten, reshape } from '../../src/ops/movement/movement.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array, random } from '../reference/array.ts';
import { matmul as reference } from '../reference/matmul.ts';

const names = (outputs: readonly Tensor[]) => topologicalOrder(outputs).map(({ op }) => op.name);
const kernels = (outputs: readonly Tensor[]) =>
  topologicalOrder(outputs).filter(({ op }) => op.kind !== 'leaf' && op.kind !== 'alias').length;
const moved = (...outputs: Tensor[]) => outputs.map(moveBeforeReshapes(outputs));

it('work behind a reshape goes into the kernel before it', async () => {
  const build = (a: Tensor, b: Tensor, c: Tensor) => [
    multiply(tanh(reshape(matmul(a, b), [3, 2, 2])), relu(scale(c, 2))),
  ];
  const [a, b, c] = [input('a', [3, 5]), input('b', [5, 4]), input('c', [3, 2, 2])];
  expect(names(moved(tanh(reshape(matmul(a, b), [3, 2, 2]))))).toEqual([
    'input',
    'input',
    'matmul',
    'tanh',
    'reshape',
  ]);
  expect(kernels(optimize([add(tanh(reshape(matmul(a, b), [3, 2, 2])), c)]))).toBe(1);

  const values = [random(1, [3, 5]), random(2, [5, 4]), random(3, [3, 2, 2])];
  const [found] = await evaluate((x, y, z) => build(x, y, z), values);
  const product = reference(values[0], values[1]).data;
  const expected = product.map((value, i) => Math.tanh(value) * Math.max(0, 2 * values[2].data[i]));
  expect(found).toBeAllClose(array([3, 2, 2], [...expected]));
});

it('the gradient of an activation before flatten goes into the product behind it', () => {
  const [x, w, v] = [input('x', [2, 4, 4, 1]), input('w', [3, 3, 1, 4]), input('v', [16, 1])];
  const loss = reduceSum(matmul(flatten(leakyRelu(conv2d(x, w), 0.2)), v));
  const optimized = optimize(gradients(loss, [w]) as Tensor[]);
  expect(names(optimized)).not.toContain('leakyReluGradient');
  expect(names(optimized)).not.toContain('map');
});

it('of two sums of one number, the second takes the addition in', () => {
  const sum = (x: Tensor) => reshape(reduceSum(x, { axes: [0, 1], keepDims: true }), [1]);
  expect(kernels(optimize([add(sum(input('a', [3, 5])), sum(input('b', [5, 4])))]))).toBe(2);
});

it.each<[string, (a: Tensor, b: Tensor, c: Tensor) => Tensor[]]>([
  [
    'that others read too',
    (a, b) => {
      const product = reshape(matmul(a, b), [3, 2, 2]);
      return [tanh(product), product];
    },
  ],
  [
    'whose origin others read too',
    (a, b) => {
      const product = matmul(a, b);
      return [tanh(reshape(product, [3, 2, 2])), product];
    },
  ],
  ['of an input', (_a, _b, c) => [tanh(reshape(c, [12]))]],
  [
    'that is broadcast',
    (a, b, c) => [add(reshape(matmul(a, b), [1, 3, 2, 2]), reshape(tanh(c), [3, 1, 2, 2]))],
  ],
  [
    'beside work that could go into another kernel',
    (a, b, c) => [add(reshape(matmul(a, b), [3, 2, 2]), tanh(c))],
  ],
])('a reshape %s stays where it is', (_, build) => {
  const outputs = build(input('a', [3, 5]), input('b', [5, 4]), input('c', [3, 2, 2]));
  expect(names(moved(...outputs))).toEqual(names(outputs));
});
