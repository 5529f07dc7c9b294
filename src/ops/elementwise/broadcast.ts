import { ShapeError } from '../../errors.ts';
import { formatShape } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';

/** The common shape under NumPy's rule: aligned at the right, equal or 1 in every dimension. */
export function broadcastShapes(opName: string, shapes: readonly Shape[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, axis) => {
    let extent = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own !== 1 && extent !== 1 && own !== extent) {
        throw new ShapeError(
          `${opName}: shapes ${shapes.map(formatShape).join(' and ')} do not broadcast: dimension ${axis - rank} has ${extent} and ${own}; make them equal, or one of them 1`,
        );
      }
      if (own !== 1) extent = own;
    }
    return extent;
  });
}

/** Row-major strides of `shape` seen as `target`: 0 along the dimensions in which it is repeated. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = new Array<number>(target.length).fill(0);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1) strides[axis + target.length - shape.length] = stride;
    stride *= shape[axis];
  }
  return strides;
}
