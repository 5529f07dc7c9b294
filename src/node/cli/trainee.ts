import type { Dataset } from '../../data/dataset.ts';
import type { StreamOrigin } from '../../data/permutation.ts';
import type { RunHistory } from '../../nn/training/values.ts';
import type { Recovery } from '../../nn/training/recovery.ts';
import type { Program } from '../../runtime/program.ts';
import type { CompileProgress } from '../../runtime/programOptions.ts';

/** The values of a step, or their means over an epoch. */
export type Values = { readonly epoch: number; readonly step: number } & Readonly<Record<string, number>>;

/** What the terminal wants of a training run. */
export interface TraineeFitOptions {
  epochs?: number;
  steps?: number;
  batchSize?: number;
  resume?: boolean;
  validationData?: Dataset;
  signal?: AbortSignal;
  onCompile?: (progress: CompileProgress) => void;
  onReady?: (program: Program) => void | Promise<void>;
  beforeStep?: (step: number) => void | Promise<void>;
  onSteps?: (values: readonly Values[]) => void;
  onEpoch?: (values: Values) => void | Promise<void>;
  recover?: boolean;
  onRecover?: (recovery: Recovery) => void | Promise<void>;
}

/** What can be trained in the terminal: a model, or a pair of networks. */
export interface Trainee {
  readonly name: string;
  /** Steps trained. */
  readonly step: number;
  /** How far training has come. */
  readonly compiled: { readonly state: { readonly clock: StreamOrigin } };
  readonly parameters: number;
  learningRate: number;
  fit(data: Dataset, options: TraineeFitOptions): PromiseLike<Pick<RunHistory, 'stopped'>>;
  save(): Promise<Uint8Array>;
  load(bytes: Uint8Array, name?: string): void;
}
