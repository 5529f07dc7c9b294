import { ShapeError } from '../../errors.ts';
import { formatShape } from '../core/shape.ts';
import type { Tensor } from '../core/op.ts';
import { broadcastTo } from '../reduce/sum.ts';
import { concat } from './concat.ts';
import { reverse, slice } from './movement.ts';

/** How a tensor is extended beyond its edges. */
export type Extension = 'reflect' | 'symmetric' | 'edge';

export const extensions: readonly Extension[] = ['reflect', 'symmetric', 'edge'];

/**
 * Extends x along each axis by `paddings[axis] = [before, after]` of its own elements, as NumPy and Keras's ops.pad
 * name it. [a b c] by two becomes
 *
 * - `reflect`: [c b a b c b a], without repeating the edge: PyTorch's reflection
 * - `symmetric`: [b a a b c c b], repeating it
 * - `edge`: [a a a b c c c]: PyTorch's replication
 *
 * One copy per axis and side, and one to join them; the gradient adds up what came from one element.
 *
 * @throws ShapeError if there is not as much to mirror along an axis
 */
export function extend(
  x: Tensor,
  paddings: readonly (readonly [before: number, after: number])[],
  mode: Extension,
): Tensor {
  return paddings.reduce((y, sides, axis) => extendAxis(y, axis, sides, mode), x);
}

function extendAxis(
  x: Tensor,
  axis: number,
  [before, after]: readonly [number, number],
  mode: Extension,
): Tensor {
  const extent = x.shape[axis];
  const skipped = mode === 'reflect' ? 1 : 0;
  if (mode !== 'edge' && Math.max(before, after) > extent - skipped) {
    throw new ShapeError(
      `pad: by ${before} and ${after}, mode ${mode}: axis ${axis} of ${formatShape(x.shape)} has only ${extent - skipped} elements to mirror; pad by less, or with mode 'edge'`,
    );
  }
  /** `count` elements from place `from` on, or that element repeated. */
  const part = (from: number, count: number): Tensor => {
    const begin = x.shape.map((_, i) => (i === axis ? from : 0));
    if (mode === 'edge')
      return broadcastTo(slice(x, begin, x.shape.with(axis, 1)), x.shape.with(axis, count));
    return reverse(slice(x, begin, x.shape.with(axis, count)), [axis]);
  };
  const first = before > 0 ? [part(mode === 'edge' ? 0 : skipped, before)] : [];
  const last = after > 0 ? [part(mode === 'edge' ? extent - 1 : extent - skipped - after, after)] : [];
  return first.length + last.length === 0 ? x : concat([...first, x, ...last], axis);
}
