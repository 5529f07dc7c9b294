import { ArgumentError } from '../../errors.ts';
import { describe, required, settle } from '../../options.ts';
import { literal } from '../../ops/core/expression.ts';
import { checkDecayRate, checkInitial, checkRange, checkSteps, scaled } from './schedule.ts';
import type { Schedule } from './schedule.ts';

export interface PiecewiseConstantDecayOptions {
  /** Rising step numbers. */
  boundaries: readonly number[];
  /** One value more than boundaries, each at least 0: rates or factors. */
  values: readonly number[];
}

/**
 * values[0] up to and including step boundaries[0], then values[1] up to and including boundaries[1], and so on
 * (Keras's PiecewiseConstantDecay). The values are rates where it is given as `learningRate`, factors as `schedule`.
 *
 * @throws ArgumentError if boundaries do not rise or the numbers of both do not fit
 */
export function piecewiseConstantDecay(options: PiecewiseConstantDecayOptions): Schedule {
  const name = 'piecewiseConstantDecay';
  const { boundaries, values } = settle(name, options, { boundaries: required, values: required });
  if (!Array.isArray(boundaries) || !Array.isArray(values)) {
    throw new ArgumentError(
      `${name}: boundaries are ${describe(boundaries)} and values ${describe(values)}; give lists, such as boundaries: [1000], values: [1, 0.1]`,
    );
  }
  if (values.length !== boundaries.length + 1) {
    throw new ArgumentError(
      `${name}: ${boundaries.length} boundaries and ${values.length} values; give one value more than boundaries`,
    );
  }
  boundaries.forEach((boundary, i) => {
    checkSteps(name, `boundaries[${i}]`, boundary);
    if (i > 0 && boundary <= boundaries[i - 1]) {
      throw new ArgumentError(`${name}: boundaries ${boundaries.join(', ')} do not rise; sort them`);
    }
  });
  values.forEach((value, i) => checkRange(name, `values[${i}]`, value, 0, 1e6));
  return {
    config: { name, boundaries: [...boundaries], values: [...values] },
    at: (step) => values[boundaries.filter((boundary) => step > boundary).length],
    wgsl: (step) =>
      boundaries.reduce(
        (earlier, boundary, i) => `piece(${step}, ${boundary}u, ${earlier}, ${literal(values[i + 1])})`,
        literal(values[0]),
      ),
  };
}

export interface ExponentialDecayOptions {
  /** Steps in which the rate is multiplied by `decayRate`. */
  decaySteps: number;
  /** The rate at step 0, at least 0. By default the schedule gives factors, from 1 on. */
  initialLearningRate?: number;
  /** Above 0; above 1 the rate grows. */
  decayRate: number;
  /** All at once at the end of each `decaySteps`; default false. */
  staircase?: boolean;
}

/**
 * η₀ decayRate^(step / decaySteps), the power rounded down if `staircase` (Keras's ExponentialDecay).
 *
 * @throws ArgumentError if an option is out of range
 */
export function exponentialDecay(options: ExponentialDecayOptions): Schedule {
  const name = 'exponentialDecay';
  const { decaySteps, initialLearningRate, decayRate, staircase } = settle(name, options, {
    decaySteps: required,
    initialLearningRate: undefined,
    decayRate: required,
    staircase: false,
  });
  checkSteps(name, 'decaySteps', decaySteps);
  checkDecayRate(name, 'decayRate', decayRate);
  checkInitial(name, initialLearningRate);
  const rate = literal(Math.log(decayRate));
  return scaled(initialLearningRate, {
    config: { name, decaySteps, decayRate, staircase },
    at: (step) => decayRate ** (staircase ? Math.floor(step / decaySteps) : step / decaySteps),
    wgsl: (step) =>
      staircase
        ? `staircase_decay(${step}, ${decaySteps}u, ${rate})`
        : `exponential_decay(${step}, ${literal(decaySteps)}, ${rate})`,
  });
}

export interface StepDecayOptions {
  /** Steps of each stair. */
  decaySteps: number;
  /** The rate at step 0, at least 0. By default the schedule gives factors, from 1 on. */
  initialLearningRate?: number;
  /** Above 0; default 0.1. */
  decayRate?: number;
}

