import acceptSource from '../../../shaders/optimizer/accept.wgsl?raw';
import verdictSource from '../../../shaders/optimizer/verdict.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { Dispatch, Operand, Target } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';

const kernel = { name: 'optimizer/verdict', source: verdictSource };
const accept = { name: 'optimizer/accept', source: acceptSource };

export interface VerdictOptions {
  /** u32, a multiple of 4 words: what the trials of all optimizers have found. */
  faults: Operand;
  /** The program's state. */
  program: Operand;
  /** What the optimizers count their updates in; may be the program's state. */
  state: Operand;
  guard: Operand;
  /** Whether this is the first of the program's, which looks at the faults. */
  first: boolean;
  target: Pick<Target, 'software'>;
}

/** Decides whether the updates that follow are made, and counts them. */
export function verdictDispatch({ faults, program, state, guard, first, target }: VerdictOptions): Dispatch {
  const length = sizeOf(faults.shape) / 4;
  const workgroupSize =
    target.software || !first ? 1 : Math.min(256, 2 ** Math.floor(Math.log2(Math.max(1, length))));
  const own = state !== program;
  return {
    kernel,
    constants: {
      LENGTH: length,
      FIRST: first,
      OWN: own,
      WORKGROUP_SIZE: workgroupSize,
      LEVELS: Math.log2(workgroupSize),
    },
    bindings: { faults, program, guard, state },
    workgroups: [1, 1, 1],
    part: 'verdict',
    advances: !own,
  };
}

export interface AcceptOptions {
  /** f32, of all that is proposed. */
  proposed: Operand;
  /** f32: variables one after another. */
  values: Operand;
  guard: Operand;
  /** Of the first of these values among the proposed ones; a multiple of 4, as is their number. */
  offset: number;
}

/** Takes over what was proposed for a range of variables, if the verdict lets the step be made. */
export function acceptDispatch({ proposed, values, guard, offset }: AcceptOptions): Dispatch {
  const length = sizeOf(values.shape) / 4;
  const workgroupSize = 64;
  const { workgroups, gridX } = linearGrid(length, workgroupSize);
  return {
    kernel: accept,
    constants: { LENGTH: length, OFFSET: offset / 4, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    bindings: { guard, proposed, values },
    workgroups,
    part: 'accept',
  };
}
