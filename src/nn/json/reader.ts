import { ArgumentError, FormatError, LimitError, ShapeError } from '../../errors.ts';
import { parseStrictJson } from '../../io/json.ts';
import { describe } from '../../options.ts';

/** Deeper than any configuration that wgrad writes. */
const MAX_DEPTH = 40;
/** Characters: of a model of ten thousand layers, ten times over. */
const MAX_LENGTH = 50_000_000;

type JsonObject = Readonly<Record<string, unknown>>;

/** Reads JSON that may come from anywhere; whatever it is not becomes a FormatError that says where. */
export class JsonReader {
  readonly #name: string;

  /** @param name what is read, for messages */
  constructor(name: string) {
    this.#name = name;
  }

  fail(reason: string, cause?: unknown): never {
    const text = reason.length > 500 ? `${reason.slice(0, 500)}…` : reason;
    throw new FormatError(`${this.#name}: ${text}`, cause === undefined ? undefined : { cause });
  }

  /** A copy of it that holds nothing but JSON. A text is parsed; what `toJSON` gives may be passed as it is. */
  parse(json: unknown): unknown {
    try {
      const text = typeof json === 'string' ? json : JSON.stringify(json);
      if (text === undefined) return this.fail(`it is ${describe(json)}, not JSON`);
      if (text.length > MAX_LENGTH) return this.fail(`it has more than ${MAX_LENGTH} characters`);
      return parseStrictJson(text, MAX_DEPTH);
    } catch (error) {
      if (error instanceof FormatError) throw error;
      return this.fail(`it is not JSON (${(error as Error).message})`, error);
    }
  }

  /** An object with these names and no others; those in `optional` may be missing. */
  object(
    value: unknown,
    where: string,
    names: readonly string[],
    optional: readonly string[] = [],
  ): JsonObject {
    const found = this.record(value, where);
    const missing = names.find((name) => !Object.hasOwn(found, name));
    if (missing !== undefined) this.fail(`${where} has no "${missing}"; the file is incomplete`);
    const extra = Object.keys(found).find((name) => !names.includes(name) && !optional.includes(name));
    if (extra !== undefined) {
      this.fail(`${where} has "${extra}", which is unknown here; was it saved by a newer version of wgrad?`);
    }
    return found;
  }

  record(value: unknown, where: string): JsonObject {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
    return this.fail(`${where} is ${describe(value)}, expected an object`);
  }

  list(value: unknown, where: string, most: number): readonly unknown[] {
    if (!Array.isArray(value)) return this.fail(`${where} is ${describe(value)}, expected a list`);
    if (value.length > most) return this.fail(`${where} has ${value.length} entries, more than ${most}`);
    return value;
  }

  text(value: unknown, where: string): string {
    if (typeof value === 'string' && value !== '') return value;
    return this.fail(`${where} is ${describe(value)}, expected a text`);
  }

  /** A whole number from 0 to `most`. */
  whole(value: unknown, where: string, most = Number.MAX_SAFE_INTEGER): number {
    if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most)
      return value as number;
    return this.fail(`${where} is ${describe(value)}, expected a whole number from 0 to ${most}`);
  }

  /** The result of `make`; an ArgumentError of it becomes an error of the file. */
  made<T>(where: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      const ours = [ArgumentError, ShapeError, LimitError].some((type) => error instanceof type);
      if (!ours) throw error;
      return this.fail(`${where}: ${(error as Error).message}`, error);
    }
  }
}
