import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { expectSame, inf, nan } from '../../helpers/nonFinite.ts';
import { array, fromFunction, random, randomIntegers } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { extend } from '../../reference/extend.ts';
import * as movement from '../../reference/movement.ts';
import * as rearrange from '../../reference/rearrange.ts';

const exact = { rtol: 0, atol: 0 };
const { input } = ops;

/** A graph of one tensor beside its twin, on a shape. */
interface Case {
  readonly name: string;
  readonly shape: number[];
  readonly build: (x: Tensor) => Tensor;
  readonly twin: (x: Array64) => Array64;
}
const row = [5];
const six = [2, 3, 1, 2, 3, 2];
const shifts = (...values: number[]) => ops.constant(Int32Array.from(values));

const cases: Case[] = [
  { name: 'flip', shape: six, build: (x) => ops.flip(x, [0, -1]), twin: (x) => movement.flip(x, [0, 5]) },
  { name: 'expandDims', shape: [2, 3], build: (x) => ops.expandDims(x, [0, -1]), twin: (x) => array([1, 2, 3, 1], x.data) },
  { name: 'squeeze', shape: [1, 3, 1], build: (x) => ops.squeeze(x, -1), twin: (x) => array([1, 3], x.data) },
  { name: 'moveAxis', shape: six, build: (x) => ops.moveAxis(x, [0, 1], [-1, 0]), twin: (x) => movement.transpose(x, [1, 2, 3, 4, 5, 0]) },
  { name: 'tile', shape: [2, 3], build: (x) => ops.tile(x, [2, 1, 3]), twin: (x) => rearrange.tile(x, [2, 1, 3]) },
  { name: 'tile of one count', shape: row, build: (x) => ops.tile(x, 3), twin: (x) => rearrange.tile(x, [3]) },
  { name: 'repeat', shape: [2, 3, 2], build: (x) => ops.repeat(x, 2, 1), twin: (x) => rearrange.repeat(x, 2, 1) },
  { name: 'repeat of all', shape: [2, 2], build: (x) => ops.repeat(x, 2), twin: (x) => rearrange.repeat(array([4], x.data), 2, 0) },
  { name: 'repeat by counts', shape: [2, 3], build: (x) => ops.repeat(x, [0, 3, 1], -1), twin: (x) => rearrange.repeat(x, [0, 3, 1], 1) },
  { name: 'roll', shape: [3, 5], build: (x) => ops.roll(x, -7, 1), twin: (x) => rearrange.roll(x, -7, 1) },
  { name: 'roll of two', shape: [3, 5], build: (x) => ops.roll(x, [1, 2], [0, 1]), twin: (x) => rearrange.roll(rearrange.roll(x, 1, 0), 2, 1) },
  { name: 'roll of all', shape: [2, 3], build: (x) => ops.roll(x, 2), twin: (x) => array([2, 3], rearrange.roll(array([6], x.data), 2, 0).data) },
  { name: 'roll by tensors', shape: [3, 5], build: (x) => ops.roll(x, shifts(-8, 7), [0, 1]), twin: (x) => rearrange.roll(rearrange.roll(x, -8, 0), 7, 1) },
  { name: 'roll by one tensor', shape: [2, 3], build: (x) => ops.roll(x, ops.reshape(shifts(2), []), [0, -1]), twin: (x) => rearrange.roll(rearrange.roll(x, 2, 0), 2, 1) },
  { name: 'roll of all by a tensor', shape: [2, 3], build: (x) => ops.roll(x, shifts(-1)), twin: (x) => array([2, 3], rearrange.roll(array([6], x.data), -1, 0).data) },
  { name: 'tril', shape: [2, 4, 5], build: (x) => ops.tril(x, 1), twin: (x) => rearrange.triangle(x, 1, false) },
  { name: 'triu', shape: [5, 4], build: (x) => ops.triu(x, -1), twin: (x) => rearrange.triangle(x, -1, true) },
  { name: 'stack', shape: [2, 3], build: (x) => ops.stack([x, x], -1), twin: (x) => fromFunction([2, 3, 2], (i, j) => x.data[i * 3 + j]) },
  { name: 'split', shape: [2, 6], build: (x) => ops.split(x, [1, 4], 1)[1], twin: (x) => movement.slice(x, [0, 1], [2, 3]) },
  { name: 'split in three', shape: [6, 2], build: (x) => ops.split(x, 3)[2], twin: (x) => movement.slice(x, [4, 0], [2, 2]) },
  { name: 'unstack', shape: [2, 3], build: (x) => ops.unstack(x, 1)[1], twin: (x) => array([2], [x.data[1], x.data[4]]) },
  { name: 'slice backwards', shape: [3, 8], build: (x) => ops.slice(x, [-1, -2], [2, -1], [-1, -3]), twin: (x) => fromFunction([2, 3], (i, j) => x.data[(2 - i) * 8 + 6 - 3 * j]) },
  ...([[1, 2, 3, 4], [2, 1, 1, 18], [1, 3, 2, 16], [2, 2, 3, 3]] as const).map((shape, i): Case => ({ name: `depthToSpace of ${shape}`, shape: [...shape], build: (x) => ops.depthToSpace(x, [2, 3, 4, 1][i]), twin: (x) => rearrange.depthToSpace(x, [2, 3, 4, 1][i]) })),
  ...([[1, 4, 6, 1], [2, 3, 3, 2], [1, 4, 8, 3], [2, 2, 2, 4]] as const).map((shape, i): Case => ({ name: `spaceToDepth of ${shape}`, shape: [...shape], build: (x) => ops.spaceToDepth(x, [2, 3, 4, 2][i]), twin: (x) => rearrange.spaceToDepth(x, [2, 3, 4, 2][i]) })),
  ...(['reflect', 'symmetric', 'edge'] as const).map((mode): Case => ({ name: `pad ${mode}`, shape: [3, 4], build: (x) => ops.pad(x, [[2, 0], [1, 3]], { mode }), twin: (x) => extend(x, [[2, 0], [1, 3]], mode) })),
]; // prettier-ignore

