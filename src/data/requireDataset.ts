import { ArgumentError } from '../errors.ts';
import { describe, isPromise } from '../options.ts';
import type { Dataset } from './types.ts';

const MAKE = 'dataset({ x, y, inputShape: [28, 28, 1] })';

/**
 * Throws unless it is what `dataset` or a loader returns: JavaScript would accept anything.
 *
 * @param caller whose argument it is, for messages
 * @throws ArgumentError that says what to pass instead
 */
export function requireDataset(caller: string, data: unknown): asserts data is Dataset {
  if (isDataset(data)) return;
  throw new ArgumentError(`${caller}: needs a data set, but was given ${advice(data)}`);
}

/**
 * Throws unless it is a data set, an array of numbers, or a list of such arrays: what `predict` takes.
 *
 * @throws ArgumentError that says what to pass instead
 */
export function requireSamples(caller: string, samples: unknown): void {
  const isArray = ArrayBuffer.isView(samples) || Array.isArray(samples);
  if (isArray || isDataset(samples)) return;
  throw new ArgumentError(
    `${caller}: needs a data set, an array of numbers or a list of such arrays, but was given ${advice(samples)}`,
  );
}

/** Whether it is what `dataset` or a loader gives. */
export function isDataset(data: unknown): data is Dataset {
  if (typeof data !== 'object' || data === null) return false;
  const { x, y, size } = data as Partial<Dataset>;
  return typeof size === 'number' && isField(x) && isField(y);
}

const isField = (field: unknown): boolean =>
  typeof field === 'object' && field !== null && 'data' in field && 'shape' in field;

/** What it is, and what to do about it. */
function advice(data: unknown): string {
  if (isPromise(data)) return 'a promise; await it first, as in fit(await load())';
  if (typeof data === 'function') {
    return 'a function; call it, and pass what it gives, or streamed(…) of it where it makes batches';
  }
  if (typeof data !== 'object' || data === null) return `${describe(data)}; make one with ${MAKE}`;
  if (Symbol.iterator in data || Symbol.asyncIterator in data || ArrayBuffer.isView(data)) {
    return `${describe(data)}; put all samples into arrays, and make a data set of them with ${MAKE}, or pass batches one by one with streamed(makeBatches)`;
  }
  const sets = Object.entries(data).filter(([, value]) => isDataset(value));
  if (sets.length > 0)
    return `an object with the data sets ${sets.map(([name]) => name).join(' and ')}; pass one of them`;
  if ('x' in data || 'y' in data)
    return `a plain object with ${Object.keys(data).join(' and ')}; make a data set of it with ${MAKE}`;
  return `${describe(data)}; make one with ${MAKE}`;
}
