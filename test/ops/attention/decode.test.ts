import { expect, it } from 'vitest';
import { ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import { attention } from '../../../src/ops/attention/attention.ts';
import { writeStep } from '../../../src/ops/attention/hidden.ts';
import { rotary } from '../../../src/ops/attention/rotary.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import type { DType } from '../../../src/ops/core/shape.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { array, full, random } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/attention.ts';
import * as positions from '../../reference/positions.ts';

const tolerance = { rtol: 1e-5, atol: 2e-6 };
const dtypes: DType[] = ['f32', 'f32', 'f32', 'i32', 'f32'];

// capacity, heads, keyHeads, size, valueSize
it.each([
  [1, 1, 1, 1, 1],
  [63, 4, 2, 8, 16],
  [1000, 2, 2, 3, 5],
])(
  'one query: capacity %i, heads %i and %i, sizes %i and %i',
  async (capacity, heads, keyHeads, size, valueSize) => {
    const q = random(1, [3, 1, heads, size], -2, 2);
    const k = random(2, [3, capacity, keyHeads, size], -2, 2);
    const v = random(3, [3, capacity, keyHeads, valueSize], -2, 2);
    const first = capacity * keyHeads * valueSize;
    v.data.fill(NaN, 0, first); // the first sequence has no keys yet: nothing is read
    const lengths = array([3], [0, Math.ceil(capacity / 2), capacity]);
    const weight = random(4, [3, 1, heads, valueSize]);
    const [y] = await evaluate((a, b, c, n) => attention(a, b, c, { lengths: n }), [q, k, v, lengths], {
      dtypes,
    });
    v.data.fill(0, 0, first);
    const hidden = (i: number) => (i % capacity < lengths.data[Math.floor(i / capacity)] ? 0 : -Infinity);
    const bias = array(
      [3, 1, 1, capacity],
      Array.from({ length: 3 * capacity }, (_, i) => hidden(i)),
    );
    expect(y).toBeAllClose(reference.attention(q, k, v, { bias }), tolerance);
    if (capacity === 1000) return;
    const found = await evaluate(
      (a, b, c, n, w) => {
        const loss = reduceSum(multiply(attention(a, b, c, { lengths: n }), w));
        return gradients(loss, [a, b, c]).map((own) => own!);
      },
      [q, k, v, lengths, weight],
      { dtypes },
    );
    const expected = reference.attentionGradient(q, k, v, weight, { bias });
    found.forEach((own, i) => expect(own, `gradient ${i}`).toBeAllClose(expected[i], tolerance));
  },
);

it('a step at a time over a cache gives what causal attention gives at once', async () => {
  const [steps, heads, size] = [5, 2, 4];
  const [q, k, v] = [1, 2, 3].map((seed) => random(seed, [2, steps, heads, size]));
  const whole = reference.attention(positions.rotary(q), positions.rotary(k), v, { causal: true });
  const row = heads * size;
  const step = ({ data }: Array64, i: number) =>
    array(
      [2, 1, heads, size],
      [0, 1].flatMap((b) => [...data.subarray((b * steps + i) * row, (b * steps + i + 1) * row)]),
    );
  let [keys, values] = [full([2, 7, heads, size], 9), full([2, 7, heads, size], 9)];
  for (let i = 0; i < steps; i++) {
    const [y, newKeys, newValues] = await evaluate(
      (a, b, c, at, n, cachedKeys, cachedValues) => {
        const [query, key] = [a, b].map((own) => rotary(own, { offsets: at, positions: 7 }));
        const [held, kept] = [writeStep(cachedKeys, key, at), writeStep(cachedValues, c, at)];
        return [attention(query, held, kept, { lengths: n }), held, kept];
      },
      [step(q, i), step(k, i), step(v, i), full([2], i), full([2], i + 1), keys, values],
      { dtypes: ['f32', 'f32', 'f32', 'i32', 'i32', 'f32', 'f32'] },
    );
    expect(y).toBeAllClose(step(whole, i), tolerance);
    [keys, values] = [newKeys, newValues];
  }
});

it('rotary positions and their gradient', async () => {
  const x = random(1, [2, 7, 3, 6], -2, 2);
  const offsets = array([2], [0, 990]);
  const [y, z] = await evaluate(
    (a, n) => [rotary(a), rotary(a, { offsets: n, positions: 1000 })],
    [x, offsets],
    { dtypes: ['f32', 'i32'] },
  );
  expect(y).toBeAllClose(positions.rotary(x), tolerance);
  expect(z).toBeAllClose(positions.rotary(x, 10_000, offsets), tolerance);
  await checkGradient((a) => rotary(a, { base: 50 }), [x], { reference: (a) => positions.rotary(a, 50) });
});

it('refuses what does not fit', () => {
  const x = input('x', [2, 7, 3, 6]);
  expect(() => rotary(input('x', [2, 7, 3, 5]))).toThrow(ShapeError);
  expect(() => rotary(x, { positions: 6 })).toThrow('at least the 7 steps');
  expect(() => rotary(x, { base: 0 })).toThrow('a number above 0');
  expect(() => rotary(x, { offsets: input('n', [3], 'i32') })).toThrow('one number for each of the 2');
  expect(() => writeStep(x, x, input('n', [2], 'i32'))).toThrow('a single one of the cache');
  expect(() => writeStep(x, input('s', [2, 1, 3, 6]), input('n', [1], 'i32'))).toThrow('one number for each');
});
