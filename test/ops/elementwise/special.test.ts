import { describe, expect, it } from 'vitest';
import { gradients } from '../../../src/graph/autodiff.ts';
import * as special from '../../../src/ops/elementwise/special.ts';
import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/ops/core/op.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { expectSame, inf, nan } from '../../helpers/nonFinite.ts';
import { array, map, random } from '../../reference/array.ts';
import type { Unary } from '../../reference/elementwise.ts';
import { atan2, specialTable } from '../../reference/special.ts';
import type { SpecialName } from '../../reference/special.ts';

const names = Object.keys(specialTable) as SpecialName[];
const functions: Readonly<Record<string, unknown>> = { ...special };
const f32 = (name: SpecialName) => functions[name] as (x: Tensor) => Tensor;
const twin = (name: SpecialName): Unary => specialTable[name];
/** Over all of its domain, and far out where it has none. */
const spread = (name: SpecialName) => {
  const [low, high] = twin(name).domain ?? [-12, 12];
  return map(array([402], Array.from({ length: 402 }, (_, i) => low + ((high - low) * i) / 401)), Math.fround); // prettier-ignore
};

describe('special functions', () => {
  it('are right on a device to 1e-6 of the float64 function, and so are their slopes', async () => {
    const xs = names.map(spread);
    const found = await evaluate(
      (...tensors) => names.flatMap((name, i) => {
        const y = f32(name)(tensors[i]);
        return [y, gradients(ops.reduceSum(y), [tensors[i]])[0]!];
      }),
      xs,
    ); // prettier-ignore
    names.forEach((name, i) => {
      const { f, df } = twin(name);
      expect(found[2 * i], `${name}`).toBeAllClose(map(xs[i], (x) => f(x)), { rtol: 4e-6, atol: 1e-6 }); // prettier-ignore
      expect(found[2 * i + 1], `slope of ${name}`).toBeAllClose(map(xs[i], (x) => df(x)), { rtol: 2e-5, atol: 2e-6 }); // prettier-ignore
    });
    const erf = found[2 * names.indexOf('erf')];
    const errors = erf.data.map((y, i) => Math.abs(y - specialTable.erf.f(xs[names.indexOf('erf')].data[i])));
    expect(Math.max(...errors)).toBeLessThanOrEqual(1e-6);
  });

  it.each(names)('%s: finite differences, and a second derivative', async (name) => {
    const [low, high] = twin(name).domain ?? [-2, 2];
    const x = random(1, [12], low, high);
    const { f, df } = twin(name);
    await checkGradient(f32(name), [x], {
      reference: (own) => map(own, (value) => f(value)),
      simulated: true,
    });
    await checkGradient((t) => gradients(ops.reduceSum(f32(name)(t)), [t])[0]!, [x], {
      reference: (own) => map(own, (value) => df(value)),
      simulated: true,
      rtol: 2e-3,
      atol: 2e-3,
    });
  });

  it.each(names)('%s: NaN outside of its domain, and its limits', async (name) => {
    const x = array([14], [nan, inf, -inf, 0, 1, -1, 1.5, -1.5, 88.9, -88.9, 1e20, -1e20, 3e38, -3e38].map(Math.fround)); // prettier-ignore
    const [y, dx] = await evaluate(
      (t) => [f32(name)(t), gradients(ops.reduceSum(f32(name)(t)), [t])[0]!],
      [x],
      {
        simulated: true,
      },
    );
    const large = (value: number) => name === 'tan' && Math.abs(value) > 1e4; // as good as the adapter's sine
    const without = (own: typeof x) => map(own, (value, i) => (large(x.data[i]) ? 0 : value));
    const { f, df } = twin(name);
    const rounded = (value: number) => Math.fround(value);
    expectSame(without(y), without(map(x, (value) => rounded(f(value)))), name);
    if (name === 'atanh') return; // its slope at the ends is checked below
    expectSame(without(dx), without(map(x, (value) => rounded(df(value)))), `slope of ${name}`);
  });

  it('atan2 knows all quadrants, zeros and infinities, and has its gradient', async () => {
    const edge = [0, 1, -1, inf, -inf, nan, 2.5];
    const [ys, xs] = [edge.flatMap((y) => edge.map(() => y)), edge.flatMap(() => edge)];
    const [y, x] = [ys, xs].map((own) => array([own.length], own));
    const [angle] = await evaluate((a, b) => ops.atan2(a, b), [y, x], { simulated: true });
    expectSame(
      angle,
      map(y, (value, i) => atan2.f(value, x.data[i])),
    );
    const [a, b] = [random(1, [40]), random(2, [40])];
    const [whole] = await evaluate((p, q) => ops.atan2(p, q), [a, b]);
    expect(whole).toBeAllClose(map(a, (value, i) => Math.atan2(value, b.data[i])), { rtol: 1e-6, atol: 1e-6 }); // prettier-ignore
    await checkGradient((p, q) => ops.atan2(p, q), [a, map(b, (value) => Math.abs(value) + 0.2)], {
      reference: (p, q) => map(p, (value, i) => Math.atan2(value, q.data[i])),
      simulated: true,
    });
  });

  it('the exact gelu is x (1 + erf(x / √2)) / 2', async () => {
    const x = random(3, [64], -5, 5);
    const [found, other] = await evaluate(
      (t) => [
        ops.gelu(t),
        ops.multiply(ops.scale(t, 0.5), ops.shift(ops.erf(ops.scale(t, Math.SQRT1_2)), 1)),
      ],
      [x],
      { simulated: true },
    );
    expect(found).toBeAllClose(other, { rtol: 1e-5, atol: 1e-6 });
    expect(found).toBeAllClose(map(x, (value) => (value * (1 + specialTable.erf.f(value * Math.SQRT1_2))) / 2), { rtol: 1e-5, atol: 1e-6 }); // prettier-ignore
  });

  it('fuse into one kernel, and into the kernel before them', async () => {
    const [a, b] = [random(4, [5, 6]), random(5, [6, 4])];
    const [y] = await evaluate((p, q) => ops.erf(ops.matmul(p, q)), [a, b], {
      variants: { matmul: 'naive' },
    });
    const expected = map(random(0, [5, 4]), (_, i) => {
      const [row, column] = [Math.floor(i / 4), i % 4];
      return specialTable.erf.f(Array.from({ length: 6 }, (_own, k) => a.data[row * 6 + k] * b.data[k * 4 + column]).reduce((p, q) => p + q)); // prettier-ignore
    });
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-6 });
  });
});

