import type { KernelResult, Machine } from '../../bench/report/schema.ts';
import type { Framework, ModelName } from '../../bench/peers/problem.ts';
import type { TrainingSample } from '../../bench/peers/sample.ts';

/** What a run measures, and how thoroughly. */
export interface Settings {
  readonly models: readonly ModelName[];
  /** Of the square products; none without the ladder. */
  readonly sizes?: readonly number[];
  readonly ladder: boolean;
  readonly peers: boolean;
  readonly rounds: number;
  readonly samples: number;
  readonly sampleMs: number;
  /** How long a stretch of training steps lasts. */
  readonly stretchMs: number;
}

export type KernelMessage =
  | { readonly type: 'machine'; readonly machine: Machine; readonly description: string }
  | {
      readonly type: 'ceilings';
      readonly gflops: number;
      readonly gbs: number;
    }
  | { readonly type: 'progress'; readonly text: string; readonly share: number }
  | { readonly type: 'result'; readonly result: KernelResult }
  | { readonly type: 'done'; readonly failures: readonly string[]; readonly warnings: readonly string[] }
  | { readonly type: 'error'; readonly name: string; readonly message: string };

export type PeerMessage =
  | { readonly type: 'opened'; readonly version: string }
  /** This copy of the site does not have it. */
  | { readonly type: 'missing' }
  | { readonly type: 'sample'; readonly sample: TrainingSample }
  | { readonly type: 'error'; readonly name: string; readonly message: string };

export type PeerRequest =
  | { readonly type: 'open'; readonly framework: Framework }
  | { readonly type: 'train'; readonly model: ModelName; readonly stretchMs: number };
