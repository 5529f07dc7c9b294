import { describe, expect, it } from 'vitest';
import { finiteDifference } from '../helpers/close.ts';
import { array, inner, map, random } from './array.ts';
import {
  binary,
  binaryGrad,
  binaryTable,
  erf,
  roundHalfEven,
  unary,
  unaryGrad,
  unaryTable,
  where,
  whereGrad,
  type Binary,
  type BinaryName,
  type Unary,
  type UnaryName,
} from './elementwise.ts';

const tight = { rtol: 1e-7, atol: 1e-8 };
const unaryNames = Object.keys(unaryTable) as UnaryName[];
const binaryNames = Object.keys(binaryTable) as BinaryName[];

describe('unary functions', () => {
  it.each(unaryNames)('%s has the derivative of finite differences', (name) => {
    const [low, high] = (unaryTable[name] as Unary).domain ?? [-3, 3];
    const x = random(11, [97], low, high);
    const dy = random(12, [97]);
    expect(unaryGrad(name, x, dy)).toBeAllClose(
      finiteDifference((probe) => inner(unary(name, probe), dy), x),
      tight,
    );
  });

  it.each([
    ['leakyRelu', [0.01]],
    ['elu', [0.7]],
    ['clip', [-0.5, 1.5]],
  ] as [UnaryName, number[]][])('%s takes parameters %j', (name, parameters) => {
    const x = random(13, [50], -2, 2);
    const dy = random(14, [50]);
    const difference = finiteDifference((probe) => inner(unary(name, probe, ...parameters), dy), x);
    expect(unaryGrad(name, x, dy, ...parameters)).toBeAllClose(difference, tight);
    expect(unary(name, x, ...parameters)).not.toBeAllClose(unary(name, x));
  });

  it('agree with published values', () => {
    // Python's math.erf
    const points = [0.5, 1, 2, -3, 1e-8, 5.5, 0, 7];
    const values = [
      0.5204998778130465, 0.8427007929497149, 0.9953222650189527, -0.9999779095030014, 1.1283791670955126e-8,
      0.9999999999999927, 0, 1,
    ];
    expect(points.map(erf)).toBeAllClose(values, { rtol: 1e-14, atol: 0 });
    const at = (name: UnaryName, ...xs: number[]) => unary(name, array([xs.length], xs));
    expect(at('gelu', 1, -1, 3)).toBeAllClose(
      [0.8413447460685429, -0.15865525393145707, 2.99595030590511],
      tight,
    );
    expect(at('geluTanh', 1, -1, 3)).toBeAllClose(
      [0.8411919906082768, -0.15880800939172324, 2.996362607918227],
      tight,
    );
    expect(at('selu', -1, 1)).toBeAllClose([-1.1113307378125625, 1.0507009873554805], tight);
    expect(at('hardSigmoid', -4, -3, 0, 1.5, 4)).toBeAllClose([0, 0, 0.5, 0.75, 1], tight);
    expect(at('leakyRelu', -1, 2)).toBeAllClose([-0.2, 2], tight);
    expect(at('mish', 1)).toBeAllClose([0.8650983882673103], tight);
    expect(at('silu', 1)).toBeAllClose([0.7310585786300049], tight);
  });

  it('keep the tanh form of gelu within 5e-4 of the exact one', () => {
    const x = array(
      [2001],
      Array.from({ length: 2001 }, (_, i) => (i - 1000) / 100),
    );
    expect(unary('geluTanh', x)).toBeAllClose(unary('gelu', x), { rtol: 0, atol: 5e-4 });
  });

  it('round halves to the even integer', () => {
    const halves = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.4, 3.6, -3.6, 4];
    expect(halves.map((x) => roundHalfEven(x) + 0)).toEqual([-2, -2, 0, 0, 2, 2, 3, 4, -4, 4]);
  });

  it.each([
    'relu',
    'relu6',
    'sigmoid',
    'tanh',
    'softplus',
    'softsign',
    'silu',
    'mish',
    'gelu',
    'geluTanh',
    'squareplus',
    'elu',
    'selu',
  ])('%s stays finite far out', (name) => {
    const x = array([8], [-1e4, -100, -88, -1e-40, 1e-40, 88, 100, 1e4]);
    expect(unary(name as UnaryName, x).data.every(Number.isFinite)).toBe(true);
    expect(
      unaryGrad(
        name as UnaryName,
        x,
        map(x, () => 1),
      ).data.every(Number.isFinite),
    ).toBe(true);
  });
});

describe('binary functions', () => {
  it.each(binaryNames)('%s has the derivatives of finite differences, through broadcasting', (name) => {
    const [[aLow, aHigh], [bLow, bHigh]] = (binaryTable[name] as Binary).domains ?? [
      [-3, 3],
      [-3, 3],
    ];
    for (const [aShape, bShape] of [
      [[6], [6]],
      [
        [2, 1, 3],
        [4, 1],
      ],
      [[3], [2, 3]],
      [[2, 3], []],
    ]) {
      const a = random(21, aShape, aLow, aHigh);
      const b = random(22, bShape, bLow, bHigh);
      const dy = random(23, binary(name, a, b).shape);
      const [da, db] = binaryGrad(name, a, b, dy);
      expect(da).toBeAllClose(
        finiteDifference((probe) => inner(binary(name, probe, b), dy), a),
        tight,
      );
      expect(db).toBeAllClose(
        finiteDifference((probe) => inner(binary(name, a, probe), dy), b),
        tight,
      );
    }
  });

  it('give ties to the first operand', () => {
    const one = array([1], [1]);
    for (const name of ['maximum', 'minimum'] as const) {
      const [da, db] = binaryGrad(name, one, one, one);
      expect([...da.data, ...db.data]).toEqual([1, 0]);
    }
  });

  it('compare to 1 and 0', () => {
    const a = array([3], [1, 2, 3]);
    const b = array([], [2]);
    const results = (['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'] as const).map(
      (name) => binary(name, a, b).data.join(''),
    );
    expect(results).toEqual(['010', '101', '100', '110', '001', '011']);
  });

  it('where takes one side, and sends the gradient there', () => {
    const condition = array([2, 1], [1, 0]);
    const a = random(31, [3]);
    const b = random(32, [2, 3]);
    const dy = random(33, [2, 3]);
    expect(where(condition, a, b).data).toEqual(Float64Array.of(...a.data, ...b.data.slice(3)));
    const [da, db] = whereGrad(condition, a, b, dy);
    expect(da).toBeAllClose(
      finiteDifference((probe) => inner(where(condition, probe, b), dy), a),
      tight,
    );
    expect(db).toBeAllClose(
      finiteDifference((probe) => inner(where(condition, a, probe), dy), b),
      tight,
    );
  });
});
