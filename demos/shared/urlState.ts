/** How one setting is read from and written to the address. */
export interface Field<T> {
  readonly initial: T;
  /** Undefined where the text makes no sense: then the initial value stands. */
  parse(text: string): T | undefined;
  format(value: T): string;
}

type Fields = Readonly<Record<string, Field<any>>>;
export type Values<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[], initial: NoInfer<T>): Field<T> {
  return { initial, parse: (text) => words.find((word) => word === text), format: (value) => value };
}

interface Range {
  readonly min: number;
  readonly max: number;
  /** Whole numbers only; default false. */
  readonly whole?: boolean;
}

/** A number within a range. Without an initial value it is `undefined` until someone sets it. */
export function number(range: Range, initial: number): Field<number>;
export function number(range: Range): Field<number | undefined>;
export function number({ min, max, whole }: Range, initial?: number): Field<number | undefined> {
  const parse = (text: string) => {
    const value = text.trim() === '' ? NaN : Number(text);
    return value >= min && value <= max && (!whole || Number.isInteger(value)) ? value : undefined;
  };
  return { initial, parse, format: String };
}

/**
 * Settings that live in the page's address, so that a link shares them. Initial values are left out of it; what
 * others put there is left alone.
 *
 * ```ts
 * const state = new UrlState({ seed: number({ min: 0, max: 99, whole: true }, 1) });
 * state.set({ seed: 7 }); // …/?seed=7
 * ```
 */
export class UrlState<F extends Fields> {
  readonly #fields: F;
  readonly #values: Values<F>;

  constructor(fields: F) {
    this.#fields = fields;
    const query = new URLSearchParams(location.search);
    const read = ([name, field]: [string, Field<unknown>]) => {
      const text = query.get(name);
      return [name, (text !== null ? field.parse(text) : undefined) ?? field.initial];
    };
    this.#values = Object.fromEntries(Object.entries(fields).map(read)) as Values<F>;
  }

  get values(): Readonly<Values<F>> {
    return this.#values;
  }

  /** Changes some of the values and the address; `undefined` goes back to the initial value. */
  set(changes: Partial<Values<F>>): void {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
      const field = this.#fields[name];
      Object.assign(this.#values, { [name]: value ?? field.initial });
      if (value === undefined || value === field.initial) url.searchParams.delete(name);
      else url.searchParams.set(name, field.format(value));
    }
    history.replaceState(history.state, '', url);
  }
}
