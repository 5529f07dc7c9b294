import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Deeper than any configuration: a schedule within a schedule, a pair within a pair. */
const MAX_DEPTH = 32;

/**
 * A copy of a value that JSON can hold, without what is undefined.
 *
 * @param owner whose it is, for messages
 * @throws ArgumentError that names what JSON cannot hold: a function, a class, NaN, infinity
 */
export function plainJson(owner: string, value: unknown, path = '', depth = 0): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (depth > MAX_DEPTH) throw new ArgumentError(`${owner}: ${path} is nested more than ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) {
    return value.map((entry, i) => plainJson(owner, entry, `${path}[${i}]`, depth + 1));
  }
  if (isPlain(value)) {
    const entries = Object.entries(value).filter(([, own]) => own !== undefined);
    return Object.fromEntries(
      entries.map(([name, own]) => [name, plainJson(owner, own, path ? `${path}.${name}` : name, depth + 1)]),
    );
  }
  if (typeof value === 'function') {
    const own = value.name ? `${value.name}, a function of your own` : 'a function of your own';
    throw new ArgumentError(
      `${owner}: ${path} is ${own}, which cannot be written into a file; name one of wgrad's, or make a layer class that has it, and register that with registerLayer`,
    );
  }
  throw new ArgumentError(`${owner}: ${path} is ${describe(value)}, which cannot be written into a file`);
}

/** An object that JSON.parse or a literal has made. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
