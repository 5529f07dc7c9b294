import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import * as integers from '../../../src/ops/elementwise/integers.ts';
import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { array, map } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { broadcastTo } from '../../reference/broadcast.ts';
import { integerTable, wrapped } from '../../reference/integers.ts';

const names = Object.keys(integerTable);
const functions: Readonly<Record<string, unknown>> = { ...integers };
const of = (name: string) => functions[name] as (a: Tensor | number, b: Tensor | number) => Tensor;
const truth = (name: string) => names.indexOf(name) >= names.indexOf('equal');

/** Small ones, ends of the types, and what f32 does not hold. */
const VALUES = {
  i32: [0, 1, -1, 2, -7, 4, 16_777_217, -16_777_217, 2 ** 31 - 1, -(2 ** 31), 33],
  u32: [0, 1, 2, 7, 31, 16_777_217, 2 ** 31, 2 ** 32 - 1, 33],
};

function expected(name: string, dtype: 'i32' | 'u32', a: Array64, b: Array64): Array64 {
  const f = integerTable[name];
  const shape = [a.shape[0], b.shape[1]];
  const [left, right] = [a, b].map((own) => broadcastTo(own, shape).data);
  return map(array(shape, left), (value, i) => {
    const y = f(value, right[i]);
    return truth(name) ? y : wrapped(y, dtype);
  });
}

describe.each(['i32', 'u32'] as const)('integers of %s', (dtype) => {
  const values = VALUES[dtype];
  const [a, b] = [array([values.length, 1], values), array([1, values.length], values)];

  it('give what integers of 32 bits give, broadcast', async () => {
    const found = await evaluate((x, y) => names.map((name) => of(name)(x, y)), [a, b], {
      dtypes: [dtype, dtype],
      simulated: true,
    });
    const bits = (y: number) => (dtype === 'u32' ? wrapped(y, 'u32') : y);
    names.forEach((name, i) => {
      const own = map(expected(name, dtype, a, b), (y) => (truth(name) ? y : bits(y)));
      expect(found[i].data, `${name}`).toEqual(own.data);
    });
  });

  it('run on a device', async () => {
    const some = ['floorDivide', 'less', 'rightShift'];
    const found = await evaluate((x, y) => some.map((name) => of(name)(x, y)), [a, b], {
      dtypes: [dtype, dtype],
    });
    some.forEach((name, i) => expect(found[i].data, `${name}`).toEqual(expected(name, dtype, a, b).data));
  });
});

describe('integers', () => {
  it('go with numbers, and floats stay floats', async () => {
    const x = array([3], [1, -2, 3]);
    const [sum, masked, both, large, plain] = await evaluate(
      (t, f) => [
        ops.integers.add(t, 2 ** 30),
        ops.where(ops.integers.less(t, 2), f, -1),
        ops.integers.where(t, 5, -1),
        ops.integers.where(f, ops.integers.maximum(ops.integers.add(t, 16_777_216), t), 0),
        ops.add(f, 0.5),
      ],
      [x, x],
      { dtypes: ['i32', 'f32'], simulated: true },
    );
    expect([...sum.data]).toEqual([2 ** 30 + 1, 2 ** 30 - 2, 2 ** 30 + 3]);
    expect([...masked.data]).toEqual([1, -2, -1]);
    expect([...both.data]).toEqual([5, 5, 5]);
    expect([...large.data]).toEqual([16_777_217, 16_777_214, 16_777_219]);
    expect([...plain.data]).toEqual([1.5, -1.5, 3.5]);
  });

  it('have a negative and an absolute value, which wrap around', async () => {
    const found = await evaluate(
      (x, y) => [x, y].flatMap((own) => [ops.integers.negate(own), ops.integers.abs(own)]),
      [array([VALUES.i32.length], VALUES.i32), array([VALUES.u32.length], VALUES.u32)],
      { dtypes: ['i32', 'u32'], simulated: true },
    );
    const all = (dtype: 'i32' | 'u32', f: (x: number) => number) =>
      VALUES[dtype].map((x) => wrapped(f(x), dtype));
    expect([...found[0].data]).toEqual(all('i32', (x) => -x));
    expect([...found[1].data]).toEqual(all('i32', Math.abs));
    expect([...found[2].data]).toEqual(all('u32', (x) => -x));
    expect([...found[3].data]).toEqual(VALUES.u32);
    for (const name of ['negate', 'abs'] as const) {
      expect(() => ops.integers[name](ops.input('x', [3]))).toThrow(`${name}: `);
      expect(() => ops.integers[name](3 as never)).toThrow(ArgumentError);
    }
  });

  it('let no gradient pass', () => {
    const x = ops.input('x', [3]);
    const whole = ops.integers.add(ops.cast(x, 'i32'), 1);
    expect(gradients(ops.reduceSum(ops.multiply(ops.cast(whole, 'f32'), x)), [x])[0]).toBeDefined();
    expect(gradients(ops.reduceSum(ops.cast(whole, 'f32')), [x])).toEqual([undefined]);
  });

  it('refuse types that differ, numbers that are not whole, and shapes that do not fit', () => {
    const [x, y] = [ops.input('x', [3], 'i32'), ops.input('y', [3])];
    expect(() => ops.integers.add(x, y)).toThrow(ArgumentError);
    expect(() => ops.integers.add(x, y)).toThrow(
      'add: takes two tensors of i32, or two of u32, got i32 and f32',
    );
    expect(() => ops.add(x, x)).toThrow('add: works on f32 tensors, got i32; cast it first');
    expect(() => ops.bitwiseAnd(y, y)).toThrow('bitwiseAnd: takes two tensors of i32');
    expect(() => ops.integers.add(x, 0.5)).toThrow('number that i32 holds, not 0.5');
    expect(() => ops.integers.less(x, ops.input('z', [2], 'i32'))).toThrow(ShapeError);
  });
});
