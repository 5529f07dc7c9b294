import { targetsOf } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { constant } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { cast } from '../../ops/movement/cast.ts';
import { gather } from '../../ops/movement/gather.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { argmax } from '../../ops/reduce/argmax.ts';

/** Weights by class; classes that are not named have 1. */
export type ClassWeight = Readonly<Record<number, number>>;

/**
 * The weight of each sample of a batch, [N], by its class: `target` are class indices [N] (i32), one-hot rows
 * [N, classes], or 0 and 1 for a single output, [N] or [N, 1].
 *
 * @throws ArgumentError if a weight is negative, a class does not exist, or the targets are not classes
 */
export function classWeights(
  model: string,
  data: Dataset,
  target: Tensor,
  outputShape: Shape,
  classWeight: ClassWeight,
): Tensor {
  if (typeof classWeight !== 'object' || classWeight === null || Symbol.iterator in classWeight) {
    throw new ArgumentError(
      `${model}: classWeight is ${describe(classWeight)}; give weights by class, such as { 0: 1, 1: 5 }`,
    );
  }
  const [{ data: values, shape }, ...others] = targetsOf(data);
  const oneHot = shape.length === 1 && shape[0] > 1;
  if (others.length > 0 || (!oneHot && sizeOf(shape) !== 1) || (!oneHot && !values.every(isClass))) {
    throw new ArgumentError(
      `${model}: classWeight needs targets that are classes: one whole number of at least 0 per sample, or a one-hot row, of one output; those of data set '${data.name}' are not. Give the samples weights of their own instead: dataset({ ..., weights })`,
    );
  }
  const outputs = oneHot ? shape[0] : (outputShape.at(-1) ?? 1);
  const largest = oneHot ? 0 : [...values].reduce((a, b) => Math.max(a, b), 0);
  const classes = Math.max(outputs, 2, data.classNames?.length ?? 0, largest + 1);
  const table = new Float32Array(classes).fill(1);
  for (const [key, weight] of Object.entries(classWeight)) {
    if (!/^\d+$/.test(key) || Number(key) >= classes) {
      throw new ArgumentError(
        `${model}: classWeight names class ${key}, which does not exist; there are ${classes}, numbered from 0 to ${classes - 1}`,
      );
    }
    if (typeof weight !== 'number' || !(weight >= 0 && weight < Infinity)) {
      throw new ArgumentError(
        `${model}: classWeight of class ${key} is ${describe(weight)}; weights must be finite and at least 0`,
      );
    }
    table[Number(key)] = weight;
  }
  const indices = oneHot ? argmax(target) : cast(reshape(target, [target.shape[0]]), 'i32');
  return gather(constant(table), indices);
}

const isClass = (value: number) => Number.isInteger(value) && value >= 0;
