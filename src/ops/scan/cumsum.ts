import source from '../../../shaders/scan/chunks.wgsl?raw';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op, Operand, Tensor } from '../core/op.ts';
import { normalizeAxis, sizeOf } from '../core/shape.ts';
import { requireDtype, streamingWorkgroup, WORDS } from '../core/values.ts';
import { settle } from '../../options.ts';

const kernel = { name: 'scan/chunks', source };

interface ScanAttrs {
  readonly axis: number;
  readonly reverse: boolean;
  readonly exclusive: boolean;
}

/** Rows from which on each is one chunk: there is enough to do in parallel. */
const MANY_ROWS = 512;
const CHUNK = 64;

/** One scan of `input`, [outer, length, inner], into `output`. */
interface Pass {
  readonly input: Operand;
  readonly output: Operand;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** Emits the dispatches of a scan: the totals of the chunks, their scan, and the scan of each chunk. */
function scan(node: Node, pass: Pass, context: LowerContext, depth = 0): void {
  const { input, output, outer, length, inner, exclusive, reverse } = pass;
  const whole = length <= 2 * CHUNK || outer * inner >= MANY_ROWS;
  const chunk = whole ? length : CHUNK;
  const chunks = Math.ceil(length / chunk);
  const size = outer * chunks * inner;
  const workgroupSize = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, workgroupSize);
  const constants = {
    SIZE: size,
    LENGTH: length,
    INNER: inner,
    CHUNK: chunk,
    CHUNKS: chunks,
    REVERSE: reverse,
    WORKGROUP_SIZE: workgroupSize,
    GRID_X: gridX,
  };
  const aliases = { Value: node.outputs[0].dtype };
  const flops = outer * length * inner;
  let starts: Operand | undefined;
  if (!whole) {
    const { dtype } = node.outputs[0];
    const totals = context.scratch([outer, chunks, inner], dtype, `totals_${depth}`);
    starts = context.scratch([outer, chunks, inner], dtype, `starts_${depth}`);
    context.dispatch({
      kernel,
      part: `totals_${depth}`,
      constants: { ...constants, TOTALS: true },
      aliases,
      bindings: { input, output: totals },
      workgroups,
      flops,
    });
    // Totals are in the direction of the sums already.
    scan(
      node,
      { input: totals, output: starts, outer, length: chunks, inner, exclusive: true, reverse: false },
      context,
      depth + 1,
    );
  }
  context.dispatch({
    kernel,
    part: depth > 0 ? `starts_${depth - 1}` : undefined,
    constants: { ...constants, EXCLUSIVE: exclusive, STARTED: starts !== undefined },
    aliases,
    bindings: { input, output, ...(starts && { starts }) },
    workgroups,
    flops,
  });
}

export const cumsumOp: Op<ScanAttrs> = {
  name: 'cumsum',
  kind: 'kernel',
  infer([x]) {
    requireDtype('cumsum', x, WORDS);
    return [x];
  },
  lower(node, context) {
    const [input] = node.inputs;
    const [output] = node.outputs;
    const { axis, ...order } = node.attrs;
    const { shape } = input;
    const [outer, inner] = [shape.slice(0, axis), shape.slice(axis + 1)].map(sizeOf);
    scan(node, { input, output, outer, length: shape[axis], inner, ...order }, context);
  },
  // x[j] is in the sums that come after it: those are added up from the other end
  gradient: ({ attrs }, [dy]) => [
    dy && (dy.dtype === 'f32' ? apply(cumsumOp, [dy], { ...attrs, reverse: !attrs.reverse }) : undefined),
  ],
};

export interface CumsumOptions {
  /** Without the element itself: the first sum is 0. Default false. */
  exclusive?: boolean;
  /** From the last element to the first. Default false. */
  reverse?: boolean;
}

/**
 * Running sums along `axis` (default: the last): [3 1 4] gives [3 4 8]. Of any length, in chunks, whose sums are added in a fixed
 * order. From a NaN on all sums are NaN, from ±Infinity on ±Infinity, and NaN where both have occurred.
 *
 * @throws ShapeError if x has no dimensions, or not that axis
 */
export function cumsum(x: Tensor, axis = -1, options: CumsumOptions = {}): Tensor {
  const { exclusive, reverse } = settle('cumsum', options, { exclusive: false, reverse: false });
  requireTensor('cumsum', x);
  return apply(cumsumOp, [x], { axis: normalizeAxis(axis, x.shape, 'cumsum'), exclusive, reverse });
}
