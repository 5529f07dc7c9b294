import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import * as ew from '../../../src/ops/elementwise/elementwise.ts';
import { broadcastTo, reduceSum } from '../../../src/ops/reduce/sum.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { array, map, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import { binaryTable, unaryTable } from '../../reference/elementwise.ts';
import type { Unary } from '../../reference/elementwise.ts';
import { cases, evaluateAll, isGradientOp, names, STEPS, zip } from './elementwiseCases.ts';
import type { OpName } from './elementwiseCases.ts';

it('has a case for every op of the table', () => {
  expect(names.toSorted()).toEqual(Object.keys(ew.elementwiseOps).toSorted());
});

describe('every op', () => {
  it.each([
    ['vec4f', [3, 8]],
    ['f32', [3, 7]],
  ])('agrees with its formula, as %s', async (_type, shape) => {
    const drawn = names.map((name, i) =>
      cases[name].domains.map(([low, high], j) => random(10 * i + j, shape, low, high)),
    );
    const results = await evaluateAll(
      names.map((name, i) => ({ build: cases[name].build, inputs: drawn[i] })),
    );
    names.forEach((name, i) => {
      expect(results[i], `${name}`).toBeAllClose(zip(cases[name].f, drawn[i]), { rtol: 2e-5, atol: 2e-6 });
    });
  });

  it('stays finite and right on extreme inputs', async () => {
    const extremes = [
      0, 1e-45, 1e-40, 1e-30, 1e-7, 1e-3, 0.02, 0.5, 1, 3, 6, 9.02, 20, 88, 88.8, 89, 104, 1e4,
    ];
    const all = [...extremes.map((x) => -x), ...extremes].map(Math.fround);
    /** What IEEE and WGSL leave open: whether a denormal counts as zero. */
    const flush = (x: number) => (Math.abs(x) < 2 ** -126 ? 0 : x);
    const positive: readonly OpName[] = ['log', 'sqrt', 'rsqrt', 'power'];
    const values = (name: OpName): Array64[] => {
      const { domains } = cases[name];
      const first = positive.includes(name)
        ? all.map(Math.abs)
        : name === 'log1p'
          ? all.map((x) => Math.max(x, -0.9))
          : all;
      const others = [0.75, -1.5].map((value) => all.map((_, i) => value * (i % 3 === 0 ? 1 : 0.5)));
      return [first, ...others].slice(0, domains.length).map((list) => array([list.length], list));
    };
    const inputs = names.map(values);
    const results = await evaluateAll(
      names.map((name, i) => ({ build: cases[name].build, inputs: inputs[i] })),
    );
    names.forEach((name, i) => {
      results[i].data.forEach((found, at) => {
        const xs = inputs[i].map(({ data }) => data[at]);
        const allowed = [xs, xs.map(flush)].map((own) => cases[name].f(...own));
        if (allowed.some((y) => Number.isNaN(y) || Math.abs(y) > 3.4e38)) return; // f32 has no such number
        // Far out, sine and cosine lose the phase; what matters is that they stay what they are.
        const trigonometric = (name === 'sin' || name === 'cos') && Math.abs(xs[0]) > 4;
        const error = Math.min(...allowed.map((y) => Math.abs(found - y) / (1e-5 + 1e-4 * Math.abs(y))));
        const limit = trigonometric ? 2.1e5 : 1;
        expect(error <= limit, `${name}(${xs.join(', ')}) is ${found}, and should be ${allowed[0]}`).toBe(
          true,
        );
      });
    });
  });

  it('has the derivative that finite differences show', async () => {
    const differentiable = names.filter((name) => !isGradientOp(name) && !STEPS.includes(name));
    const shape = [2, 6];
    const drawn = differentiable.map((name, i) =>
      cases[name].domains.map(([low, high], j) => random(10 * i + j + 1, shape, low, high)),
    );
    const graphs = differentiable.flatMap((name, i) =>
      drawn[i].map((_, wrt) => ({
        inputs: drawn[i],
        build: (...tensors: Tensor[]): Tensor => {
          const loss = reduceSum(ew.multiply(cases[name].build(...tensors), 0.75));
          const [gradient] = gradients(loss, [tensors[wrt]]);
          return gradient ?? ew.multiply(tensors[wrt], 0); // the condition of `where`
        },
      })),
    );
    const results = await evaluateAll(graphs);
    differentiable.forEach((name, i) => {
      drawn[i].forEach((_, wrt) => {
        const h = 1e-5;
        const shifted = (sign: number) =>
          zip(
            cases[name].f,
            drawn[i].map((own, j) => (j === wrt ? map(own, (x) => x + sign * h) : own)),
          );
        const [above, below] = [shifted(1), shifted(-1)];
        const expected = map(above, (y, at) => (0.75 * (y - below.data[at])) / (2 * h));
        expect(results.shift(), `d ${name} / d input ${wrt}`).toBeAllClose(expected, {
          rtol: 1e-4,
          atol: 1e-5,
        });
      });
    });
  });

  it('has no derivative where it is a step', () => {
    const [a, b] = [input('a', [2]), input('b', [2])];
    for (const name of STEPS) {
      const y = cases[name].build(...[a, b].slice(0, cases[name].domains.length));
      expect(gradients(reduceSum(y), [a, b]), `${name}`).toEqual([undefined, undefined]);
    }
  });
});

