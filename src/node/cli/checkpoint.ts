import { EnvironmentError, FormatError } from '../../errors.ts';
import { parseStrictJson } from '../../io/json.ts';
import { decodeSafetensors, encodeSafetensors } from '../../io/safetensors.ts';
import { readFileIfExists } from '../files.ts';
import type { ModelFlagValues } from './modelDescription.ts';
import type { Trainee } from './trainee.ts';

/** The facts about a training run that the run that continues it needs. All but batch size and length must be the same. */
export interface SavedRun {
  readonly model: string;
  readonly preset: string;
  /** As --dataset names it. */
  readonly dataset: string;
  /** The training set's own name, which tells synthetic data from real, and its size. */
  readonly data: string;
  readonly samples: number;
  readonly adapter: string;
  readonly seed: number;
  readonly batchSize: number;
  /** One of the two says how long the run was to last. */
  readonly epochs?: number;
  readonly steps?: number;
  /** Missing in files from before there was a choice: f32. */
  readonly precision?: string;
  /** Values of the model's own flags; missing in files from before there were any. */
  readonly own?: ModelFlagValues;
}

/** A saved model, read and checked, before it is loaded into a model. */
export interface Checkpoint {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Steps trained. */
  readonly step: number;
  /** Undefined for files that come from elsewhere. */
  readonly run: SavedRun | undefined;
}

const KEY = 'run';
const TYPES: Readonly<Record<keyof SavedRun, 'string' | 'number' | 'object'>> = {
  model: 'string',
  preset: 'string',
  dataset: 'string',
  data: 'string',
  samples: 'number',
  adapter: 'string',
  seed: 'number',
  batchSize: 'number',
  epochs: 'number',
  steps: 'number',
  precision: 'string',
  own: 'object',
};
const OPTIONAL: readonly string[] = ['epochs', 'steps', 'precision', 'own'];

/** The model as a safetensors file whose metadata also say how it was being trained. */
export async function encodeRun(model: Pick<Trainee, 'name' | 'save'>, run: SavedRun): Promise<Uint8Array> {
  const { tensors, metadata } = decodeSafetensors(await model.save(), model.name);
  return encodeSafetensors(tensors, { ...metadata, [KEY]: JSON.stringify(run) });
}

/**
 * @throws EnvironmentError if there is no such file
 * @throws FormatError if it is damaged or of another format
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const bytes = await readFileIfExists(path);
  if (!bytes) {
    throw new EnvironmentError(
      `--resume ${path}: there is no such file. Pass the model.safetensors of an earlier run, such as out/mnist-cnn/model.safetensors.`,
    );
  }
  const { metadata } = decodeSafetensors(bytes, path);
  const step = Number(metadata.step ?? 0);
  return { path, bytes, step, run: metadata[KEY] === undefined ? undefined : decodeRun(metadata[KEY], path) };
}

function decodeRun(text: string, path: string): SavedRun {
  let run: Record<string, unknown> | undefined;
  try {
    run = parseStrictJson(text, 2) as Record<string, unknown>;
  } catch {
    // Reported below as a wrong type.
  }
  for (const [key, type] of Object.entries(TYPES)) {
    const value = run?.[key];
    if (typeof value === type || (value === undefined && OPTIONAL.includes(key) && run)) continue;
    throw new FormatError(
      `${path}: its metadata '${KEY}' should hold a ${type} '${key}', but reads ${text.slice(0, 200)}. The file is damaged: use another one.`,
    );
  }
  return run as unknown as SavedRun;
}
