/** What the page declares once of each of its settings. Page, worker and the HTML of the controls are made from it. */

/** What a change of a setting does. */
export type Acts =
  /** The trainee's `set` is called. */
  | 'now'
  /** The same network begins again with its first weights. */
  | 'restart'
  /** Another network is made, which takes over the weights. */
  | 'rebuild'
  /** Another network is made, from its first weights. */
  | 'anew'
  /** Other data are loaded, and the same network begins again. */
  | 'data'
  /** Other data are loaded, and another network is made for them. */
  | 'afresh'
  /** Nothing by itself: it is kept in the address, for the page. */
  | 'page'
  /** It is read when the page opens. */
  | 'load';

/** A first value that depends on what another setting is, and goes back to it when that one changes. */
export interface By<T> {
  readonly of: string;
  readonly values: Readonly<Record<string, T>>;
}

export type Control =
  | {
      readonly kind: 'range';
      readonly min: number;
      readonly max: number;
      readonly step: number;
      readonly log: boolean;
    }
  | { readonly kind: 'select' | 'segments'; readonly options: readonly Option[] }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'toggle' };

export interface Option {
  readonly value: string;
  readonly label: string;
  /** Shown below the control while the option is chosen. */
  readonly note?: string;
}

export interface Setting<T> {
  readonly initial: T | By<T>;
  /** Undefined where the text makes no sense: then the initial value stands. */
  parse(text: string): T | undefined;
  format(value: T): string;
  /** What the text must be, in words: "from 0 to 1". */
  readonly allowed: string;
  readonly acts: Acts;
  /** Undefined: the setting lives in the address alone. */
  readonly control?: Control;
  readonly label?: string;
  readonly hint?: string;
  /** How the value reads beside its control. */
  readonly show: (value: T) => string;
  /** On a software adapter the initial value is no larger than this. */
  readonly softwareMost?: number;
  /** The largest value where another setting decides that; the slider ends there. */
  readonly most?: (values: Readonly<Record<string, any>>) => number;
}

export type Settings = Readonly<Record<string, Setting<any>>>;
export type ValuesOf<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

interface Shown {
  readonly label: string;
  readonly hint?: string;
  readonly acts: Acts;
}

const isBy = (initial: unknown): initial is By<unknown> =>
  typeof initial === 'object' && initial !== null && 'of' in initial;

/** `by('preset', { quick: 0.002, keras: 0.001 })`: each option of another setting has its own. */
export function by<T>(of: string, values: Readonly<Record<string, T>>): By<T> {
  return { of, values };
}

/**
 * A number on a slider, a whole one where its steps are. Values beyond the slider may stand in the address, as far as
 * `limits` go.
 */
export function range(
  options: Shown & {
    readonly initial: number | By<number>;
    readonly min: number;
    readonly max: number;
    /** Of the slider: in decades where `scale` is 'log'. */
    readonly step: number;
    readonly scale?: 'linear' | 'log';
    /** Default: from 0 to ten times the slider's end. */
    readonly limits?: readonly [number, number];
    readonly most?: Setting<number>['most'];
    readonly show?: (value: number) => string;
  },
): Setting<number> {
  const { initial, min, max, step, scale, limits = [0, 10 * max], show = twoFigures, ...shown } = options;
  const log = scale === 'log';
  const isWhole = !log && Number.isInteger(min) && Number.isInteger(step);
  const control = { kind: 'range', min, max, step, log } as const;
  return { ...shown, initial, ...numeric(limits[0], limits[1], isWhole), control, show };
}

/** One of a few words, in a list or, as `segments`, side by side. */
export function options<const T extends string>(
  given: Shown & {
    readonly initial: NoInfer<T>;
    readonly values: readonly T[];
    readonly labels?: Readonly<Partial<Record<T, string>>>;
    readonly notes?: Readonly<Partial<Record<T, string>>>;
    readonly segments?: boolean;
  },
): Setting<T> {
  const { initial, values, labels, notes, segments, ...shown } = given;
  const all = values.map((value) => ({ value, label: labels?.[value] ?? value, note: notes?.[value] }));
  return {
    ...shown,
    initial,
    ...choice(values),
    control: { kind: segments ? 'segments' : 'select', options: all },
    show: (value) => labels?.[value] ?? value,
  };
}

/** One of a few numbers; others may stand in the address, as far as `limits` go. */
export function numbers(
  given: Shown & {
    readonly initial: number | By<number>;
    readonly values: readonly number[];
    readonly limits?: readonly [number, number];
    readonly segments?: boolean;
    readonly show?: (value: number) => string;
    readonly softwareMost?: number;
  },
): Setting<number> {
  const { initial, values, limits, segments, show = String, ...shown } = given;
  const any = limits && numeric(limits[0], limits[1], true);
  return {
    ...shown,
    initial,
    parse: any?.parse ?? ((text) => values.find((value) => String(value) === text)),
    format: String,
    allowed: any?.allowed ?? oneOf(values),
    control: {
      kind: segments ? 'segments' : 'select',
      options: values.map((value) => ({ value: String(value), label: show(value) })),
    },
    show,
  };
}

/** A whole number in a field. */
export function whole(
  given: Shown & { readonly initial: number; readonly min: number; readonly max: number },
): Setting<number> {
  const { initial, min, max, ...shown } = given;
  const control = { kind: 'number', min, max } as const;
  return { ...shown, initial, ...numeric(min, max, true), control, show: String };
}

