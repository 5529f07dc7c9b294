import { expect, it } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { conv2d } from '../../src/ops/conv2d/conv2d.ts';
import { add, multiply } from '../../src/ops/elementwise/elementwise.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { random } from '../reference/array.ts';
import { conv2dGradFilter, conv2dGradInput } from '../reference/conv2d.ts';
import { reduce } from '../reference/reduce.ts';

/** A layer with bias that meets two batches, as a discriminator meets real and generated images: all its gradients. */
const options = { stride: 2, padding: 'same' } as const;
const referenceOptions = { strides: [2, 2], padding: [1, 1, 1, 1] } as const;
const shapes = { x: [2, 6, 6, 8], w: [4, 4, 8, 8], b: [8], dy: [2, 3, 3, 8] };
function layerGradients([x1, x2, w, b, dy1, dy2]: readonly Tensor[]): Tensor[] {
  const product = (x: Tensor, dy: Tensor) => reduceSum(multiply(add(conv2d(x, w, options), b), dy));
  return gradients(add(product(x1, dy1), product(x2, dy2)), [w, b, x1, x2]) as Tensor[];
}

const all = [shapes.x, shapes.x, shapes.w, shapes.b, shapes.dy, shapes.dy];

it('sums the gradients of weights that are used twice, and rearranges these weights once', async () => {
  const gpu = await testGpu();
  const program = await gpu.compile(() => {
    const inputs = all.map((shape, i) => input(`in ${i}`, shape));
    const [dw, db, dx1, dx2] = layerGradients(inputs);
    return { dw, db, dx1, dx2 };
  });
  const labels = program.commands.map(({ label }) => label);
  expect(labels.filter((label) => label.endsWith('.weights')).length).toBe(1);
  // Partial sums and their sum for each batch, both input gradients, and one addition: that of the biases.
  expect(labels.length).toBe(2 * 2 + 1 + 2 + 1);
  program.destroy();
});

it('keeps the numbers', async () => {
  const values = all.map((shape, i) => random(i + 1, shape));
  const [x1, x2, w, , dy1, dy2] = values;
  const [dw, db, dx1, dx2] = await evaluate((...inputs) => layerGradients(inputs), values);
  const sum = (a: { data: ArrayLike<number> }, b: { data: ArrayLike<number> }) =>
    Array.from(a.data, (value, i) => value + b.data[i]);
  const filter = (x: typeof x1, dy: typeof dy1) => conv2dGradFilter(x, dy, shapes.w, referenceOptions);
  expect(dw.data).toBeAllClose(sum(filter(x1, dy1), filter(x2, dy2)), { rtol: 1e-5, atol: 1e-5 });
  const bias = (dy: typeof dy1) => reduce('sum', dy, { axes: [0, 1, 2] });
  expect(db.data).toBeAllClose(sum(bias(dy1), bias(dy2)), { rtol: 1e-5, atol: 1e-5 });
  expect(dx1).toBeAllClose(conv2dGradInput(dy1, w, shapes.x, referenceOptions), { rtol: 1e-5, atol: 1e-5 });
  expect(dx2).toBeAllClose(conv2dGradInput(dy2, w, shapes.x, referenceOptions), { rtol: 1e-5, atol: 1e-5 });
});
