import { ArgumentError } from '../errors.ts';
import { didYouMean } from '../nearestName.ts';
import { checkOptions, describe, required, settle } from '../options.ts';
import type { Defaults } from '../options.ts';
import type { VariableConstraint } from '../ops/core/leaves.ts';
import { normalizeAxis } from '../ops/core/shape.ts';
import type { Shape } from '../ops/core/shape.ts';

/**
 * A constraint on a weight: after every update that an optimizer makes, the weight is projected (Keras). The initial value
 * is not changed. A Variable of your own takes it, too, as its `constraint`.
 */
export interface Constraint {
  (shape: Shape, owner?: string): VariableConstraint;
  /** The options it was made with, which represent it in files and options. */
  readonly config: ConstraintConfig;
}

/** Axes of a weight: one, or several. */
type Axes = number | readonly number[];

/** A constraint as plain JSON. */
export type ConstraintConfig =
  | { readonly name: 'maxNorm'; readonly maxValue?: number; readonly axis?: Axes }
  | { readonly name: 'nonNeg' }
  | { readonly name: 'unitNorm'; readonly axis?: Axes }
  | ({ readonly name: 'minMaxNorm' } & Readonly<MinMaxNormOptions>);

/** A constraint as layers take it: by name, with its defaults, as an object, or as JSON. */
export type ConstraintSpec = ConstraintConfig['name'] | Constraint | ConstraintConfig;

function checkNumber(caller: string, option: string, value: number, most = Infinity): void {
  const fits = typeof value === 'number' && Number.isFinite(Math.fround(value)) && value >= 0;
  if (fits && value <= most) return;
  const range = most === Infinity ? 'a finite number of at least 0' : `from 0 to ${most}`;
  throw new ArgumentError(`${caller}: ${option} is ${describe(value)}; it must be ${range}`);
}

function checkAxes(caller: string, axis: Axes): void {
  const list: readonly unknown[] = Array.isArray(axis) ? axis : [axis];
  if (list.length > 0 && list.every(Number.isInteger)) return;
  throw new ArgumentError(
    `${caller}: axis is ${describe(axis)}; give an axis of the weight, or a list such as [0, 1, 2]`,
  );
}

const ofNorm = (
  config: Exclude<ConstraintConfig, { name: 'nonNeg' }>,
  bounds: { low: number; high: number; rate: number; axis: Axes },
): Constraint => {
  const { axis, ...own } = bounds;
  checkAxes(config.name, axis);
  const project = (shape: Shape, owner = 'a weight'): VariableConstraint => {
    const axes = [axis].flat().map((one) => normalizeAxis(one, shape, `${owner}: ${config.name}`));
    return { kind: 'norm', ...own, axes: [...new Set(axes)] };
  };
  return Object.assign(project, { config });
};

export interface MaxNormOptions {
  /** The largest norm; default 2. */
  maxValue?: number;
  /** Of the weight, those that a norm is taken over; default 0: [0, 1, 2] for each filter of a convolution. */
  axis?: Axes;
}

/**
 * Norms of at most maxValue: w ← w · clip(‖w‖, 0, maxValue) / (1e-7 + ‖w‖) (Srivastava et al. 2014; Keras's MaxNorm).
 *
 * @throws ArgumentError if maxValue is below 0, or an axis no whole number
 */
export function maxNorm(options: MaxNormOptions = {}): Constraint {
  const { maxValue, axis } = settle('maxNorm', options, { maxValue: 2, axis: 0 });
  checkNumber('maxNorm', 'maxValue', maxValue);
  return ofNorm({ name: 'maxNorm', maxValue, axis }, { low: 0, high: maxValue, rate: 1, axis });
}

/** Numbers of at least 0: w ← max(w, 0) (Keras's NonNeg). */
export function nonNeg(): Constraint {
  const project = (): VariableConstraint => ({ kind: 'nonNegative' });
  return Object.assign(project, { config: { name: 'nonNeg' } as const });
}

export interface UnitNormOptions {
  /** As of maxNorm. */
  axis?: Axes;
}

/**
 * Norms of 1: w ← w / (1e-7 + ‖w‖) (Keras's UnitNorm).
 *
 * @throws ArgumentError if an axis is not a whole number
 */
export function unitNorm(options: UnitNormOptions = {}): Constraint {
  const { axis } = settle('unitNorm', options, { axis: 0 });
  return ofNorm({ name: 'unitNorm', axis }, { low: 1, high: 1, rate: 1, axis });
}

export interface MinMaxNormOptions {
  /** The smallest norm; default 0. */
  minValue?: number;
  /** The largest norm; default 1. */
  maxValue?: number;
  /** The share of the way into the bounds that each update goes, 0 … 1; default 1. */
  rate?: number;
  /** As of maxNorm. */
  axis?: Axes;
}

/**
 * Norms within bounds: w ← w · (rate · clip(‖w‖, minValue, maxValue) + (1 − rate) ‖w‖) / (1e-7 + ‖w‖) (Keras's MinMaxNorm).
 *
 * @throws ArgumentError if a bound is below 0, the smaller above the larger, or the rate not in 0 … 1
 */
export function minMaxNorm(options: MinMaxNormOptions = {}): Constraint {
  const defaults = { minValue: 0, maxValue: 1, rate: 1, axis: 0 };
  const { minValue, maxValue, rate, axis } = settle('minMaxNorm', options, defaults);
  checkNumber('minMaxNorm', 'minValue', minValue);
  checkNumber('minMaxNorm', 'maxValue', maxValue);
  checkNumber('minMaxNorm', 'rate', rate, 1);
  if (minValue > maxValue) {
    throw new ArgumentError(
      `minMaxNorm: minValue is ${minValue} and maxValue ${maxValue}; exchange them, or raise maxValue`,
    );
  }
  const config = { name: 'minMaxNorm', minValue, maxValue, rate, axis } as const;
  return ofNorm(config, { low: minValue, high: maxValue, rate, axis });
}

const makers = { maxNorm, nonNeg, unitNorm, minMaxNorm };

const known = {
  maxNorm: { name: required, maxValue: undefined, axis: undefined },
  nonNeg: { name: required },
  unitNorm: { name: required, axis: undefined },
  minMaxNorm: { name: required, minValue: undefined, maxValue: undefined, rate: undefined, axis: undefined },
} satisfies { [N in ConstraintConfig['name']]: Defaults<Extract<ConstraintConfig, { name: N }>> };

/**
 * @param owner whose constraint it is, for messages
 * @throws ArgumentError if there is none of that name, or a number is out of range
 */
export function constraintOf(spec: ConstraintSpec, owner: string): Constraint {
  if (typeof spec === 'string' && Object.hasOwn(makers, spec)) return makers[spec]();
  if (typeof spec === 'function') {
    const made = Object.entries(makers).find(([, make]) => make === (spec as unknown));
    if (made) throw new ArgumentError(`${owner}: ${made[0]} makes a constraint; call it: ${made[0]}()`);
    if (spec.config) return spec;
  }
  if (typeof spec === 'object' && spec !== null && Object.hasOwn(makers, spec.name)) {
    checkOptions(`${owner}: ${spec.name}`, spec, known[spec.name]);
    const { name, ...options } = spec;
    return (makers[name] as (options: object) => Constraint)(options);
  }
  const names = Object.keys(makers);
  const meant = typeof spec === 'string' ? didYouMean(spec, names) : '';
  throw new ArgumentError(
    `${owner}: there is no constraint ${describe(spec)}${meant ? `${meant} Choose` : '; choose'} one of ${names.join(', ')}, or call one, such as maxNorm({ maxValue: 3 })`,
  );
}