/** A switch: 1 or 0 in the address. */
export function toggle(given: Shown & { readonly initial?: boolean }): Setting<boolean> {
  const { initial = false, ...shown } = given;
  return {
    ...shown,
    initial,
    parse: (text) => (text === '1' ? true : text === '0' ? false : undefined),
    format: (value) => (value ? '1' : '0'),
    allowed: oneOf(['1', '0']),
    control: { kind: 'toggle' },
    show: (value) => (value ? 'on' : 'off'),
  };
}

/** On a slider of decades, in effect at once. */
export const learningRate = ({
  label = 'Learning rate',
  ...own
}: Pick<Parameters<typeof range>[0], 'min' | 'max' | 'initial' | 'limits'> & { label?: string }) =>
  range({ label, acts: 'now', scale: 'log', step: 0.05, ...own });

/** Of the first weights, and of what else is random. */
export const seed = (): Setting<number> =>
  whole({ label: 'Seed', acts: 'anew', initial: 0, min: 0, max: 2 ** 32 - 1 });

/** Steps a second, for eyes to follow. The frame itself keeps to it: the setting has to be called `speed`. */
export const speed = (): Setting<Speed> =>
  options({
    label: 'Speed',
    acts: 'now',
    initial: 'full',
    values: SPEEDS,
    labels: { full: 'as fast as possible', '5': '5 steps per second', '1': '1 step per second' },
  });

const SPEEDS = ['full', '5', '1'] as const;
export type Speed = (typeof SPEEDS)[number];

/** What has no control: it is in the address alone. */
export const hidden = {
  number<T extends number | undefined>(given: {
    readonly initial: T;
    readonly min: number;
    readonly max: number;
    readonly fractions?: boolean;
    readonly acts?: Acts;
    readonly softwareMost?: number;
  }): Setting<T extends undefined ? number | undefined : number> {
    const { min, max, fractions, acts = 'page', ...rest } = given;
    const setting = { ...rest, acts, ...numeric(min, max, !fractions), show: String };
    return setting as Setting<any>;
  },
  choice<const T extends string>(values: readonly T[], initial: NoInfer<T>, acts: Acts = 'page'): Setting<T> {
    return { initial, ...choice(values), acts, show: String };
  },
  text(initial: string, isValid: (text: string) => boolean, acts: Acts = 'page'): Setting<string> {
    const parse = (text: string) => (isValid(text) ? text : undefined);
    return { initial, parse, format: String, allowed: 'as in a copied link', acts, show: String };
  },
};

/** What every page that trains has beside its own settings. */
const COMMON = {
  /** Begin without waiting for the button. */
  play: hidden.choice(['0', '1'], '0', 'load'),
  /** Open on the trained network, where the page brings one, or on one that knows nothing yet. */
  start: hidden.choice(['trained', 'scratch'], 'trained'),
};
export type Common = typeof COMMON;

/** The settings of a page, in the order of their controls. */
export function settings<S extends Settings>(own: S): S & Common {
  for (const [name, { initial }] of Object.entries(own)) {
    if (isBy(initial) && !(initial.of in own)) {
      throw new Error(`The setting '${name}' takes its value by '${initial.of}', which is not a setting.`);
    }
  }
  return { ...own, ...COMMON };
}

/** The value of a setting before it is set. */
export function initialOf(
  all: Settings,
  name: string,
  values: Readonly<Record<string, unknown>>,
  software: boolean,
): unknown {
  const { initial, softwareMost } = all[name];
  const value: unknown = isBy(initial) ? initial.values[String(values[initial.of])] : initial;
  if (!software || softwareMost === undefined) return value;
  return Math.min(softwareMost, (value as number | undefined) ?? Infinity);
}

/** The settings that go back to their initial values when this one changes. */
export function dependents(all: Settings, name: string): string[] {
  return Object.keys(all).filter((each) => {
    const { initial } = all[each];
    return isBy(initial) && initial.of === name;
  });
}

/** The settings in an order in which each stands after the one that it depends on. */
export function ordered(all: Settings): string[] {
  const depends = (name: string) => isBy(all[name].initial);
  const names = Object.keys(all);
  return [...names.filter((name) => !depends(name)), ...names.filter(depends)];
}

/** The values of all settings before any is set. */
export function initialValues(all: Settings): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const name of ordered(all)) values[name] = initialOf(all, name, values, false);
  return values;
}

/** Where a number stands on its slider; what is beyond it, such as a rate of 0, at its end. */
export function placeOf(value: number, { min, log }: { min: number; log: boolean }): number {
  return log ? Number(Math.log10(Math.max(value, min)).toFixed(6)) : value;
}

function numeric(min: number, max: number, integer: boolean) {
  return {
    parse: (text: string): number | undefined => {
      const value = text.trim() === '' ? NaN : Number(text);
      return value >= min && value <= max && (!integer || Number.isInteger(value)) ? value : undefined;
    },
    format: (value: number): string => String(value),
    allowed: `${integer ? 'a whole number ' : ''}from ${min} to ${max}`,
  };
}

function choice<const T extends string>(values: readonly T[]) {
  return {
    parse: (text: string): T | undefined => values.find((value) => value === text),
    format: (value: T): string => value,
    allowed: oneOf(values),
  };
}

function oneOf(values: readonly (string | number)[]): string {
  return values.length > 1 ? `${values.slice(0, -1).join(', ')} or ${values.at(-1)}` : String(values[0]);
}

const twoFigures = (value: number): string =>
  Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
