import type { Ceilings } from '../../../src/runtime/roofline/rates.ts';

export type {
  MemoryKind,
  Phase,
  PlannedTensor,
  StepBinding,
  StepEdge,
  StepGraph,
  StepMemory,
  StepNode,
  StepSource,
} from '../../../src/runtime/describe/types.ts';

/** What "Measure" found. */
export interface StepTimes {
  /** Of each dispatch, in microseconds: the median. */
  readonly microseconds: readonly number[];
  /** Where these times come from: timestamp queries, or the CPU's clock around a dispatch repeated many times. */
  readonly clock: 'timestamps' | 'wall';
  /** What the machine can do, measured now. */
  readonly ceilings: Ceilings;
  /** Microseconds of a whole step in one pass, for comparison with the sum. */
  readonly step: number;
}