describe('rearrangements', () => {
  it.each(cases)('$name agrees with its reference, and has its gradient', async ({ shape, build, twin }) => {
    const x = random(1, shape);
    for (const software of [true, false]) {
      const [y] = await evaluate(build, [x], { simulated: true, software });
      expect(y).toBeAllClose(twin(x), exact);
    }
    await checkGradient(build, [x], { reference: twin, simulated: true });
  });

  it('run on a device, several at once', async () => {
    const some = cases.filter((_, i) => i % 3 === 0);
    const xs = some.map(({ shape }, i) => random(i, shape));
    const found = await evaluate((...tensors) => some.map(({ build }, i) => build(tensors[i])), xs);
    some.forEach(({ name, twin }, i) => expect(found[i], `${name}`).toBeAllClose(twin(xs[i]), exact));
  });

  it('leave NaN and infinities as they are; a triangle hides what it leaves out', async () => {
    const x = array([2, 2], [nan, inf, -inf, 1]);
    const [tiled, rolled, lower] = await evaluate(
      (t) => [ops.tile(t, [1, 2]), ops.roll(t, 1, 0), ops.tril(t)],
      [x],
      { simulated: true },
    );
    expectSame(tiled, array([2, 4], [nan, inf, nan, inf, -inf, 1, -inf, 1]));
    expectSame(rolled, array([2, 2], [-inf, 1, nan, inf]));
    expectSame(lower, array([2, 2], [nan, 0, -inf, 1]));
  });

  it('integers, and more dimensions than the extents of a GPU’s grid', async () => {
    const whole = randomIntegers(2, [2, 3], 100);
    const wide = random(3, [2, 1, 2, 1, 2, 3, 2, 2]);
    const order = [7, 5, 3, 1, 0, 2, 4, 6];
    const [y, turned] = await evaluate((t, w) => [ops.tile(t, 2), ops.transpose(w, order)], [whole, wide], {
      dtypes: ['i32', 'f32'],
      simulated: true,
    });
    expect(y).toBeAllClose(rearrange.tile(whole, [2]), exact);
    expect(turned).toBeAllClose(movement.transpose(wide, order), exact);
  });

  it('depthToSpace and spaceToDepth have the channels as TensorFlow', async () => {
    // the first example of https://www.tensorflow.org/api_docs/python/tf/nn/space_to_depth with more than one channel
    const deep = array(
      [1, 1, 1, 12],
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    const wide = array([1, 2, 2, 3], deep.data);
    const found = await evaluate((x, y) => [ops.depthToSpace(x, 2), ops.spaceToDepth(y, 2)], [deep, wide]);
    expect(found).toEqual([wide, deep]);
    const four = fromFunction([1, 4, 4, 1], (_n, i, j) => 4 * i + j);
    const [blocks] = await evaluate((x) => ops.spaceToDepth(x, 2), [four]);
    expect([...blocks.data]).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
  });

  it('refuse what cannot be, with the fix', () => {
    const x = input('x', [2, 3]);
    const wrong: [() => unknown, new (...args: never[]) => Error, string][] = [
      [() => ops.expandDims(x, [0, 0]), ShapeError, 'expandDims: axes [0, 0] of a result of rank 4, from [2, 3]'],
      [() => ops.squeeze(x, 1), ShapeError, 'squeeze: axis 1 of [2, 3] has the extent 3'],
      [() => ops.moveAxis(x, [0, 0], [0, 1]), ShapeError, 'moveAxis: from [0, 0] to [0, 1] in [2, 3]'],
      [() => ops.tile(x, [0]), ArgumentError, 'tile: the list of counts has 0; give whole numbers of at least 1'],
      [() => ops.repeat(x, [1, 2], 1), ShapeError, 'repeat: 2 counts for axis 1 of [2, 3]'],
      [() => ops.stack([]), ArgumentError, 'stack: needs at least one tensor'],
      [() => ops.stack([x, input('y', [3])]), ShapeError, 'stack: shapes [2, 3] and [3] must be equal'],
      [() => ops.split(x, 2, 1), ShapeError, 'split: axis 1 of [2, 3] has 3 elements, which are not 2 equal parts'],
      [() => ops.split(x, [2, 1], 1), ShapeError, 'split: places [2, 1] in axis 1 of [2, 3] must ascend'],
      [() => ops.roll(x, 0.5, 0), ArgumentError, 'roll: the shift has 0.5; give whole numbers'],
      [() => ops.roll(x, [1, 2], [0]), ShapeError, 'roll: 2 shifts for 1 axes of [2, 3]'],
      [() => ops.roll(x, input('shift', [1]), 0), ArgumentError, 'roll shift: works on i32 tensors, got f32'],
      [() => ops.roll(x, shifts(1, 2), 0), ShapeError, 'roll: 2 shifts for 1 axes of [2, 3]'],
      [() => ops.roll(x, input('shift', [1, 1], 'i32'), 0), ShapeError, 'roll: the shift has the shape [1, 1]'],
      [() => ops.tril(input('v', [3])), ShapeError, 'tril: works on the last two dimensions'],
      [() => ops.triu(x, 0.5), ArgumentError, 'triu: k is 0.5'],
      [() => ops.pad(x, [[2, 0], [0, 0]], { mode: 'reflect' }), ShapeError, 'axis 0 of [2, 3] has only 1 elements to mirror'],
      [() => ops.pad(x, [[1, 0], [0, 0]], { mode: 'mirror' as never }), ArgumentError, 'pad: the mode is "mirror"'],
      [() => ops.pad(x, [[1, 0], [0, 0]], { mode: 'edge', value: 1 }), ArgumentError, 'pad: value and interior belong'],
      [() => ops.depthToSpace(x, 2), ShapeError, 'depthToSpace: works on images [batch, height, width, channels], not on [2, 3]'],
      [() => ops.depthToSpace(input('z', [1, 2, 2, 6]), 2), ShapeError, 'depthToSpace: 6 channels of [1, 2, 2, 6] are not a multiple of 2² = 4'],
      [() => ops.spaceToDepth(input('z', [1, 4, 6, 1]), 4), ShapeError, 'spaceToDepth: 4 × 6 pixels of [1, 4, 6, 1] do not fall into blocks of 4 × 4'],
      [() => ops.spaceToDepth(x, 0), ArgumentError, 'spaceToDepth: blockSize is 0; give a whole number of at least 1'],
      [() => ops.slice(x, [0, 0], [1, 1], [0, 1]), ShapeError, 'slice: step [0, 1] must be whole numbers other than 0'],
      [() => ops.slice(x, [0, 0], [2, 1], [-1, 1]), ShapeError, 'leaves the tensor [2, 3]'],
    ]; // prettier-ignore
    for (const [action, type, text] of wrong) {
      expect(action).toThrow(type);
      expect(action).toThrow(text);
    }
  });
});
