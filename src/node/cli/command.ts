import type { Gpu } from '../../runtime/session.ts';
import type { FoundAdapter } from '../adapter.ts';
import type { Interrupt } from './interrupt.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { TrainOptions } from './options.ts';
import type { RunFolder } from './runFolder.ts';
import type { Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';

/** How a preset is trained unless the user says otherwise. */
export interface PresetInfo {
  readonly description: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** An option that only one model takes, `--name VALUE`. */
export interface ModelFlag {
  readonly placeholder: string;
  readonly meaning: string;
  /**
   * The value of what the user wrote.
   *
   * @throws ArgumentError that names the choices
   */
  readonly parse: (flag: string, text: string) => ModelFlagValue;
  /** Whether a run that goes on from a checkpoint may have another value than before; default false. */
  readonly free?: boolean;
}

export type ModelFlagValue = number | string;

/** By name, as on the command line. */
export type ModelFlagValues = Readonly<Record<string, ModelFlagValue>>;

/** A model that `npm run train` knows. */
export interface ModelCommand {
  /** For the help text: what it does. */
  readonly title: string;
  readonly presets: Readonly<Record<string, PresetInfo>>;
  readonly defaultPreset: string;
  /** What it takes besides the options of all models. */
  readonly flags?: Readonly<Record<string, ModelFlag>>;
  /** Refuses settings that do not fit each other, before anything is opened or loaded. */
  readonly check?: (settings: Settings) => void;
  /** Trains it, prints and writes the results; undefined if the user interrupted. */
  run(context: TrainContext): Promise<TrainResult | undefined>;
}

/** What a model's command works with: everything is open and checked. */
export interface TrainContext {
  readonly terminal: Terminal;
  readonly gpu: Gpu;
  readonly adapter: FoundAdapter;
  readonly options: TrainOptions;
  readonly settings: Settings;
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
  readonly imagesPerSecond: number;
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
