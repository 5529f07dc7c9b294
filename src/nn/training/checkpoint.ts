import { FormatError } from '../../errors.ts';
import { decodeSafetensors, encodeSafetensors, metadataNumber } from '../../io/safetensors.ts';
import type { SafeTensor } from '../../io/safetensors.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { formatShape, sameShape, sizeOf } from '../../ops/core/shape.ts';
import type { Minimizer } from '../../runtime/minimizer.ts';
import { isRate, isStep } from '../../runtime/ranges.ts';
import type { Gpu } from '../../runtime/session.ts';
import type { Optimizer } from '../optimizers.ts';
import { requireFiniteLoaded, requireFiniteToSave } from './finite.ts';
import { parseProgress } from './progress.ts';
import type { TrainingState } from './state.ts';

const FORMAT = 'wgrad 2';

/** One network and its optimizer, as a checkpoint keeps them. */
export interface SavedPart {
  /** What the names of its tensors and metadata begin with: nothing, or `generator.`. */
  readonly prefix: string;
  /** Its variables, and what each is called. */
  readonly variables: ReadonlyMap<Variable, string>;
  readonly minimizer: Minimizer;
  readonly optimizer: Optimizer;
  /** Number of updates, where the optimizer counts them itself. */
  updates?: number;
}

/** What a checkpoint is made of and restored to. */
export interface Saved {
  readonly name: string;
  /** What it is: a file of another kind is refused. */
  readonly kind: 'model' | 'gan' | 'step';
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

/** What a file has restored. */
export interface LoadReport {
  /** Names of weights that the file lacks: they are as they were. None unless `partial`. */
  readonly missing: readonly string[];
  /** Names of tensors in the file that the model has no place for. None unless `partial`. */
  readonly unused: readonly string[];
  /**
   * Names of trained weights whose state in the optimizer starts anew, since the file has none: it was saved with these
   * layers frozen, with another optimizer, or by another program.
   */
  readonly fresh: readonly string[];
  /** Whether step, epoch and learning rate are those of the file, so that `resume` goes on where it was saved. */
  readonly resumes: boolean;
}

/** A slot's values in the file; undefined where it has none. */
type Find = (key: string, variable: Variable, slot: string) => Float32Array | undefined;

/** Whether a file says that it holds a slot of a variable. */
function savedState(
  metadata: Readonly<Record<string, string>>,
  prefix: string,
): (key: string, slot: string) => boolean {
  const slots = (metadata[`${prefix}optimizerSlots`] ?? '').split(' ');
  let trained: unknown;
  try {
    trained = JSON.parse(metadata[`${prefix}trained`] ?? '');
  } catch {
    trained = [];
  }
  const keys: readonly unknown[] = Array.isArray(trained) ? trained : [];
  return (key, slot) => slots.includes(slot) && keys.includes(key);
}

const slotName = ({ prefix, optimizer, variables }: SavedPart, slot: number, variable: Variable) =>
  `${prefix}optimizer.${optimizer.slotNames[slot]}.${variables.get(variable)!}`;

/**
 * Weights by layer name (`dense.weight`), the optimizers' slots (`optimizer.velocity.dense.weight`), and in the metadata
 * what training needs to go on. A training under way waits meanwhile, between two steps. While averaged weights are in
 * use, these alone are saved: from them no training goes on.
 */
export async function encodeCheckpoint(saved: Saved): Promise<Uint8Array> {
  const { state, parts } = saved;
  // Whoever uses the averages has stopped the training already.
  if (parts.some(({ minimizer }) => minimizer.averagesInUse)) return encode(saved, false);
  return state.lock.hold(async () => {
    state.lifetime.check();
    await state.loop?.flush();
    return encode(saved, true);
  });
}

async function encode(saved: Saved, withState: boolean): Promise<Uint8Array> {
  const { name, kind, gpu, state, parts, owner } = saved;
  const tensors = new Map<string, SafeTensor>();
  const metadata: Record<string, string> = { format: FORMAT, kind, model: name };
  const add = (key: string, { shape }: Variable, data: Float32Array) =>
    tensors.set(key, { dtype: 'F32', shape, data });
  for (const part of parts) {
    const { prefix, variables, minimizer, optimizer, updates } = part;
    for (const [variable, data] of await gpu.variables.readAll([...variables.keys()])) {
      add(prefix + variables.get(variable)!, variable, data);
    }
    if (!withState) continue;
    for (const [variable, slots] of await minimizer.readSlots(gpu.variables)) {
      slots.forEach((data, slot) => add(slotName(part, slot, variable), variable, data));
    }
    metadata[`${prefix}optimizer`] = optimizer.name;
    metadata[`${prefix}optimizerConfig`] = JSON.stringify(optimizer.config);
    metadata[`${prefix}optimizerSlots`] = optimizer.slotNames.join(' ');
    metadata[`${prefix}trained`] = JSON.stringify(minimizer.variables.map((own) => variables.get(own)!));
    metadata[`${prefix}learningRate`] = String(minimizer.learningRate);
    if (updates !== undefined) metadata[`${prefix}updates`] = String(updates);
  }
  requireFiniteToSave(name, tensors);
  if (!withState) return encodeSafetensors(tensors, metadata);
  const { step, epoch, place } = state.clock;
  return encodeSafetensors(tensors, {
    ...metadata,
    step: String(step),
    epoch: String(epoch),
    place: String(place),
    seed: String(owner.seed),
    progress: JSON.stringify(state.loop?.progress() ?? state.progress),
  });
}

/**
 * Restores a checkpoint. Everything is checked before anything is written: a wrong file leaves all as it was.
 *
 * @throws FormatError if the file is damaged, of another version, or of another architecture
 */
export function decodeCheckpoint(saved: Saved, bytes: Uint8Array, options: LoadOptions = {}): LoadReport {
  const { name = 'checkpoint', partial = false } = options;
  const { tensors, metadata, checked } = decodeSafetensors(bytes, name);
  if (!checked) requireForeign(name, tensors, metadata);
  requireFiniteLoaded(name, tensors);
  const own = metadata.format === FORMAT;
  if (!own && metadata.format?.startsWith('wgrad')) {
    throw new FormatError(
      `${name}: its format is '${metadata.format}', but this version of wgrad reads '${FORMAT}'; load it with the version that saved it`,
    );
  }
  if (own && metadata.kind !== saved.kind) {
    throw new FormatError(
      `${name}: holds a ${metadata.kind}, not a ${saved.kind}; load it into what it was saved from`,
    );
  }
  const writes: (() => void)[] = [];
  const missing: string[] = [];
  const fresh: string[] = [];
  const unused = new Set(tensors.keys());
  const find = (key: string, { shape }: Variable): Float32Array | undefined => {
    const tensor = tensors.get(key);
    unused.delete(key);
    if (!tensor) return undefined;
    if (tensor.dtype === 'F32' && sameShape(tensor.shape, shape)) return tensor.data;
    if (partial) {
      unused.add(key);
      return undefined;
    }
    throw new FormatError(
      `${name}: tensor ${key} is ${tensor.dtype} ${formatShape(tensor.shape)}, but ${saved.name} needs F32 ${formatShape(shape)}; load it into the architecture that it was saved from`,
    );
  };
  let resumes = own && metadata.step !== undefined;
  for (const part of saved.parts) {
    const { prefix, variables, optimizer } = part;
    for (const [variable, key] of variables) {
      const data = find(prefix + key, variable);
      if (data) writes.push(() => saved.gpu.variables.write(variable, data));
      else missing.push(prefix + key);
    }
    const known = resumes && metadata[`${prefix}optimizer`] === optimizer.name;
    resumes &&= known;
    const state = known ? savedState(metadata, prefix) : () => false;
    const slot: Find = (key, variable, name) => {
      const data = state(variables.get(variable)!, name) ? find(key, variable) : undefined;
      if (data || !state(variables.get(variable)!, name)) return data;
      throw new FormatError(`${options.name ?? 'checkpoint'}: has no tensor ${key}; the file is incomplete`);
    };
    restoreOptimizer(saved, part, slot, writes, fresh);
    if (known) restoreRate(part, metadata, name, writes);
  }
  // The state of optimizers that are not at work here, and of layers that are frozen here, is no weight.
  const isState = (key: string) => saved.parts.some(({ prefix }) => key.startsWith(`${prefix}optimizer.`));
  const strange = [...unused].filter((key) => !(own && isState(key)));
  if (!partial) requireAll(saved, name, missing, strange, tensors);
  if (resumes) restoreClock(saved, metadata, name, writes);
  for (const write of writes) write();
  if (!partial || missing.length === 0) saved.state.weightsLost = false;
  return { missing, unused: strange, fresh, resumes };
}

function requireAll(
  { name: model }: Saved,
  name: string,
  missing: readonly string[],
  strange: readonly string[],
  tensors: ReadonlyMap<string, SafeTensor>,
): void {
  const some = (keys: Iterable<string>) => {
    const list = [...keys];
    return list.slice(0, 8).join(', ') + (list.length > 8 ? ', …' : '');
  };
  if (missing.length > 0) {
    throw new FormatError(
      `${name}: has no tensor ${missing[0]}, which ${model} needs; it holds ${some(tensors.keys())}. Load it into the architecture that it was saved from, or with { partial: true }`,
    );
  }
  if (strange.length > 0) {
    throw new FormatError(
      `${name}: holds ${some(strange)}, for which ${model} has no place. Load it into the architecture that it was saved from, or with { partial: true }`,
    );
  }
}

/**
 * The slots of an optimizer. Those that the file lacks start anew: averages at the weights, others at 0.
 */
function restoreOptimizer(
  { gpu }: Saved,
  part: SavedPart,
  find: Find,
  writes: (() => void)[],
  fresh: string[],
): void {
  const { prefix, variables, minimizer, optimizer } = part;
  let averages = true;
  for (const variable of minimizer.variables) {
    optimizer.slotNames.forEach((slot, index) => {
      const data = find(slotName(part, index, variable), variable, slot);
      const key = prefix + variables.get(variable)!;
      if (!data && !fresh.includes(key)) fresh.push(key);
      if (!data && slot === 'averages') averages = false;
      const values = data ?? new Float32Array(sizeOf(variable.shape));
      writes.push(() => minimizer.writeSlot(gpu.variables, variable, index, values));
    });
  }
  if (!averages) writes.push(() => minimizer.restartAverages());
}

/** A number of the metadata. @throws FormatError if it is none that it can be */
function numberIn(
  metadata: Readonly<Record<string, string>>,
  key: string,
  name: string,
  fits: (value: number) => boolean,
): number {
  const value = metadataNumber(metadata, key);
  if (fits(value)) return value;
  throw new FormatError(
    `${name}: its metadata '${key}' is ${metadata[key]}, which is no number that it can be; the file is damaged`,
  );
}

const isSeed = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function restoreRate(
  part: SavedPart,
  metadata: Readonly<Record<string, string>>,
  name: string,
  writes: (() => void)[],
): void {
  const counts = part.updates !== undefined;
  const learningRate = numberIn(metadata, `${part.prefix}learningRate`, name, isRate);
  const updates = counts ? numberIn(metadata, `${part.prefix}updates`, name, isStep) : 0;
  writes.push(() => {
    part.minimizer.learningRate = learningRate;
    if (counts) part.updates = updates;
  });
}

function restoreClock(
  saved: Saved,
  metadata: Readonly<Record<string, string>>,
  name: string,
  writes: (() => void)[],
): void {
  const [step, epoch, place] = ['step', 'epoch', 'place'].map((key) => numberIn(metadata, key, name, isStep));
  const seed = numberIn(metadata, 'seed', name, isSeed);
  const progress = parseProgress(name, metadata.progress);
  writes.push(() => {
    saved.state.clock.set({ step, epoch, place });
    saved.state.progress = progress;
    saved.owner.seed = seed;
  });
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
