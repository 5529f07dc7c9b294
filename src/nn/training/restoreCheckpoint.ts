import { FormatError } from '../../errors.ts';
import type { Variable } from '../../ops/core/leaves.ts';
import { formatShape, sameShape, sizeOf } from '../../ops/core/shape.ts';
import { isFiniteSteps, isLossScale } from '../../runtime/lossScale.ts';
import type { LossScaleState } from '../../runtime/lossScale.ts';
import { isRate, isStep } from '../../runtime/ranges.ts';
import { numberIn, SCHEDULED, stateKey } from './checkpoint.ts';
import type { Checkpoint, LoadReport, PartShape, Saved, SavedPart, Shape } from './checkpoint.ts';
import { parseProgress, parseRanges } from './progress.ts';

/** What is to be written into one part. */
interface PartValues {
  readonly weights: ReadonlyMap<Variable, Float32Array>;
  /** Of each trained variable, by slot. Those that the file lacks are undefined: they start from zero. */
  readonly slots: ReadonlyMap<Variable, readonly (Float32Array | undefined)[]>;
  readonly best: ReadonlyMap<Variable, Float32Array>;
  readonly learningRate?: number;
  readonly updates?: number;
  readonly lossScale?: LossScaleState;
}

/** What a file would write into a model: checked, not yet written. */
interface Restoration {
  readonly report: LoadReport;
  readonly parts: readonly PartValues[];
  readonly clock?: {
    readonly step: number;
    readonly epoch: number;
    readonly place: number;
    readonly seed: number;
    readonly progress: ReturnType<typeof parseProgress>;
  };
  readonly trainedOn: ReturnType<typeof parseRanges>;
}

/**
 * Compares a file with what it is to be loaded into, without a GPU.
 *
 * @throws FormatError if it is of another architecture or kind, or has impossible metadata
 */
export function planRestore(shape: Shape, file: Checkpoint): Restoration {
  const { name, partial, tensors, metadata, own } = file;
  if (own && metadata.kind !== shape.kind) {
    throw new FormatError(
      `${name}: holds a ${metadata.kind}, not a ${shape.kind}; load it into what it was saved from`,
    );
  }
  const missing: string[] = [];
  const fresh: string[] = [];
  const unused = new Set(tensors.keys());
  const find = (key: string, variable: Variable): Float32Array | undefined => {
    const tensor = tensors.get(key);
    unused.delete(key);
    if (!tensor) return undefined;
    if (tensor.dtype === 'F32' && sameShape(tensor.shape, variable.shape)) return tensor.data;
    if (partial) {
      unused.add(key);
      return undefined;
    }
    throw new FormatError(
      `${name}: tensor ${key} is ${tensor.dtype} ${formatShape(tensor.shape)}, but ${shape.name} needs F32 ${formatShape(variable.shape)}; load it into the architecture that it was saved from`,
    );
  };
  const mark = metadata.mark ?? '';
  const progress = own && metadata.step !== undefined ? parseProgress(name, metadata.progress) : undefined;
  let resumes = progress !== undefined;
  const parts = shape.parts.map((part): PartValues => {
    const weights = new Map<Variable, Float32Array>();
    for (const [variable, key] of part.variables) {
      const data = find(part.prefix + key, variable);
      if (data) weights.set(variable, data);
      else missing.push(part.prefix + key);
    }
    const known = resumes && (!part.optimizer || metadata[`${part.prefix}optimizer`] === part.optimizer.name);
    resumes &&= known;
    const slots = slotsOf(part, file, known, mark, find);
    for (const [variable, values] of slots) {
      if (values.includes(undefined)) fresh.push(part.prefix + part.variables.get(variable)!);
    }
    const best = new Map<Variable, Float32Array>();
    for (const [variable, key] of progress?.bestWeights ? part.variables : []) {
      const place = stateKey.best(part.prefix, mark, key);
      const data = find(place, variable);
      if (data) best.set(variable, data);
      else if (weights.has(variable) && !tensors.has(place)) incomplete(name, place);
    }
    return { weights, slots, best, ...(known && rateOf(part, file)) };
  });
  // The state of optimizers that are not used here, and of layers that are frozen here, is not a weight.
  const isState = (key: string) => own && shape.parts.some(({ prefix }) => stateKey.is(prefix, mark, key));
  const strange = [...unused].filter((key) => !isState(key));
  if (!partial) requireAll(shape, file, missing, strange);
  return {
    report: { missing, unused: strange, fresh, resumes },
    parts,
    ...(resumes && { clock: clockOf(file, progress!) }),
    trainedOn: own ? parseRanges(name, metadata.trainedOn) : undefined,
  };
}

