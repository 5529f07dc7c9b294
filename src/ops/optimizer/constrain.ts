import normSource from '../../../shaders/optimizer/constrain_norm.wgsl?raw';
import signSource from '../../../shaders/optimizer/constrain_sign.wgsl?raw';
import type { VariableConstraint } from '../core/leaves.ts';
import { linearGrid } from '../core/op.ts';
import type { Dispatch, Operand } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { stridesOf } from '../movement/stridedCopy.ts';

const kernels = {
  norm: { name: 'optimizer/constrain_norm', source: normSource },
  sign: { name: 'optimizer/constrain_sign', source: signSource },
};

export interface ConstrainOptions {
  readonly constraint: VariableConstraint;
  /** Of the variable. */
  readonly shape: Shape;
  /** f32, flat. */
  readonly values: Operand;
  /** Place of the variable's first value among them. */
  readonly offset: number;
  /** What the optimizer counts its updates in. */
  readonly state: Operand;
}

/** Brings a variable back to what it is kept to, if the update before was made. */
export function constrainDispatch({ constraint, shape, values, offset, state }: ConstrainOptions): Dispatch {
  const workgroupSize = 64;
  const bindings = { state, values };
  const size = sizeOf(shape);
  if (constraint.kind === 'nonNegative') {
    const { workgroups, gridX } = linearGrid(size, workgroupSize);
    return {
      kernel: kernels.sign,
      constants: { OFFSET: offset, LENGTH: size, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
      bindings,
      workgroups,
      part: 'constrain',
    };
  }
  const { low, high, rate, axes } = constraint;
  const strides = stridesOf(shape);
  /** Extents and strides of some of the axes; of none, a single place. */
  const along = (taken: boolean) => {
    const own = [...shape.keys()].filter((axis) => axes.includes(axis) === taken);
    return own.length === 0
      ? { extents: [1], strides: [0] }
      : { extents: own.map((axis) => shape[axis]), strides: own.map((axis) => strides[axis]) };
  };
  const [kept, members] = [along(false), along(true)];
  const groups = sizeOf(kept.extents);
  const { workgroups, gridX } = linearGrid(groups, workgroupSize);
  return {
    kernel: kernels.norm,
    constants: {
      OFFSET: offset,
      GROUPS: groups,
      MEMBERS: sizeOf(members.extents),
      KEPT_RANK: kept.extents.length,
      KEPT: kept.extents,
      KEPT_STRIDES: kept.strides,
      TAKEN_RANK: members.extents.length,
      TAKEN: members.extents,
      TAKEN_STRIDES: members.strides,
      LOW: low,
      HIGH: high,
      RATE: rate,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    bindings,
    workgroups,
    flops: 5 * size,
    part: 'constrain',
  };
}