/**
 * η₀ decayRate^⌊step / decaySteps⌋: a stair down every `decaySteps` steps. Default decayRate 0.1.
 *
 * @throws ArgumentError if an option is out of range
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  const settled = settle('stepDecay', options, {
    decaySteps: required,
    initialLearningRate: undefined,
    decayRate: 0.1,
  });
  return exponentialDecay({ ...settled, staircase: true });
}

export interface InverseTimeDecayOptions {
  /** Steps after which the denominator has grown by `decayRate`. */
  decaySteps: number;
  /** At least 0. */
  decayRate: number;
  /** The rate at step 0, at least 0. By default the schedule gives factors, from 1 on. */
  initialLearningRate?: number;
  /** All at once at the end of each `decaySteps`; default false. */
  staircase?: boolean;
}

/**
 * η₀ / (1 + decayRate · step / decaySteps), the quotient of steps rounded down if `staircase` (Keras's InverseTimeDecay).
 *
 * @throws ArgumentError if an option is out of range
 */
export function inverseTimeDecay(options: InverseTimeDecayOptions): Schedule {
  const name = 'inverseTimeDecay';
  const { decaySteps, decayRate, initialLearningRate, staircase } = settle(name, options, {
    decaySteps: required,
    decayRate: required,
    initialLearningRate: undefined,
    staircase: false,
  });
  checkSteps(name, 'decaySteps', decaySteps);
  checkRange(name, 'decayRate', decayRate, 0, 1e6);
  checkInitial(name, initialLearningRate);
  return scaled(initialLearningRate, {
    config: { name, decaySteps, decayRate, staircase },
    at: (step) => 1 / (1 + decayRate * (staircase ? Math.floor(step / decaySteps) : step / decaySteps)),
    wgsl: (step) =>
      staircase
        ? `inverse_decay(f32(${step} / ${decaySteps}u), ${literal(decayRate)})`
        : `inverse_decay(f32(${step}) / ${literal(decaySteps)}, ${literal(decayRate)})`,
  });
}

export interface PolynomialDecayOptions {
  /** Steps until the last value. */
  decaySteps: number;
  /** The rate at step 0, at least 0. By default the schedule gives factors, from 1 on. */
  initialLearningRate?: number;
  /** The last value, at least 0: a rate, or a factor where initialLearningRate is not set. Default 0.0001. */
  endLearningRate?: number;
  /** The exponent, at least 0; default 1, a straight line. */
  power?: number;
  /** Whether the fall starts again, to a later end, when it is over; by default the last value stays. */
  cycle?: boolean;
}

/**
 * (η₀ − η₁) (1 − step / T)^power + η₁, with T = decaySteps and the step at most T; if `cycle`, T is the first multiple of
 * decaySteps that is at least the step (Keras's PolynomialDecay).
 *
 * @throws ArgumentError if an option is out of range
 */
export function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  const name = 'polynomialDecay';
  const { decaySteps, initialLearningRate, endLearningRate, power, cycle } = settle(name, options, {
    decaySteps: required,
    initialLearningRate: undefined,
    endLearningRate: 1e-4,
    power: 1,
    cycle: false,
  });
  checkSteps(name, 'decaySteps', decaySteps);
  checkInitial(name, initialLearningRate);
  checkInitial(name, endLearningRate, 'endLearningRate');
  checkRange(name, 'power', power, 0, 100);
  const [first, last] = [initialLearningRate ?? 1, endLearningRate];
  const ends = (step: number) =>
    cycle ? decaySteps * Math.max(1, Math.ceil(step / decaySteps)) : decaySteps;
  const whole = (step: string) => (cycle ? `whole_multiple(${step}, ${decaySteps}u)` : `${decaySteps}u`);
  return {
    config: {
      name,
      decaySteps,
      ...(initialLearningRate !== undefined && { initialLearningRate }),
      endLearningRate,
      power,
      cycle,
    },
    gives: initialLearningRate === undefined ? 'factors' : 'rates',
    at(step) {
      const left = Math.max(0, 1 - step / ends(step));
      return (first - last) * (power === 0 ? 1 : left ** power) + last;
    },
    wgsl: (step) =>
      `polynomial_decay(${step}, ${whole(step)}, ${[power, first, last].map(literal).join(', ')})`,
  };
}
