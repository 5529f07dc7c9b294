import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/autodiff.ts';
import * as ops from '../../../src/ops/index.ts';
import { evaluate } from '../../helpers/evaluate.ts';
import { expectSame, nan, put } from '../../helpers/nonFinite.ts';
import { random } from '../../reference/array.ts';
import { einsum, einsumGrad } from '../../reference/einsum.ts';

const cases: [subscripts: string, ...shapes: number[][]][] = [
  ['ij,jk->ik', [2, 3], [3, 4]],
  ['ij,jk', [2, 3], [3, 4]],
  ['ba', [2, 3]], // alphabetical: a transpose
  ['bhid,bhjd->bhij', [2, 2, 3, 4], [2, 2, 5, 4]],
  ['bi,bj,b->ij', [2, 3], [2, 4], [2]],
  ['ii', [3, 3]],
  ['ii->i', [3, 3]],
  ['iji->ij', [3, 2, 3]],
  ['iii->i', [3, 3, 3]],
  ['ij->', [2, 3]],
  ['ij->j', [2, 3]],
  ['i,j->ij', [2], [3]],
  ['i,i', [3], [3]],
  ['i,i->i', [3], [3]],
  [',ij->ji', [], [2, 3]],
  ['...ij,...jk->...ik', [2, 1, 3, 4], [5, 4, 2]],
  ['...i,i->...', [2, 3, 4], [4]],
  ['i...->...', [2, 3]],
  ['ab,bc,cd->ad', [2, 3], [3, 4], [4, 2]],
  ['iij,j->i', [2, 2, 3], [3]],
  ['abc,abd->dc', [2, 3, 4], [2, 3, 5]],
  ['ij,kl->', [2, 3], [2, 2]],
  [' i j , j k -> i k ', [2, 3], [3, 2]],
];

describe('einsum', () => {
  it.each(cases)('%s', async (subscripts, ...shapes) => {
    const xs = shapes.map((shape, i) => random(i, shape));
    const plain = subscripts.replaceAll(' ', '');
    const expected = einsum(plain, ...xs);
    const dy = random(9, expected.shape);
    const [y, ...dxs] = await evaluate(
      (...tensors) => {
        const [seed, ...own] = tensors;
        const product = ops.einsum(subscripts, ...own);
        return [product, ...gradients(ops.reduceSum(ops.multiply(product, seed)), own).map((g) => g!)];
      },
      [dy, ...xs],
      { simulated: true },
    );
    expect(y).toBeAllClose(expected, { rtol: 1e-5, atol: 1e-5 });
    einsumGrad(plain, xs, dy).forEach((dx, i) => expect(dxs[i]).toBeAllClose(dx, { rtol: 1e-5, atol: 1e-5 }));
  });

  it('runs on a device: the scores of attention, and what they pick', async () => {
    const [q, k, v] = [random(1, [2, 2, 5, 4]), random(2, [2, 2, 7, 4]), random(3, [2, 2, 7, 3])];
    const [found] = await evaluate(
      (a, b, c) => ops.einsum('bhij,bhjd->bihd', ops.einsum('bhid,bhjd->bhij', a, b), c),
      [q, k, v],
    );
    const expected = einsum('bhij,bhjd->bihd', einsum('bhid,bhjd->bhij', q, k), v);
    expect(found).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-4 });
  });

  it('a NaN is in the sums of its letters alone', async () => {
    const [a, b] = [put(random(1, [2, 3]), nan, 4), random(2, [3, 2])];
    const [y] = await evaluate((x, w) => ops.einsum('ij,jk->ik', x, w), [a, b], { simulated: true });
    expectSame(y, einsum('ij,jk->ik', a, b));
  });

  it('refuses subscripts that are not understood or do not fit', () => {
    const [a, b] = [ops.input('a', [2, 3]), ops.input('b', [4, 5])];
    const wrong: [() => unknown, new (...args: never[]) => Error, string][] = [
      [() => ops.einsum('ij,jk->ik', a, b), ShapeError, "einsum: in 'ij,jk->ik' the dimension j has 3 and 4, in [2, 3] and [4, 5]"],
      [() => ops.einsum('ii', a), ShapeError, 'the dimension i has 2 and 3'],
      [() => ops.einsum('ijk->i', a), ShapeError, "einsum: 'ijk' names 3 dimensions of tensor 1, [2, 3], which has 2"],
      [() => ops.einsum('i...jk->i', a), ShapeError, 'names 3 dimensions'],
      [() => ops.einsum('i->i', a), ShapeError, "'i' names 1 dimensions"],
      [() => ops.einsum('ij->ik', a), ArgumentError, "the result 'ik' of 'ij->ik' has 'k', which no tensor has"],
      [() => ops.einsum('ij->ii', a), ArgumentError, "has 'i', which stands there twice"],
      [() => ops.einsum('...j->j', a), ArgumentError, 'leaves out the ...'],
      [() => ops.einsum('ij,jk', a), ArgumentError, "einsum: 'ij,jk' names 2 tensors, but 1 were given"],
      [() => ops.einsum('i1,jk', a, b), ArgumentError, 'has "i1"; subscripts are letters'],
      [() => ops.einsum('ij->i->j', a), ArgumentError, 'at most one arrow'],
      [() => ops.einsum(a as never, b), ArgumentError, 'einsum: takes subscripts and tensors'],
      [() => ops.einsum('ij', ops.input('i', [2, 2], 'i32')), ArgumentError, 'einsum: works on f32 tensors'],
    ]; // prettier-ignore
    for (const [action, type, text] of wrong) {
      expect(action).toThrow(type);
      expect(action).toThrow(text);
    }
  });
});
