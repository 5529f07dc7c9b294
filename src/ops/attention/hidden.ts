import { ShapeError } from '../../errors.ts';
import { constant } from '../core/leaves.ts';
import { requireTensor } from '../core/node.ts';
import type { Tensor } from '../core/op.ts';
import { formatShape } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { equal, less, where } from '../elementwise/elementwise.ts';
import { cast } from '../movement/cast.ts';
import { reshape } from '../movement/movement.ts';
import { checkBias } from './op.ts';

/** The bias of a mask: −Infinity where it is 0. */
export function hiddenBy(mask: Tensor, query: Tensor, key: Tensor): Tensor {
  requireTensor('attention', mask, 'mask');
  const [batch, queries, heads] = query.shape;
  checkBias(mask, [batch, heads, queries, key.shape[1]]);
  return where(mask.dtype === 'f32' ? mask : cast(mask, 'f32'), 0, -Infinity);
}

/** The bias that hides the keys from a sequence's length on, [batch, 1, 1, keys]. */
export function hiddenBeyond(lengths: Tensor, { shape: [batch, keys] }: Tensor): Tensor {
  return where(less(countTo(keys), reshape(cast(lengths, 'f32'), [batch, 1, 1, 1])), 0, -Infinity);
}

/** 0, 1 … count − 1 */
const countTo = (count: number): Tensor => constant(Float32Array.from({ length: count }, (_, i) => i));

/** Throws unless it is an i32 number for each sequence. */
export function checkCounts(
  opName: string,
  name: string,
  counts: unknown,
  batch: number,
): asserts counts is Tensor {
  requireTensor(opName, counts, name);
  requireDtype(`${opName} ${name}`, counts, ['i32']);
  if (counts.shape.length === 1 && counts.shape[0] === batch) return;
  throw new ShapeError(
    `${opName}: ${name} ${formatShape(counts.shape)} must be one number for each of the ${batch} sequences, [${batch}]`,
  );
}

/**
 * A cache [batch, capacity, …] with a new step, [batch, 1, …], of each sequence at its position, i32 [batch]. At a position outside
 * of the cache nothing changes. Give the result to `attention`, and to `assign`, so that the next step finds it.
 *
 * @throws ShapeError where the shapes do not fit each other
 */
export function writeStep(cache: Tensor, step: Tensor, positions: Tensor): Tensor {
  requireTensor('writeStep', cache);
  requireTensor('writeStep', step, 'input 2');
  const [batch, capacity, ...rest] = cache.shape;
  if (`${step.shape}` !== `${[batch, 1, ...rest]}` || capacity === undefined) {
    throw new ShapeError(
      `writeStep: the step ${formatShape(step.shape)} must be a single one of the cache ${formatShape(cache.shape)}, whose dimensions are [batch, capacity, …]`,
    );
  }
  checkCounts('writeStep', 'positions', positions, batch);
  const ones = rest.map(() => 1);
  const here = equal(
    reshape(countTo(capacity), [1, capacity, ...ones]),
    reshape(cast(positions, 'f32'), [batch, 1, ...ones]),
  );
  return where(here, step, cache);
}
