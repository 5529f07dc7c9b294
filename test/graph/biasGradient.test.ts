import { expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { fuseBiasGradients } from '../../src/graph/passes/biasGradient.ts';
import { optimize } from '../../src/graph/passes/optimize.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { conv2d } from '../../src/ops/conv2d/conv2d.ts';
import { add, multiply } from '../../src/ops/elementwise/elementwise.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { random } from '../reference/array.ts';
import { conv2dGradFilter } from '../reference/conv2d.ts';
import { reduce } from '../reference/reduce.ts';

/** dL/dw and dL/db of L = Σ dy · (conv2d(x, w) + b), so that dy is what the test gives. */
function weightGradients(x: Tensor, w: Tensor, b: Tensor, dy: Tensor): Tensor[] {
  const loss = reduceSum(multiply(add(conv2d(x, w), b), dy));
  return gradients(loss, [w, b]) as Tensor[];
}

const shapes = { x: [2, 5, 6, 3], w: [3, 2, 3, 5], b: [5], dy: [2, 3, 5, 5] };

function names(outputs: readonly Tensor[]): string[] {
  return topologicalOrder(outputs).map((node) => node.op.name);
}

it('computes the filter and the bias gradient of a convolution by one node', () => {
  const [x, w, b, dy] = Object.entries(shapes).map(([name, shape]) => input(name, shape));
  const optimized = optimize(weightGradients(x, w, b, dy));
  expect(names(optimized)).toContain('conv2dGradFilterBias');
  expect(names(optimized)).not.toContain('conv2dGradFilter');
  expect(names(optimized)).not.toContain('reduceSum');
  expect(optimized.map((t) => t.shape)).toEqual([shapes.w, shapes.b]);
});

it('leaves a filter gradient without bias, and sums of other tensors or axes, alone', () => {
  const [x, w, b, dy] = Object.entries(shapes).map(([name, shape]) => input(name, shape));
  const [dw] = weightGradients(x, w, b, dy);
  for (const outputs of [
    [dw],
    [dw, reduceSum(dy, { axes: [0, 1] })],
    [dw, reduceSum(x, { axes: [0, 1, 2] })],
  ]) {
    expect(names(outputs.map(fuseBiasGradients(outputs)))).toEqual(names(outputs));
  }
});

it('keeps the numbers of both', async () => {
  const [x, w, b, dy] = Object.values(shapes).map((shape, i) => random(i + 1, shape));
  const [dw, db] = await evaluate(
    (...tensors) => weightGradients(...(tensors as [Tensor, Tensor, Tensor, Tensor])),
    [x, w, b, dy],
  );
  expect(dw).toBeAllClose(conv2dGradFilter(x, dy, shapes.w));
  expect(db).toBeAllClose(reduce('sum', dy, { axes: [0, 1, 2] }));
});