describe('special values', () => {
  it.each([0.3, 0, -0.5])(
    'leakyRelu of slope %d has its derivative on both sides of 0, and at 0',
    async (slope) => {
      const x = array([6], [-2, -1e-3, 0, 1e-3, 1, 5]);
      const build = (tensor: Tensor) =>
        gradients(reduceSum(ew.leakyRelu(tensor, slope)), [tensor]) as Tensor[];
      const [gradient] = await evaluate(build, [x]);
      expect(gradient).toBeAllClose(map(x, (value) => (value > 0 ? 1 : slope)));
    },
  );

  it('power of zero, of negative numbers, and to whole exponents', async () => {
    const pairs = [0, 1, 2, 3, -1, -2, 0.5].flatMap((b) => [-2, -0.5, 0, 0.5, 2].map((a) => [a, b]));
    const valid = pairs.filter(([a, b]) => Number.isFinite(a ** b));
    const inputs = [0, 1].map((k) =>
      array(
        [valid.length],
        valid.map((pair) => pair[k]),
      ),
    );
    const [y, da, db] = await evaluate((a, b) => {
      const result = ew.power(a, b);
      return [result, ...gradients(reduceSum(result), [a, b]).map((g) => g!)];
    }, inputs);
    expect(y).toBeAllClose(zip(binaryTable.power.f, inputs));
    expect(db.data.every(Number.isFinite)).toBe(true);
    const smooth = valid.flatMap(([a, b], i) => (a !== 0 || b >= 1 ? [i] : []));
    const at = (x: ArrayLike<number>) => smooth.map((i) => x[i]);
    expect(at(da.data)).toBeAllClose(at(zip(binaryTable.power.da, inputs).data));
    expect(at(db.data)).toBeAllClose(at(zip(binaryTable.power.db, inputs).data));
  });

  it('kinks take the side that the reference names', async () => {
    const kinks: [OpName, number[]][] = [
      ['relu', [0]],
      ['leakyRelu', [0]],
      ['elu', [0]],
      ['selu', [0]],
      ['clip', [-1, 0.5]],
      ['hardSigmoid', [-3, 3]],
      ['abs', [0]],
    ];
    const parameters: Partial<Record<OpName, number[]>> = { leakyRelu: [0.1], elu: [0.7], clip: [-1, 0.5] };
    const results = await evaluateAll(
      kinks.map(([name, xs]) => ({
        inputs: [array([2], [xs[0], xs.at(-1)!])],
        build: (x) => gradients(reduceSum(cases[name].build(x)), [x])[0]!,
      })),
    );
    kinks.forEach(([name, xs], i) => {
      const { df } = unaryTable[name as keyof typeof unaryTable] as Unary;
      const expected = [xs[0], xs.at(-1)!].map((x) => df(x, ...(parameters[name] ?? [])));
      expect(results[i], `${name}`).toBeAllClose(expected);
    });
    const tie = array([2], [1, -2]);
    const [da, db] = await evaluate(
      (a, b) => gradients(reduceSum(ew.maximum(a, b)), [a, b]) as Tensor[],
      [tie, tie],
    );
    expect([[...da.data], [...db.data]]).toEqual([
      [1, 1],
      [0, 0],
    ]);
  });

  it('second derivatives of what is made of arithmetic', async () => {
    const x = random(1, [4], 0.5, 2);
    const [d2] = await evaluate(
      (t) => {
        const [d1] = gradients(reduceSum(ew.add(ew.power(t, 3), ew.exp(ew.scale(t, 2)))), [t]);
        return gradients(reduceSum(d1!), [t])[0]!;
      },
      [x],
    );
    expect(d2).toBeAllClose(map(x, (v) => 6 * v + 4 * Math.exp(2 * v)));
  });
});

describe('errors', () => {
  it('name the op, the shapes or the type, and the fix', () => {
    const [a, b] = [input('a', [2, 3]), input('b', [4, 3])];
    expect(() => ew.add(a, b)).toThrow(
      new ShapeError(
        'add: shapes [2, 3] and [4, 3] do not broadcast: dimension -2 has 2 and 4; make them equal, or one of them 1',
      ),
    );
    expect(() => ew.relu(input('n', [2], 'i32'))).toThrow(
      new ArgumentError('relu: works on f32 tensors, got i32; cast it first'),
    );
    expect(() => ew.clip(a, 2, 1)).toThrow(/clip: low 2 is above high 1/);
    expect(() => ew.scale(a, Infinity)).toThrow(ArgumentError);
    expect(() => ew.shift(a, 1e39)).toThrow(/shift: offset is 1e\+39; it must be a finite f32 number/);
    expect(() => ew.add(a, NaN)).toThrow(ArgumentError);
    expect(() => broadcastTo(a, [3, 3])).toThrow(ShapeError);
    expect(() => broadcastTo(a, [3])).toThrow(ShapeError);
    for (const extent of [0, -1, 0.5, NaN, Infinity]) {
      expect(() => broadcastTo(a, [extent, ...a.shape])).toThrow(/every extent must be a whole number/);
    }
  });
});
