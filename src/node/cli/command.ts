import type { Gpu } from '../../runtime/session.ts';
import type { FoundAdapter } from '../adapter.ts';
import type { Interrupt } from './interrupt.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { ModelDescription } from './modelDescription.ts';
import type { TrainOptions } from './options.ts';
import type { RunFolder } from './runFolder.ts';
import type { Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** A model that `npm run train` knows. */
export interface ModelCommand extends ModelDescription {
  /** Refuses settings that do not fit each other, before anything is opened or loaded. */
  readonly check?: (settings: Settings) => void;
  /** Trains it, prints and writes the results; undefined if the user interrupted. */
  run(context: TrainContext): Promise<TrainResult | undefined>;
}

/** What a model's command works with: everything is open and checked. */
export interface TrainContext {
  readonly terminal: Terminal;
  /** The one in use: another one after a recovery. */
  gpu: Gpu;
  readonly adapter: FoundAdapter;
  readonly options: TrainOptions;
  readonly settings: Settings;
  /** What a data set holds: 'images'. */
  readonly samples: string;
  readonly folder: RunFolder;
  /** The one to go on from. */
  readonly checkpoint: Checkpoint | undefined;
  readonly interrupt: Interrupt;
}

/** The object that --json prints, with what the model's test gives: `testAccuracy` and `testLoss` of a classifier. */
export interface TrainResult {
  readonly model: string;
  readonly preset: string;
  /** Says so if it is synthetic. */
  readonly dataset: string;
  readonly adapter: string;
  /** Passes over the training data, fractions included, and steps, both of this run. */
  readonly epochs: number;
  readonly steps: number;
  /** Training alone: without loading, compilation, validation and tests. */
  readonly seconds: number;
  /** Named after what the data set holds: `imagesPerSecond`. */
  readonly [perSecond: `${string}PerSecond`]: number;
  /** Over the steps after the warm-up. */
  readonly stepMilliseconds: number;
  readonly dispatchesPerStep: number;
  /** Counted at the queue. */
  readonly submitsPerStep: number;
  readonly parameters: number;
  /** Memory of the intermediate values of a training step. */
  readonly planBytes: number;
  readonly seed: number;
}
