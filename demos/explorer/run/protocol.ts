import type { Comparison } from '../../../bench/kernels/timing.ts';
import type { KernelMessage } from '../../../src/index.ts';
import type { PanelMessage } from '../../drawing/panels.ts';
import type { Palette } from '../../shared/palette.ts';
import type { Sizes } from './sizes.ts';
import type { ChosenConstants, Tunable } from './tune.ts';

/** What is to run: a kernel at these sizes, by a plan of `plans`. */
export interface Wanted {
  readonly kernel: string;
  readonly sizes: Sizes;
  readonly plan?: string;
  /** Constants that are not the plan's. */
  readonly constants?: ChosenConstants;
}

/** How a tensor is drawn. */
export interface Picture {
  /** Of its panel. */
  readonly name: string;
  readonly title: string;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  /** The magnitude of the full colour. */
  readonly largest: number;
}

/** What a run has found. */
export interface Result {
  readonly plan: string;
  /** All plans that run this kernel. */
  readonly plans: readonly string[];
  readonly tunables: readonly Tunable[];
  /** How each dispatch is launched: `matmul/2_tiled: 64 workgroups of 16 × 16`. */
  readonly launches: readonly string[];
  readonly ms: number;
  readonly gflops: number;
  readonly gbs: number;
  readonly bound: 'arithmetic' | 'memory';
  readonly ofCeiling: number;
  readonly ceilings: { readonly gflops: number; readonly gbs: number };
  /** The largest difference from float64, as a share of the largest value. */
  readonly error: number;
  /** Why the numbers are wrong, where they are. */
  readonly wrong?: string;
  readonly pictures: readonly Picture[];
  /** Of an edit: beside the original, `first`. */
  readonly comparison?: Comparison;
  /** Of an edit: what the simulator tried at these sizes, before it ran on the GPU. */
  readonly tried?: string;
}

export type Answer =
  | { readonly result: Result }
  /** It does not compile, does not end, has a race, or cannot be exchanged. */
  | { readonly messages: readonly KernelMessage[]; readonly text: string };

export type ToWorker =
  | { readonly type: 'palette'; readonly palette: Palette }
  | { readonly type: 'run'; readonly id: number; readonly wanted: Wanted }
  /** An edited text for the kernel that ran last. */
  | { readonly type: 'edit'; readonly id: number; readonly source: string }
  | PanelMessage;

export type FromWorker =
  | { readonly type: 'adapter'; readonly description: string; readonly software: boolean }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly type: 'failure'; readonly id: number; readonly name: string; readonly message: string };
