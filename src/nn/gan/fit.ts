import type { OptionTable } from '../../options.ts';
import type { Program } from '../../runtime/program.ts';
import type { Snapshot } from '../training/checkpoint.ts';
import { loopOptions } from '../training/loopOptions.ts';
import type { LoopOptions } from '../training/loopOptions.ts';
import type { Opening } from '../training/placement.ts';
import type { TrainingRun } from '../training/run.ts';
import type { RunHistory } from '../training/values.ts';
import type { CompiledGan } from './networks.ts';
import type { GanPart } from './step.ts';

/** Means over one batch, or over the samples of an epoch. */
export type GanValues = {
  /** −log D(x) − log(1 − D(G(z))) with D as a probability, as far as smoothing leaves the targets at 1 and 0. */
  readonly discriminatorLoss: number;
  /** −log D(G(z)), or log(1 − D(G(z))) for the minimax loss. */
  readonly generatorLoss: number;
  /** Share of the real images that the discriminator takes for real. */
  readonly realAccuracy: number;
  /** Share of the generated images that it takes for generated. */
  readonly fakeAccuracy: number;
};

/** The values of one training step, from before its update. */
export type GanStepValues = GanValues & { readonly epoch: number; readonly step: number };

/** The results of one epoch: means over its samples; `step` is the number of steps done by then. */
export type GanEpochValues = GanValues & { readonly epoch: number; readonly step: number };

export type GanHistory = RunHistory<GanStepValues, GanEpochValues>;

export interface GanFitOptions extends LoopOptions<GanStepValues, GanEpochValues> {
  /**
   * Which network the steps train; a function is asked once for each step: for the first one when it is compiled, else after
   * `beforeStep`. Each choice is a program
   * of its own on the same weights, compiled when it is first wanted. Default 'both'.
   */
  train?: GanPart | ((step: number) => GanPart);
  /** Called with a compiled step before it first runs: once per choice of `train`. */
  onReady?: (program: Program, part: GanPart) => void | Promise<void>;
}

export const ganFitOptions: OptionTable<GanFitOptions> = {
  ...loopOptions,
  train: true,
  onReady: true,
};

/** Options of `Gan.prepareFit`: what `fit` will be given. */
export type GanPrepareOptions = Pick<GanFitOptions, 'batchSize' | 'shuffle' | 'onCompile'> & {
  /** Which networks the step trains; default 'both'. */
  train?: GanPart;
};

export const ganPrepareOptions: OptionTable<GanPrepareOptions> = {
  batchSize: true,
  shuffle: true,
  onCompile: true,
  train: true,
};

/** A training run under way: `await` it for its history, or iterate over the values of its steps. */
export type GanFit = TrainingRun<GanStepValues, GanHistory>;

/** What a training needs from the GAN that it trains. */
export interface GanFitHost {
  /** Compiles the GAN for another GPU, as it was in a checkpoint. */
  recover(snapshot: Snapshot, opening: Opening): Promise<CompiledGan>;
  onEnd(): void;
}