/** The optimizer's slots; undefined are those that the file does not say it has. */
function slotsOf(
  { prefix, variables, trained, optimizer }: PartShape,
  { name, metadata, tensors }: Checkpoint,
  known: boolean,
  mark: string,
  find: (key: string, variable: Variable) => Float32Array | undefined,
): Map<Variable, (Float32Array | undefined)[]> {
  const saved = known ? (metadata[`${prefix}optimizerSlots`] ?? '').split(' ').filter(Boolean) : [];
  const keys = known ? listIn(metadata[`${prefix}trained`]) : [];
  const slots = new Map<Variable, (Float32Array | undefined)[]>();
  for (const variable of trained) {
    const key = variables.get(variable)!;
    const values = (optimizer?.slotNames ?? saved).map((slot) => {
      if (!saved.includes(slot) || !keys.includes(key)) return undefined;
      const place = stateKey.slot(prefix, mark, slot, key);
      return tensors.has(place) ? find(place, variable) : incomplete(name, place);
    });
    slots.set(variable, values);
  }
  return slots;
}

function incomplete(name: string, key: string): never {
  throw new FormatError(`${name}: has no tensor ${key}; the file is incomplete`);
}

function listIn(text: string | undefined): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function requireAll(
  { name: model }: Shape,
  { name, tensors }: Checkpoint,
  missing: readonly string[],
  strange: readonly string[],
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

function rateOf(
  { prefix, counts }: PartShape,
  file: Checkpoint,
): Pick<PartValues, 'learningRate' | 'updates' | 'lossScale'> {
  const key = `${prefix}learningRate`;
  const learningRate = file.metadata[key] === SCHEDULED ? undefined : numberIn(file, key, isRate);
  const scaled = file.metadata[`${prefix}lossScale`] !== undefined;
  return {
    learningRate,
    ...((counts || scaled) && { updates: numberIn(file, `${prefix}updates`, isStep) }),
    ...(scaled && {
      lossScale: {
        scale: numberIn(file, `${prefix}lossScale`, isLossScale),
        finiteSteps: numberIn(file, `${prefix}finiteSteps`, isFiniteSteps),
      },
    }),
  };
}

const isSeed = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function clockOf(
  file: Checkpoint,
  progress: ReturnType<typeof parseProgress>,
): NonNullable<Restoration['clock']> {
  const [step, epoch, place] = ['step', 'epoch', 'place'].map((key) => numberIn(file, key, isStep));
  return { step, epoch, place, seed: numberIn(file, 'seed', isSeed), progress };
}

/**
 * Restores a checkpoint. Everything is checked before anything is written: a wrong file leaves all as it was.
 *
 * @param names of the variables of each part, where they are others than now
 * @throws FormatError if the file is of another architecture
 */
export function restoreCheckpoint(
  saved: Saved,
  file: Checkpoint,
  names: readonly ReadonlyMap<Variable, string>[] = saved.parts.map(({ variables }) => variables),
): LoadReport {
  const { name, kind, state, owner } = saved;
  const shapes = saved.parts.map(({ prefix, trained, optimizer, counts }, i): PartShape => {
    return { prefix, trained, optimizer, counts, variables: names[i] };
  });
  const { report, parts, clock, trainedOn } = planRestore({ name, kind, parts: shapes }, file);
  saved.parts.forEach((part, i) => write(saved, part, parts[i], clock?.step));
  if (clock) {
    const { progress, seed, ...place } = clock;
    const best = new Map(parts.flatMap((own) => [...own.best]));
    state.clock.set(place);
    state.progress = { ...progress, bestWeights: progress.bestWeights ? best : undefined };
    owner.seed = seed;
  }
  if (trainedOn) state.trainedOn = trainedOn;
  if (report.missing.length === 0) state.weightsLost = false;
  return report;
}

/** @param step steps done, if training is to continue; where none was skipped, each made an update */
function write({ gpu }: Saved, part: SavedPart, values: PartValues, step: number | undefined): void {
  const { minimizer, optimizer } = part;
  for (const [variable, data] of values.weights) gpu.variables.write(variable, data);
  if (optimizer.averages) minimizer.restartAverages(); // at the weights, where the file has none
  for (const [variable, slots] of values.slots) {
    slots.forEach((own, index) => {
      if (!own && optimizer.slotNames[index] === 'averages') return;
      minimizer.writeSlot(gpu.variables, variable, index, own ?? new Float32Array(sizeOf(variable.shape)));
    });
  }
  if (values.learningRate !== undefined && !optimizer.givesRates)
    minimizer.learningRate = values.learningRate;
  if (part.counts && values.updates !== undefined) part.updates = values.updates;
  if (!minimizer.lossScale || step === undefined) return;
  minimizer.lossScale.write(values.lossScale);
  if (!part.counts) minimizer.writeCount(values.updates ?? step);
}
