import { describe, expect, it } from 'vitest';
import { GradientError, ShapeError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import { argmax } from '../../src/ops/reduce/argmax.ts';
import { cast } from '../../src/ops/movement/cast.ts';
import {
  add,
  exp,
  greater,
  multiply,
  negate,
  sigmoid,
  square,
  tanh,
} from '../../src/ops/elementwise/elementwise.ts';
import { gather } from '../../src/ops/movement/gather.ts';
import { input } from '../../src/ops/core/leaves.ts';
import { reshape, stopGradient } from '../../src/ops/movement/movement.ts';
import type { Op } from '../../src/ops/core/op.ts';
import { randomNormal } from '../../src/ops/random/random.ts';
import { reduceMean } from '../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../src/ops/reduce/sum.ts';
import { apply, applyAll, withScope } from '../../src/ops/core/node.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import '../helpers/close.ts';
import { random } from '../reference/array.ts';
import { interpret } from './interpret.ts';

const values = random(1, [2, 3]);
const x = input('x', [2, 3]);
/** Numbers of a tensor whose graph has the input x alone. */
const numbers = (tensor: Tensor) => interpret([tensor], new Map([[x, values]]))[0];
const elementwise = (f: (value: number) => number) => ({ shape: values.shape, data: values.data.map(f) });

describe('gradients', () => {
  it('sums over every use of a tensor', () => {
    const y = add(add(multiply(x, x), exp(x)), x); // d = 2x + e^x + 1
    const [dx] = gradients(reduceSum(y), [x]);
    expect(numbers(dx!)).toBeAllClose(elementwise((v) => 2 * v + Math.exp(v) + 1));
  });

  it('sums over both operands of one op', () => {
    expect(numbers(gradients(reduceSum(multiply(x, x)), [x])[0]!)).toBeAllClose(elementwise((v) => 2 * v));
  });

  it('of the loss by itself is 1, and by a part of the path is what follows it', () => {
    const y = square(x);
    const loss = reduceSum(y);
    const [own, dy, dx] = gradients(loss, [loss, y, x]);
    expect(numbers(own!)).toBeAllClose({ shape: [], data: [1] } as never);
    expect(numbers(dy!)).toBeAllClose(elementwise(() => 1));
    expect(numbers(dx!)).toBeAllClose(elementwise((v) => 2 * v));
  });

  it('is undefined where the loss does not depend on a tensor', () => {
    const other = input('other', [3]);
    expect(gradients(reduceSum(x), [other, x]).map((g) => g !== undefined)).toEqual([false, true]);
    expect(gradients(reduceSum(stopGradient(x)), [x])).toEqual([undefined]);
  });

  it('does no work for what was not asked for', () => {
    const [a, b] = [input('a', [2]), input('b', [2])];
    const loss = reduceSum(multiply(tanh(a), sigmoid(b)));
    const [da] = gradients(loss, [a]);
    expect(topologicalOrder([da!]).map(({ op }) => op.name)).not.toContain('sigmoidGradient');
  });

  it('takes a loss of one element in any shape', () => {
    const loss = reshape(reduceSum(square(x)), [1, 1]);
    expect(numbers(gradients(loss, [x])[0]!)).toBeAllClose(elementwise((v) => 2 * v));
  });

  it('refuses a loss of several elements, by name and shape', () => {
    const loss = withScope('head', () => square(x));
    expect(() => gradients(loss, [x])).toThrow(
      new ShapeError(
        'gradients: the loss must be a single number, but head/square has shape [2, 3]; reduce it with reduceMean or reduceSum',
      ),
    );
  });

  it('labels its nodes by the node that they are the gradient of', () => {
    const y = withScope('block', () => tanh(x));
    const [dx] = gradients(reduceSum(y), [x]);
    expect(dx!.node.label).toBe('block/tanh/gradient/tanhGradient');
  });
});

describe('paths without a derivative', () => {
  it('integers carry none, and need none where they only choose', () => {
    const table = input('table', [5, 3]);
    const indices = cast(argmax(x), 'i32');
    const loss = reduceSum(gather(table, indices));
    const [dTable, dx] = gradients(loss, [table, x]);
    expect(dTable!.shape).toEqual([5, 3]);
    expect(dx).toBeUndefined();
  });

  it('steps give none', () => {
    expect(gradients(reduceSum(greater(x, 0)), [x])).toEqual([undefined]);
    const gated = multiply(x, greater(x, 0));
    expect(numbers(gradients(reduceSum(gated), [x])[0]!)).toBeAllClose(elementwise((v) => (v > 0 ? 1 : 0)));
  });

  const kernelOp = (gradient: Op['gradient'], outputs = 1): Op => ({
    name: 'custom',
    kind: 'kernel',
    infer: ([{ shape, dtype }]) => Array.from({ length: outputs }, () => ({ shape, dtype })),
    lower: () => {},
    gradient,
  });

  it('an op that has no rule says why, and what to do', () => {
    const op = kernelOp({ reason: 'it draws lots' });
    const y = withScope('lottery', () => apply(op, [x], {}));
    expect(() => gradients(reduceSum(square(y)), [x])).toThrow(GradientError);
    expect(() => gradients(reduceSum(square(y)), [x])).toThrow(
      'lottery/custom: custom has no derivative, because it draws lots; remove it from the path between the parameters and the loss, or cut the path with stopGradient',
    );
    expect(gradients(reduceSum(y), [y])[0]!.shape, 'by its output it is no obstacle').toEqual([2, 3]);
    expect(gradients(reduceSum(multiply(stopGradient(y), x)), [x])[0]).toBeDefined();
  });

  it('random numbers off the path do no harm', () => {
    const noise = randomNormal([2, 3]);
    const loss = reduceMean(square(add(x, noise)));
    expect(gradients(loss, [x])[0]!.shape).toEqual([2, 3]);
    expect(gradients(loss, [noise])[0]!.shape).toEqual([2, 3]);
  });

  it('a rule that returns a wrong shape is found out', () => {
    const op = kernelOp((_node, [dy]) => [dy && reduceSum(dy)]);
    expect(() => gradients(reduceSum(apply(op, [x], {})), [x])).toThrow(
      /gradient of custom: input 0 has shape \[2, 3\], but its gradient has \[\]/,
    );
  });

  it('a rule sees which outputs have a gradient', () => {
    const seen: boolean[][] = [];
    const op = kernelOp((_node, outputGradients) => {
      seen.push(outputGradients.map((g) => g !== undefined));
      return [outputGradients.find((g) => g !== undefined)];
    }, 3);
    const [, second] = applyAll(op, [x], {});
    expect(numbers(gradients(reduceSum(negate(second)), [x])[0]!)).toBeAllClose(elementwise(() => -1));
    expect(seen).toEqual([[false, true, false]]);
  });
});
