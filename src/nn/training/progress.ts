import { FormatError } from '../../errors.ts';
import type { TotalsState } from '../metrics/metric.ts';
import type { CallbackState, SavedCallback } from '../callbacks/monitor.ts';
import type { InputRange } from './fieldChecks.ts';
import type { RunProgress } from './state.ts';

/** The facts about a run in the metadata of a file; the best weights themselves are tensors. */
export interface SavedProgress extends Omit<RunProgress, 'bestWeights'> {
  readonly bestWeights: boolean;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads the progress of a run in the middle of an epoch from a checkpoint. @throws FormatError if it is malformed */
export function parseProgress(name: string, text: string | undefined): SavedProgress {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    value = undefined;
  }
  const known = isRecord(value) ? value : undefined;
  const fits =
    known &&
    (known.totals === undefined || isTotals(known.totals)) &&
    callbacksIn(known).every(isSaved) &&
    (known.data === undefined || isPosition(known.data)) &&
    (known.epochBegun === undefined || typeof known.epochBegun === 'boolean') &&
    (known.epochEnds === undefined || typeof known.epochEnds === 'boolean') &&
    (known.bestWeights === undefined || typeof known.bestWeights === 'boolean');
  if (!fits) {
    throw new FormatError(`${name}: its progress within the epoch cannot be read; the file is damaged`);
  }
  const { totals, data, epochBegun, epochEnds, bestWeights = false } = known as Partial<SavedProgress>;
  const saved = callbacksIn(known) as SavedCallback[];
  const callbacks = saved.length > 0 ? saved : undefined;
  return { totals, callbacks, data, epochBegun, epochEnds, bestWeights };
}

/** Files from before there were lists of callbacks have two of them by name. */
function callbacksIn({ callbacks = [], ...known }: Readonly<Record<string, unknown>>): unknown[] {
  const named = ['earlyStopping', 'reduceOnPlateau'].filter((callback) => known[callback] !== undefined);
  const before = named.map((callback) => ({ callback, ...(known[callback] as object) }));
  return Array.isArray(callbacks) ? [...callbacks, ...before] : [callbacks];
}

const isSaved = (value: unknown): value is SavedCallback =>
  isRecord(value) && typeof value.callback === 'string' && isCallback(value);

/**
 * Reads from a checkpoint which inputs the model was trained on.
 *
 * @returns undefined where it has none
 * @throws FormatError if it is malformed
 */
export function parseRanges(
  name: string,
  text: string | undefined,
): readonly (InputRange | undefined)[] | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const isRange = (range: unknown) =>
    range === null ||
    (isRecord(range) && typeof range.bytes === 'boolean' && isNumber(range.low) && isNumber(range.high));
  if (!Array.isArray(value) || !value.every(isRange)) {
    throw new FormatError(`${name}: what its model was trained on cannot be read; the file is damaged`);
  }
  return (value as (InputRange | null)[]).map((range) => range ?? undefined);
}

function isPosition(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return [value.pass, value.place, value.steps].every((own) => Number.isSafeInteger(own) && Number(own) >= 0);
}

function isTotals(value: unknown): value is TotalsState {
  if (!isRecord(value)) return false;
  const { names, sums, counts } = value;
  const named = Array.isArray(names) && names.every((name) => typeof name === 'string');
  return (
    named &&
    Array.isArray(sums) &&
    sums.every(isNumbers) &&
    isNumbers(counts) &&
    sums.length === counts.length
  );
}

function isCallback(value: unknown): value is CallbackState {
  if (!isRecord(value)) return false;
  const { monitor, mode, best, waited, cooling, improved } = value;
  return (
    typeof monitor === 'string' &&
    (mode === 'min' || mode === 'max') &&
    (best === null || isNumber(best)) &&
    isNumber(waited) &&
    (cooling === undefined || isNumber(cooling)) &&
    (improved === undefined || typeof improved === 'boolean')
  );
}
