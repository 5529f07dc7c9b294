import source from '../../../shaders/movement/cast.wgsl?raw';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import type { DType } from '../core/shape.ts';
import { channelsOf, requireDtype, streamingWorkgroup, valueType, widthOf, WORDS } from '../core/values.ts';

const kernel = { name: 'movement/cast', source };

interface CastAttrs {
  readonly dtype: DType;
}

export const castOp: Op<CastAttrs> = {
  name: 'cast',
  kind: 'kernel',
  fusesEpilogue: true,
  infer([x], { dtype }) {
    requireDtype('cast', x, WORDS);
    requireDtype('cast', { shape: x.shape, dtype }, WORDS);
    return [{ shape: x.shape, dtype }];
  },
  lower(node, context) {
    const [input] = node.inputs;
    const [output] = node.outputs;
    const width = widthOf(node, sizeOf(output.shape));
    const size = sizeOf(output.shape) / width;
    const workgroupSize = streamingWorkgroup(context.target, size);
    const { workgroups, gridX } = linearGrid(size, workgroupSize);
    context.dispatch({
      kernel,
      constants: {
        ...(input.dtype === 'f32' && {
          FROM_FLOAT: true,
          BEYOND: output.dtype === 'i32' ? 2 ** 31 : 2 ** 32,
          LARGEST: output.dtype === 'i32' ? 2 ** 31 - 1 : 2 ** 32 - 1,
        }),
        SIZE: size,
        CHANNELS: channelsOf(node, width),
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      aliases: {
        Source: valueType(input.dtype, width),
        SourceBits: valueType('u32', width),
        Value: valueType(output.dtype, width),
      },
      bindings: { input, output },
      workgroups,
      epilogue: true,
    });
  },
  // one side is an integer, and integers have no gradient
  gradient: () => [undefined],
};

/**
 * Converts to another element type. From f32 to an integer the fraction is cut off, values beyond the type's range and
 * ±Infinity become its nearest end, and NaN becomes 0. No gradient passes.
 */
export function cast(x: Tensor, dtype: 'f32' | 'i32' | 'u32'): Tensor {
  requireTensor('cast', x);
  return x.dtype === dtype ? x : apply(castOp, [x], { dtype });
}
