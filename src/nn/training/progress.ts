import { FormatError } from '../../errors.ts';
import type { TotalsState } from '../metrics/metric.ts';
import type { CallbackState } from './callbacks.ts';
import type { InputRange } from './fieldChecks.ts';
import type { RunProgress } from './state.ts';

/** What the metadata of a file tell of a run; the best weights themselves are tensors. */
export interface SavedProgress extends Omit<RunProgress, 'bestWeights'> {
  readonly bestWeights: boolean;
}

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isNumbers = (value: unknown): value is number[] => Array.isArray(value) && value.every(isNumber);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads what a checkpoint says of a run in the middle of an epoch. @throws FormatError if it is nothing of the kind */
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
    (known.earlyStopping === undefined || isCallback(known.earlyStopping)) &&
    (known.reduceOnPlateau === undefined || isCallback(known.reduceOnPlateau)) &&
    (known.epochEnds === undefined || typeof known.epochEnds === 'boolean') &&
    (known.bestWeights === undefined || typeof known.bestWeights === 'boolean');
  if (!fits) {
    throw new FormatError(`${name}: its progress within the epoch cannot be read; the file is damaged`);
  }
  const { bestWeights = false, ...counts } = known as Partial<SavedProgress>;
  const { totals, earlyStopping, reduceOnPlateau, epochEnds } = counts;
  return { totals, earlyStopping, reduceOnPlateau, epochEnds, bestWeights };
}

/**
 * Reads what a checkpoint says of the inputs that the model was trained on.
 *
 * @returns undefined where it says nothing
 * @throws FormatError if it is nothing of the kind
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
  const { monitor, mode, best, waited, cooling } = value;
  return (
    typeof monitor === 'string' &&
    (mode === 'min' || mode === 'max') &&
    (best === null || isNumber(best)) &&
    isNumber(waited) &&
    (cooling === undefined || isNumber(cooling))
  );
}
