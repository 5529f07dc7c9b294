import { expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { optimize } from '../../src/graph/passes/optimize.ts';
import { movePoolGradients } from '../../src/graph/passes/poolGradient.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { conv2d } from '../../src/ops/conv2d/conv2d.ts';
import { elu, leakyRelu, multiply, relu, sigmoid, tanh } from '../../src/ops/elementwise/elementwise.ts';
import { constant, input } from '../../src/ops/core/leaves.ts';
import { maxPool2d } from '../../src/ops/pooling/maxPool2d.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { map, random, randomIntegers } from '../reference/array.ts';
import * as reference from '../reference/pooling.ts';

const orderOf = (outputs: readonly Tensor[]) => topologicalOrder(outputs).map(({ op }) => op.name);

it('an activation’s gradient goes into the kernel before the pool’s', () => {
  const [x, w, v] = [input('x', [2, 8, 8, 1]), input('w', [3, 3, 1, 4]), input('v', [2, 2, 4, 4])];
  const loss = reduceSum(conv2d(maxPool2d(relu(conv2d(x, w))), v));
  const optimized = optimize(gradients(loss, [w]) as Tensor[]);
  expect(orderOf(optimized)).not.toContain('map');
  const pool = topologicalOrder(optimized).find(({ op }) => op.name === 'maxPool2dGradient')!;
  expect(pool.epilogue).toBeUndefined();
  expect(pool.inputs[0].node.op.name).toBe('conv2dGradInput');
  expect(pool.inputs[0].node.epilogue!.expression.steps.map(({ fn }) => fn)).toEqual(['relu_gradient']);
});

const activations: [string, (x: Tensor) => Tensor, (y: number) => number][] = [
  ['relu', relu, (y) => (y > 0 ? 1 : 0)],
  ['leakyRelu', (x) => leakyRelu(x, 0.5), (y) => (y > 0 ? 1 : 0.5)],
  ['sigmoid', sigmoid, (y) => y * (1 - y)],
  ['tanh', tanh, (y) => 1 - y * y],
];

it.each(activations)(
  'an activation’s gradient is computed once for a window: %s',
  async (name, activation, slope) => {
    for (const [poolSize, stride] of [
      [2, 2],
      [3, 2],
    ]) {
      // few values, and so many ties
      const x = map(randomIntegers(2, [2, 7, 6, 4], 5), (value) => value - 2);
      const y = map(x, (value) =>
        name === 'relu'
          ? Math.max(0, value)
          : name === 'leakyRelu'
            ? Math.max(value, value / 2)
            : name === 'sigmoid'
              ? 1 / (1 + Math.exp(-value))
              : Math.tanh(value),
      );
      const window = { size: [poolSize, poolSize] as const, strides: [stride, stride] as const };
      const { output, argmax } = reference.maxPool2d(y, window);
      const dy = random(4, output.shape);
      const [dx] = await evaluate(
        (t) => {
          const pooled = maxPool2d(activation(t), { poolSize, stride });
          const loss = reduceSum(multiply(pooled, constant(Float32Array.from(dy.data), dy.shape)));
          const found = gradients(loss, [t]) as Tensor[];
          const moved = found.map(movePoolGradients(found));
          expect(moved[0].node.op.name).toBe('maxPool2dGradient');
          return found;
        },
        [x],
      );
      const arrived = reference.maxPool2dGrad(dy, argmax, x.shape, window);
      expect(dx).toBeAllClose(
        map(arrived, (value, i) => value * slope(y.data[i])),
        { rtol: 1e-5, atol: 1e-6 },
      );
    }
  },
);

it.each<[string, () => Tensor[]]>([
  [
    'whose gradient others read',
    () => {
      const y = relu(input('x', [1, 4, 4, 4]));
      return gradients(reduceSum(maxPool2d(y)), [y, y.node.inputs[0]]) as Tensor[];
    },
  ],
  [
    'of another tensor',
    () => {
      const y = relu(input('x', [1, 4, 4, 4]));
      return gradients(reduceSum(maxPool2d(multiply(y, 2))), [y.node.inputs[0]]) as Tensor[];
    },
  ],
  [
    'that is not linear in its gradient alone',
    () => {
      const x = input('x', [1, 4, 4, 4]);
      return gradients(reduceSum(maxPool2d(elu(x))), [x]) as Tensor[];
    },
  ],
])('a pool %s keeps its place', (_, build) => {
  const outputs = build();
  expect(orderOf(outputs.map(movePoolGradients(outputs)))).toEqual(orderOf(outputs));
});