describe('truth values', () => {
  it('are 0 and 1, and NaN is true', async () => {
    const a = array([6], [0, 0, 2, -1, nan, -0]);
    const b = array([6], [0, 3, 0, inf, 0, nan]);
    const found = await evaluate(
      (p, q) => [
        ops.logicalAnd(p, q),
        ops.logicalOr(p, q),
        ops.logicalXor(p, q),
        ops.logicalNot(p),
        ops.isNan(p),
        ops.isFinite(q),
        ops.logicalAnd(p, 1),
      ],
      [a, b],
      { simulated: true },
    );
    expect(found.map(({ data }) => [...data])).toEqual([
      [0, 0, 0, 1, 0, 0],
      [0, 1, 1, 1, 1, 1],
      [0, 1, 1, 0, 1, 1],
      [1, 1, 0, 0, 0, 1],
      [0, 0, 0, 0, 1, 0],
      [1, 1, 1, 0, 1, 0],
      [0, 0, 1, 1, 1, 0],
    ]);
  });

  it('have no gradient', () => {
    const x: Tensor = ops.input('x', [3]);
    for (const y of [ops.isNan(x), ops.isFinite(x), ops.logicalAnd(x, x)]) {
      expect(gradients(ops.reduceSum(y), [x])).toEqual([undefined]);
    }
  });
});
