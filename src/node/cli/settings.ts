import { ArgumentError } from '../../errors.ts';
import type { Precision } from '../../runtime/precision.ts';
import type { Checkpoint, SavedRun } from './checkpoint.ts';
import { IMAGE_SETS } from './modelDescription.ts';
import type { ModelDescription, ModelFlagValues, PresetInfo } from './modelDescription.ts';
import type { TrainOptions } from './options.ts';

/** A training run as it will be: the user's wishes, else what the checkpoint says, else the preset's values. */
export interface Settings {
  readonly model: string;
  readonly preset: string;
  /** As --dataset names it. */
  readonly dataset: string;
  /** One of the two is set; both count from the first step of the model's life. */
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly precision: Precision;
  /** Values of the model's own flags; what was never said is missing. */
  readonly own: ModelFlagValues;
}

/** @throws ArgumentError if the user asks for something that the run to be continued does not allow */
export function resolveSettings(
  options: TrainOptions,
  command: ModelDescription,
  checkpoint?: Checkpoint,
): Settings {
  const saved = checkpoint?.run;
  const same = <K extends 'model' | 'preset' | 'dataset' | 'seed'>(
    key: K,
    fallback: SavedRun[K],
  ): SavedRun[K] => {
    const wish = options[key] as SavedRun[K] | undefined;
    if (saved && wish !== undefined && wish !== saved[key]) {
      throw new ArgumentError(
        `${checkpoint.path} was trained with ${key} ${saved[key]}, so it cannot continue with ${wish}: leave --${key} out, or start again without --resume.`,
      );
    }
    return wish ?? saved?.[key] ?? fallback;
  };
  const learns = (dataset: string | undefined) =>
    Object.keys(command.presets).find((name) => dataset && command.presets[name].dataset === dataset);
  const preset = same('preset', learns(options.dataset) ?? command.defaultPreset);
  same('model', options.model);
  if (!Object.hasOwn(command.presets, preset)) {
    throw new ArgumentError(
      `${checkpoint?.path} was trained with preset '${preset}', which ${options.model} does not have; it has ${Object.keys(command.presets).join(', ')}.`,
    );
  }
  const recipe = command.presets[preset];
  const dataset = same('dataset', recipe.dataset ?? (command.datasets ?? IMAGE_SETS)[0]);
  if (recipe.dataset !== undefined && recipe.dataset !== dataset) {
    throw new ArgumentError(
      `--dataset ${dataset}: the preset ${preset} learns ${recipe.dataset}; leave one of the two out.`,
    );
  }
  return {
    model: options.model,
    preset,
    dataset,
    ...length(options, saved, recipe),
    // A run continues by epochs and samples, so with any batch size.
    batchSize: options.batchSize ?? saved?.batchSize ?? recipe.batchSize,
    learningRate: options.learningRate ?? recipe.learningRate,
    seed: same('seed', 0),
    precision: options.precision ?? (saved?.precision === 'mixed' ? 'mixed' : 'f32'),
    own: ownSettings(options, command, checkpoint),
  };
}

function ownSettings(
  { own }: TrainOptions,
  { flags = {} }: ModelDescription,
  checkpoint: Checkpoint | undefined,
): ModelFlagValues {
  if (!checkpoint?.run) return own;
  const saved = checkpoint.run.own ?? {};
  for (const [name, value] of Object.entries(own)) {
    if (flags[name].free || saved[name] === value) continue;
    throw new ArgumentError(
      `${checkpoint.path} was trained ${name in saved ? `with --${name} ${saved[name]}` : `without --${name}`}, so it cannot continue with ${value}: leave it out, or start again without --resume.`,
    );
  }
  return { ...saved, ...own };
}

function length(
  options: TrainOptions,
  saved: SavedRun | undefined,
  recipe: PresetInfo,
): Pick<Settings, 'epochs' | 'steps'> {
  const { epochs: wished, steps } = options;
  if (steps !== undefined) return { steps };
  if (wished !== undefined) return { epochs: wished };
  if (saved?.steps !== undefined) return { steps: saved.steps };
  if (saved?.epochs !== undefined) return { epochs: saved.epochs };
  return recipe.steps === undefined ? { epochs: recipe.epochs } : { steps: recipe.steps };
}
