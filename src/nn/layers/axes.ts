import { ArgumentError, ShapeError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { transpose } from '../../ops/movement/movement.ts';

/** Axes as layers take them: one, or several, counted as in Keras, where the batch is axis 0 and −1 is the last. */
export type LayerAxes = number | readonly number[];

/**
 * @param least how many there must be
 * @throws ArgumentError unless it is a whole number, or a list of different ones
 */
export function checkLayerAxes(layer: string, option: string, axes: LayerAxes, least = 1): void {
  const list: readonly unknown[] = Array.isArray(axes) ? axes : [axes];
  if (list.length >= least && list.every(Number.isInteger) && new Set(list).size === list.length) return;
  throw new ArgumentError(
    `${layer}: ${option} is ${Array.isArray(axes) ? `[${axes.join(', ')}]` : describe(axes)}; give whole numbers, each once: 1 for the first axis after the batch, -1 for the last`,
  );
}

/**
 * The axes of [batch, …sample] that are meant, from the first on, as Keras sorts them.
 *
 * @throws ShapeError if samples have no such axis, it is the batch's, or one is named twice
 */
export function layerAxes(layer: string, option: string, axes: LayerAxes, sample: Shape): number[] {
  const rank = sample.length + 1;
  const places = [axes].flat().map((axis) => {
    const place = axis < 0 ? axis + rank : axis;
    if (place >= 1 && place < rank) return place;
    throw new ShapeError(
      `${layer}: ${option} has ${axis}, but samples of shape ${formatShape(sample)} have the axes 1 to ${rank - 1}, or -${rank - 1} to -1; axis 0 is the batch`,
    );
  });
  if (new Set(places).size === places.length) return places.toSorted((a, b) => a - b);
  throw new ShapeError(
    `${layer}: ${option} is [${[axes].flat().join(', ')}], which names an axis of samples of shape ${formatShape(sample)} twice; give each once`,
  );
}

/** Applies `f` with the axes moved to the end, in their order in x, and moves them back. */
export function withAxesLast(x: Tensor, axes: readonly number[], f: (x: Tensor) => Tensor): Tensor {
  const all = [...x.shape.keys()];
  const order = [...all.filter((axis) => !axes.includes(axis)), ...all.filter((axis) => axes.includes(axis))];
  if (order.every((axis, i) => axis === i)) return f(x);
  const back = all.map((axis) => order.indexOf(axis));
  return transpose(f(transpose(x, order)), back);
}
