import { ArgumentError, FormatError } from '../../errors.ts';
import { decodeSafetensors, metadataNumber } from '../../io/safetensors.ts';
import type { SafeTensor } from '../../io/safetensors.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { checkOptions, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { Minimizer } from '../../runtime/minimizer.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Network } from '../network.ts';
import type { Optimizer } from '../optimizers.ts';
import { requireFiniteLoaded } from './finite.ts';
import type { TrainingState } from './state.ts';

export const FORMAT = 'wgrad 2';

/** In the place of the learning rate, where a schedule gives the rates. */
export const SCHEDULED = 'schedule';

/** One network and its optimizer, as far as a file can be checked against them without a GPU. */
export interface PartShape {
  /** What the names of its tensors and metadata begin with: nothing, or `generator.`. */
  readonly prefix: string;
  /** Its variables, and what each is called. */
  readonly variables: ReadonlyMap<Variable, string>;
  /** Those of them that training changes. */
  readonly trained: readonly Variable[];
  /** Undefined before `compile`: then the file's own is taken for the one that will come. */
  readonly optimizer?: Pick<Optimizer, 'name' | 'slotNames'>;
  /** Whether the optimizer counts its updates itself. */
  readonly counts?: boolean;
}

/** One network and its optimizer, as a checkpoint stores them. */
export interface SavedPart extends PartShape {
  readonly network: Pick<Network, 'toJSON'>;
  readonly minimizer: Minimizer;
  readonly optimizer: Optimizer;
  /** Number of updates, where the optimizer counts them itself. */
  updates?: number;
  /** Takes it from the GPU, where a skipped update does not count. */
  recount?(): Promise<void>;
}

/** What a file is loaded into. */
export interface Shape {
  readonly name: string;
  /** What it is: a file of another kind is rejected. */
  readonly kind: 'model' | 'gan' | 'step';
  readonly parts: readonly PartShape[];
}

/** What a checkpoint is made of and restored to. */
export interface Saved extends Shape {
  readonly gpu: Gpu;
  readonly state: TrainingState;
  readonly parts: readonly SavedPart[];
  /** Has the seed of shuffling and random ops. */
  readonly owner: { seed: number };
}

export interface LoadOptions {
  /** Of the file, for messages. Default 'checkpoint'. */
  name?: string;
  /**
   * Take what fits by name and shape: tensors that the file lacks keep their values, and those that the model lacks are
   * left out. Default false: a file with other weights is refused.
   */
  partial?: boolean;
}

const loadOptions: OptionTable<LoadOptions> = { name: true, partial: true };

/** What a file has restored. */
export interface LoadReport {
  /** Names of weights that the file lacks: they are as they were. None unless `partial`. */
  readonly missing: readonly string[];
  /** Names of tensors in the file that the model has no place for. None unless `partial`. */
  readonly unused: readonly string[];
  /**
   * Names of trained weights whose state in the optimizer starts from zero, since the file has none: it was saved with these
   * layers frozen, with another optimizer, or by another program.
   */
  readonly fresh: readonly string[];
  /** Whether step, epoch and learning rate are those of the file, so that `resume` continues from there. */
  readonly resumes: boolean;
}

/** A complete file, not compared with a model yet. */
export interface Checkpoint {
  readonly name: string;
  readonly partial: boolean;
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether wgrad has written it; else it holds weights alone. */
  readonly own: boolean;
}

/** A checkpoint in memory, and what the variables of each part were called when it was taken. */
export interface Snapshot {
  readonly file: Checkpoint;
  readonly names: readonly ReadonlyMap<Variable, string>[];
}

/**
 * Reads a file as far as that needs no model.
 *
 * @throws FormatError if it is damaged, of another version, or holds NaN or infinity
 */
export function readCheckpoint(bytes: Uint8Array, options: LoadOptions = {}, caller = 'load'): Checkpoint {
  checkOptions(caller, options, loadOptions, 'bytes, ');
  const { name = 'checkpoint', partial = false } = options;
  if (!ArrayBuffer.isView(bytes) || !('BYTES_PER_ELEMENT' in bytes && bytes.BYTES_PER_ELEMENT === 1)) {
    throw new ArgumentError(
      `${caller}: takes the bytes of a file, a Uint8Array, but was given ${describe(bytes)}`,
    );
  }
  const { tensors, metadata, checked } = decodeSafetensors(bytes, name);
  if (!checked) requireForeign(name, tensors, metadata);
  requireFiniteLoaded(name, tensors);
  const own = metadata.format === FORMAT;
  if (!own && metadata.format?.startsWith('wgrad')) {
    throw new FormatError(
      `${name}: its format is '${metadata.format}', but this version of wgrad reads '${FORMAT}'; load it with the version that saved it`,
    );
  }
  return { name, partial, tensors, metadata, own };
}

/**
 * A file of wgrad has a checksum. One that looks like it and has none is damaged, and must not pass for a file from
 * elsewhere, of which the weights alone are restored.
 */
function requireForeign(
  name: string,
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Readonly<Record<string, string>>,
): void {
  const own =
    metadata.format?.startsWith('wgrad') ||
    Object.keys(metadata).some((key) => /(^|\.)optimizerSlots$/.test(key)) ||
    [...tensors.keys()].some((key) => /(^|\.)optimizer\./.test(key));
  if (!own) return;
  throw new FormatError(
    `${name}: is a checkpoint without its checksum; the header is damaged, or the file was saved by an older version. Load another one.`,
  );
}

/** A number of the metadata. @throws FormatError if it is not a valid one */
export function numberIn(
  { name, metadata }: Pick<Checkpoint, 'name' | 'metadata'>,
  key: string,
  fits: (value: number) => boolean,
): number {
  const value = metadataNumber(metadata, key);
  if (fits(value)) return value;
  throw new FormatError(
    `${name}: its metadata '${key}' is ${metadata[key]}, which is not a number that it can be; the file is damaged`,
  );
}

/**
 * The names of tensors that are not weights: `optimizer.velocity.dense.weight`, `best.dense.weight`. Where a weight's name
 * begins in the same way, as that of a layer named `optimizer` does, `mark` distinguishes them: `optimizer_.velocity…`.
 */
export const stateKey = {
  slot: (prefix: string, mark: string, slot: string, key: string) =>
    `${prefix}optimizer${mark}.${slot}.${key}`,
  best: (prefix: string, mark: string, key: string) => `${prefix}best${mark}.${key}`,
  /** Whether a name is one of these. */
  is: (prefix: string, mark: string, key: string) =>
    key.startsWith(`${prefix}optimizer${mark}.`) || key.startsWith(`${prefix}best${mark}.`),
};

/** The shortest mark with which no weight has a name of `stateKey`'s. */
export function markFor(parts: readonly PartShape[]): string {
  const keys = parts.flatMap(({ prefix, variables }) => [...variables.values()].map((key) => prefix + key));
  let mark = '';
  while (parts.some(({ prefix }) => keys.some((key) => stateKey.is(prefix, mark, key)))) mark += '_';
  return mark;
}
