import source from '../../../shaders/movement/concat.wgsl?raw';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, normalizeAxis, sizeOf } from '../core/shape.ts';
import { requireDtype, requireList, streamingWorkgroup, valueType, WORDS } from '../core/values.ts';
import { slice } from './movement.ts';

const kernel = { name: 'movement/concat', source };

/** Bindings `input_0` … `input_5` of the kernel. */
const INPUTS_PER_DISPATCH = 6;

interface ConcatAttrs {
  readonly axis: number;
}

export const concatOp: Op<ConcatAttrs> = {
  name: 'concat',
  kind: 'kernel',
  infer(inputs, { axis }) {
    const [first] = inputs;
    for (const input of inputs) {
      requireDtype('concat', input, WORDS);
      if (input.dtype !== first.dtype) {
        throw new ArgumentError(
          `concat: types ${first.dtype} and ${input.dtype} cannot be joined; cast one of them`,
        );
      }
      const fits =
        input.shape.length === first.shape.length &&
        input.shape.every((extent, i) => i === axis || extent === first.shape[i]);
      if (!fits) {
        throw new ShapeError(
          `concat: shapes ${formatShape(first.shape)} and ${formatShape(input.shape)} may differ along axis ${axis} only`,
        );
      }
    }
    const total = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
    return [{ shape: first.shape.with(axis, total), dtype: first.dtype }];
  },
  lower(node, context) {
    const { axis } = node.attrs;
    const [output] = node.outputs;
    const outer = sizeOf(output.shape.slice(0, axis));
    const stretches = node.inputs.map(({ shape }) => sizeOf(shape.slice(axis)));
    const width = stretches.every((stretch) => stretch % 4 === 0) ? 4 : 1;
    let begin = 0;
    for (let from = 0; from < node.inputs.length; from += INPUTS_PER_DISPATCH) {
      const inputs = node.inputs.slice(from, from + INPUTS_PER_DISPATCH);
      const starts = [0];
      inputs.forEach((_, i) => starts.push(starts[i] + stretches[from + i] / width));
      const row = starts[inputs.length];
      const workgroupSize = streamingWorkgroup(context.target, outer * row);
      const { workgroups, gridX } = linearGrid(outer * row, workgroupSize);
      context.dispatch({
        kernel,
        part: node.inputs.length > INPUTS_PER_DISPATCH ? `inputs_${from}` : undefined,
        constants: {
          SIZE: outer * row,
          COUNT: inputs.length,
          ROW: row,
          BEGIN: begin,
          OUT_ROW: sizeOf(output.shape.slice(axis)) / width,
          START: starts,
          WORKGROUP_SIZE: workgroupSize,
          GRID_X: gridX,
        },
        aliases: { Value: valueType(output.dtype, width) },
        bindings: { ...Object.fromEntries(inputs.map((tensor, i) => [`input_${i}`, tensor])), output },
        workgroups,
      });
      begin += row;
    }
  },
  // each input gets back its own stretch of dy
  gradient({ inputs, attrs: { axis } }, [dy]) {
    let begin = 0;
    return inputs.map(({ shape }) => {
      const from = begin;
      begin += shape[axis];
      return (
        dy &&
        slice(
          dy,
          shape.map((_, i) => (i === axis ? from : 0)),
          shape,
        )
      );
    });
  },
};

/**
 * Joins tensors one after the other along `axis` (default: the last, the channels); all other extents
 * and the types must be equal. NaN and ±Infinity are moved as they are. Up to six tensors go in one dispatch.
 */
export function concat(tensors: readonly Tensor[], axis = -1): Tensor {
  requireList('concat', 'what is to be joined', tensors, '[a, b]');
  tensors.forEach((tensor, i) => requireTensor('concat', tensor, `input ${i + 1}`));
  if (tensors.length === 0) throw new ArgumentError('concat: needs at least one tensor, got none');
  const positive = normalizeAxis(axis, tensors[0].shape, 'concat');
  return tensors.length === 1 ? tensors[0] : apply(concatOp, tensors, { axis: positive });
}
