import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { input } from '../../../src/ops/core/leaves.ts';
import { relu, square } from '../../../src/ops/elementwise/elementwise.ts';
import { apply } from '../../../src/ops/core/node.ts';
import { gather, gatherGradientOp, oneHot } from '../../../src/ops/movement/gather.ts';
import { checkGradient, evaluate } from '../../helpers/evaluate.ts';
import { array, map, random, randomIntegers } from '../../reference/array.ts';
import type { Array64 } from '../../reference/array.ts';
import * as reference from '../../reference/movement.ts';

const exact = { rtol: 0, atol: 0 };

/** The reference picks rows; any axis is the first one after a transpose. */
function gatherAlong(x: Array64, indices: Array64, axis: number): Array64 {
  const order = [axis, ...x.shape.keys()].filter((a, i) => i === 0 || a !== axis);
  const picked = reference.gather(reference.transpose(x, order), indices);
  const rank = indices.shape.length;
  const back = [...picked.shape.keys()].slice(rank);
  back.splice(axis, 0, ...Array.from({ length: rank }, (_, i) => i));
  return reference.transpose(picked, back);
}

const cases: { shape: number[]; indices: number[]; axis: number }[] = [
  { shape: [5], indices: [3], axis: 0 },
  { shape: [10, 8], indices: [7], axis: 0 },
  { shape: [10, 3], indices: [2, 5], axis: 0 },
  { shape: [2, 6, 5], indices: [4], axis: 1 },
  { shape: [2, 6, 4], indices: [2, 2], axis: 1 },
  { shape: [3, 4, 7], indices: [], axis: 2 },
  { shape: [2, 1, 3, 2, 5], indices: [65], axis: 4 },
];

describe('gather', () => {
  for (const { shape, indices, axis } of cases) {
    it(`[${shape}] by indices [${indices}] along axis ${axis}, with its gradient`, async () => {
      const x = random(1, shape);
      const picks = randomIntegers(2, indices, shape[axis]);
      for (const software of [true, false]) {
        const [y] = await evaluate((t, i) => gather(t, i, axis), [x, picks], {
          software,
          dtypes: ['f32', 'i32'],
        });
        expect(y).toBeAllClose(gatherAlong(x, picks, axis), exact);
        await checkGradient((t, i) => gather(t, i, axis), [x, picks], {
          software,
          dtypes: ['f32', 'i32'],
          reference: (a) => gatherAlong(a, picks, axis),
        });
      }
    });
  }

  it('adds up the gradients of rows that were picked more than once', async () => {
    const picks = array([6], [1, 1, 1, 0, 1, 3]);
    await checkGradient((t, i) => square(gather(t, i)), [random(3, [4, 4]), picks], {
      dtypes: ['f32', 'i32'],
      reference: (a) => map(reference.gather(a, picks), (v) => v * v),
    });
  });

  it.each([
    ['scalars', [40, 3], [90]],
    ['vectors, rows that nobody takes', [300, 8], [11, 5]],
    ['a single row', [1, 4], [70]],
  ])('the chains of places give the bits of the scan: %s', async (_, shape, indices) => {
    const picks = randomIntegers(2, indices, shape[0] + 1); // one past the end, too
    const dy = random(3, [...indices, ...shape.slice(1)]);
    const gradientBy = (variant: string) =>
      evaluate((g, i) => apply(gatherGradientOp, [g, i], { shape, axis: 0 }), [dy, picks], {
        dtypes: ['f32', 'i32'],
        variants: { gatherGradient: variant },
      });
    const [[scan], [linked]] = [await gradientBy('scan'), await gradientBy('linked')];
    expect(linked.data).toEqual(scan.data);
    expect(scan.data.some((own) => own !== 0)).toBe(true);
  });

  it('gives zeros for indices outside, and moves integers', async () => {
    const x = array([3, 2], [1, 2, 3, 4, 5, 6]);
    const [y] = await evaluate((t, i) => gather(t, i), [x, array([4], [2, -1, 3, 0])], {
      dtypes: ['i32', 'i32'],
    });
    expect([...y.data]).toEqual([5, 6, 0, 0, 0, 0, 1, 2]);
  });

  it('refuses f32 indices and axes that do not exist', () => {
    expect(() => gather(input('x', [3]), input('i', [2]))).toThrow(ArgumentError);
    expect(() => gather(input('x', [3]), input('i', [2], 'i32'), 1)).toThrow(ShapeError);
  });
});

describe('oneHot', () => {
  for (const [shape, depth] of [
    [[7], 10],
    [[2, 3], 4],
    [[], 5],
    [[65], 1],
  ] as [number[], number][]) {
    // prettier-ignore
    it(`[${shape}] to depth ${depth}`, async () => {
      const indices = map(randomIntegers(4, shape, depth + 2), (v) => v - 1); // some lie outside
      for (const software of [true, false]) {
        const [y, z] = await evaluate((t) => [oneHot(t, depth), relu(oneHot(t, depth))], [indices], { software, dtypes: ['i32'] });
        expect(y).toBeAllClose(reference.oneHot(indices, depth), exact);
        expect(z).toBeAllClose(y, exact);
      }
    });
  }

  it('refuses depths below 1', () => {
    expect(() => oneHot(input('i', [2], 'i32'), 0)).toThrow(ArgumentError);
  });
});
