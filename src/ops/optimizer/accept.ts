import source from '../../../shaders/optimizer/accept.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { Dispatch, Operand } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { valueType } from '../core/values.ts';

const kernel = { name: 'optimizer/accept', source };

export interface AcceptOptions {
  /** f32, of all that is proposed. */
  proposed: Operand;
  /** f32: variables one after another. */
  values: Operand;
  /** Of a program that trains: the values are taken over if the verdict lets the step be made. */
  guard?: Operand;
  /** Of the first of these values among the proposed ones; a multiple of 4. */
  offset?: number;
}

/** Takes over what was proposed for a range of variables. */
export function acceptDispatch({ proposed, values, guard, offset = 0 }: AcceptOptions): Dispatch {
  const size = sizeOf(values.shape);
  const width = size % 4 === 0 ? 4 : 1;
  const workgroupSize = 64;
  const { workgroups, gridX } = linearGrid(size / width, workgroupSize);
  return {
    kernel,
    constants: {
      LENGTH: size / width,
      OFFSET: offset / width,
      GUARDED: guard !== undefined,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    aliases: { Value: valueType('f32', width) },
    bindings: { proposed, values, ...(guard && { guard }) },
    workgroups,
    part: 'accept',
  };
}
