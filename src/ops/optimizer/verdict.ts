import verdictSource from '../../../shaders/optimizer/verdict.wgsl?raw';
import type { Dispatch, Operand, Target } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';

export { acceptDispatch } from './accept.ts';

const kernel = { name: 'optimizer/verdict', source: verdictSource };

export interface VerdictOptions {
  /** u32, a multiple of 4 words: what the trials of all optimizers have found. */
  faults: Operand;
  /** The program's state. */
  program: Operand;
  /** What the optimizers count their updates in; may be the program's state. */
  state: Operand;
  guard: Operand;
  /** Where the loss is scaled: f32 [4], and after how many finite steps the scale is doubled. */
  scaling?: { readonly state: Operand; readonly growthSteps: number };
  /** Whether this is the first of the program's, which looks at the faults. */
  first: boolean;
  target: Pick<Target, 'software'>;
}

/** Decides whether the updates that follow are made, and counts them. */
export function verdictDispatch({
  faults,
  program,
  state,
  guard,
  scaling,
  first,
  target,
}: VerdictOptions): Dispatch {
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
      ...(scaling && { SCALED: true, GROWTH_STEPS: scaling.growthSteps }),
      WORKGROUP_SIZE: workgroupSize,
      LEVELS: Math.log2(workgroupSize),
    },
    bindings: { faults, program, guard, state, ...(scaling && { scaling: scaling.state }) },
    workgroups: [1, 1, 1],
    part: 'verdict',
    advances: !own,
  };
}
