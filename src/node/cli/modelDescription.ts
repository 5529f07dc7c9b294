import { MNIST_SETS } from '../../data/mnistFiles.ts';

/** How a preset is trained unless the user says otherwise. */
export interface PresetInfo {
  readonly description: string;
  /** One of the two: passes over the training data, or steps. */
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** What it learns, where presets of one model differ in that: --dataset then chooses the preset, too. */
  readonly dataset?: string;
}

/** An option that only one model takes, `--name VALUE`. */
export interface ModelFlag {
  /** Empty for one without a value, which is 'true' where it is given. */
  readonly placeholder: string;
  readonly meaning: string;
  /**
   * The value of what the user wrote.
   *
   * @throws ArgumentError that names the choices
   */
  readonly parse: (flag: string, text: string) => ModelFlagValue;
  /** Whether a run that continues from a checkpoint may have another value than before; default false. */
  readonly free?: boolean;
}

export type ModelFlagValue = number | string;

/** By name, as on the command line. */
export type ModelFlagValues = Readonly<Record<string, ModelFlagValue>>;

export const IMAGE_SETS: readonly string[] = Object.keys(MNIST_SETS);

/** What the command line has to know of a model. */
export interface ModelDescription {
  /** For the help text: what it does. */
  readonly title: string;
  readonly presets: Readonly<Record<string, PresetInfo>>;
  readonly defaultPreset: string;
  /** Data sets that it can learn, the first by default: what --dataset takes. Default: MNIST's. */
  readonly datasets?: readonly string[];
  /** What a data set holds, in the plural; default 'images'. */
  readonly samples?: string;
  /** What it takes besides the options of all models. */
  readonly flags?: Readonly<Record<string, ModelFlag>>;
}
