import { FormatError } from '../../errors.ts';

/** What was measured of one choice. */
export interface TunedChoice {
  readonly variant: string;
  /** Time of one run. */
  readonly microseconds: number;
  /** What the family's rule would have chosen, and its time. */
  readonly rule: string;
  readonly ruleMicroseconds: number;
  /** Hash of the candidates and the family's kernels, as they were measured. */
  readonly sources: string;
  /** Hash of the variant's plan. */
  readonly fingerprint: string;
}

/** What was measured on one adapter. */
export interface Measurements {
  readonly residentWorkgroups?: number;
  /** By the key of the choice. */
  readonly choices: Readonly<Record<string, TunedChoice>>;
}

export const NOTHING: Measurements = { choices: {} };

/** Where measurements are kept from one session to the next: a file, the browser's database, or a store of your own. */
export interface TuningStore {
  /** For messages. */
  readonly name: string;
  /** The measurements of an adapter. Errors that it throws are reported and otherwise ignored. */
  load(adapter: string): Promise<Measurements>;
  /** Adds to what is known, of this adapter and of others; never half of it. */
  save(adapter: string, measured: Measurements): Promise<void>;
}

/** Choices that are kept of an adapter, and adapters. Those of a model's training step are some 20 choices. */
export const MOST_CHOICES = 1000;
export const MOST_ADAPTERS = 16;

/** The newer measurements in the place of the older ones; the oldest choices are forgotten where there are too many. */
export function merge(older: Measurements, newer: Measurements): Measurements {
  return { ...older, ...newer, choices: withNewest(older.choices, newer.choices, MOST_CHOICES) };
}

/** Adds to what is known of an adapter; of too many adapters those are forgotten that were measured the longest ago. */
export function remember(
  known: Readonly<Record<string, Measurements>>,
  adapter: string,
  measured: Measurements,
): Record<string, Measurements> {
  const merged = merge(known[adapter] ?? NOTHING, measured);
  return withNewest(known, { [adapter]: merged }, MOST_ADAPTERS);
}

/** Both records, the older entries first, without the first ones of more than `most`. */
function withNewest<T>(
  older: Readonly<Record<string, T>>,
  newer: Readonly<Record<string, T>>,
  most: number,
): Record<string, T> {
  const kept = Object.entries(older).filter(([name]) => !Object.hasOwn(newer, name));
  return Object.fromEntries([...kept, ...Object.entries(newer)].slice(-most));
}

const FORMAT = 'wgrad tuning';
const VERSION = 1;

/** Measurements by adapter, as a readable file. */
export function encodeMeasurements(byAdapter: Readonly<Record<string, Measurements>>): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, adapters: byAdapter }, undefined, 1)}\n`;
}

/** @throws FormatError where the text is not of `encodeMeasurements`, or of another version */
export function decodeMeasurements(text: string): Record<string, Measurements> {
  const file = parsed(text);
  if (!isRecord(file) || file.format !== FORMAT) throw new FormatError('it holds no measurements');
  if (file.version !== VERSION) {
    throw new FormatError(
      `it is of version ${String(file.version)}, and this wgrad reads version ${VERSION}`,
    );
  }
  if (!isRecord(file.adapters)) throw new FormatError(DAMAGED);
  Object.values(file.adapters).forEach(requireMeasurements);
  return file.adapters as Record<string, Measurements>;
}

const DAMAGED = 'its measurements are damaged';

/** @throws FormatError unless they are measurements of one adapter */
export function requireMeasurements(value: unknown): void {
  if (!isMeasurements(value)) throw new FormatError(DAMAGED);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`it is not JSON (${(cause as Error).message})`, { cause });
  }
}

function isMeasurements(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value.choices)) return false;
  const { residentWorkgroups: resident } = value;
  if (resident !== undefined && !(Number.isSafeInteger(resident) && (resident as number) > 0)) return false;
  return Object.values(value.choices).every(isChoice);
}

function isChoice(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const texts = ['variant', 'rule', 'sources', 'fingerprint'].map((name) => value[name]);
  const times = ['microseconds', 'ruleMicroseconds'].map((name) => value[name]);
  return texts.every((text) => typeof text === 'string') && times.every(Number.isFinite);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
