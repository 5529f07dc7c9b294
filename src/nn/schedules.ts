import { ArgumentError } from '../errors.ts';
import { describe, required, settle } from '../options.ts';
import { literal } from '../ops/core/expression.ts';

/**
 * A learning-rate schedule: the factor of an optimizer's learning rate at each step. The kernels evaluate it on
 * the GPU from its step counter; `at` is the same in float64, for displays and tests.
 */
export interface Schedule {
  /** The settings it was made with, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>> & { readonly name: string };
  /** The factor at a step; the first update is at step 0. */
  at(step: number): number;
  /** The same as WGSL over the functions of shaders/shared/schedules.wgsl; `step` is the text of a u32. */
  wgsl(step: string): string;
}

/** Beyond it, a step is no exact f32. */
const MAX_STEPS = 2 ** 24;

function checkSteps(schedule: string, option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_STEPS) return;
  throw new ArgumentError(
    `${schedule}: ${option} is ${describe(value)}; it must be a whole number from 1 to ${MAX_STEPS}`,
  );
}

function checkRange(schedule: string, option: string, value: number, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  throw new ArgumentError(`${schedule}: ${option} is ${describe(value)}; it must be from ${low} to ${high}`);
}

function checkDecayRate(schedule: string, option: string, value: number): void {
  if (typeof value === 'number' && value > 0 && value <= 1) return;
  throw new ArgumentError(`${schedule}: ${option} is ${describe(value)}; it must be above 0 and at most 1`);
}

/** (1 + cos πx) / 2 within [0, 1]. */
const cosineFall = (x: number) => (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, x)))) / 2;

export interface PiecewiseConstantDecayOptions {
  /** Rising step numbers. */
  boundaries: readonly number[];
  /** One factor more than boundaries, each at least 0. */
  values: readonly number[];
}

/**
 * values[0] up to and including step boundaries[0], then values[1] up to and including boundaries[1], and so on
 * (Keras's PiecewiseConstantDecay, with factors of the learning rate as values).
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
  /** In (0, 1]. */
  decayRate: number;
  /** All at once at the end of each `decaySteps`; default false. */
  staircase?: boolean;
}

/**
 * decayRate^(step / decaySteps), the power rounded down if `staircase` (Keras's ExponentialDecay).
 *
 * @throws ArgumentError if an option is out of range
 */
export function exponentialDecay(options: ExponentialDecayOptions): Schedule {
  const name = 'exponentialDecay';
  const { decaySteps, decayRate, staircase } = settle(name, options, {
    decaySteps: required,
    decayRate: required,
    staircase: false,
  });
  checkSteps(name, 'decaySteps', decaySteps);
  checkDecayRate(name, 'decayRate', decayRate);
  const rate = literal(Math.log(decayRate));
  return {
    config: { name, decaySteps, decayRate, staircase },
    at: (step) => decayRate ** (staircase ? Math.floor(step / decaySteps) : step / decaySteps),
    wgsl: (step) =>
      staircase
        ? `staircase_decay(${step}, ${decaySteps}u, ${rate})`
        : `exponential_decay(${step}, ${literal(decaySteps)}, ${rate})`,
  };
}

export interface StepDecayOptions {
  /** Steps of each stair. */
  decaySteps: number;
  /** In (0, 1]; default 0.1. */
  decayRate?: number;
}

/**
 * decayRate^⌊step / decaySteps⌋: a stair down every `decaySteps` steps. Default decayRate 0.1.
 *
 * @throws ArgumentError if an option is out of range
 */
export function stepDecay(options: StepDecayOptions): Schedule {
  const { decaySteps, decayRate } = settle('stepDecay', options, { decaySteps: required, decayRate: 0.1 });
  return exponentialDecay({ decaySteps, decayRate, staircase: true });
}

export interface CosineDecayOptions {
  /** Steps until the lowest rate, which then stays. */
  decaySteps: number;
  /** The lowest factor, in [0, 1]; default 0. */
  alpha?: number;
}

/**
 * α + (1 − α) (1 + cos π x) / 2 with x = min(1, step / decaySteps) (Loshchilov & Hutter 2017; Keras's CosineDecay).
 *
 * @throws ArgumentError if an option is out of range
 */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const name = 'cosineDecay';
  const { decaySteps, alpha } = settle(name, options, { decaySteps: required, alpha: 0 });
  checkSteps(name, 'decaySteps', decaySteps);
  checkRange(name, 'alpha', alpha, 0, 1);
  return {
    config: { name, decaySteps, alpha },
    at: (step) => alpha + (1 - alpha) * cosineFall(step / decaySteps),
    wgsl: (step) => `cosine_decay(${step}, ${literal(decaySteps)}, ${literal(alpha)})`,
  };
}

export interface CosineDecayRestartsOptions {
  /** Steps of the first fall. */
  firstDecaySteps: number;
  /** Each fall takes this many times as long as the one before it; a whole number, default 2. */
  tMul?: number;
  /** Each fall begins at this share of where the one before it began, in (0, 1]; default 1. */
  mMul?: number;
  /** The lowest factor, in [0, 1]; default 0. */
  alpha?: number;
}

/**
 * Cosine decay with warm restarts: in fall i = 0, 1, …, which takes T_i = firstDecaySteps · tMulⁱ steps,
 * α + (1 − α) mMulⁱ (1 + cos π x) / 2 with x = steps of this fall / T_i (Loshchilov & Hutter 2017, "SGDR"; Keras's
 * CosineDecayRestarts).
 *
 * @throws ArgumentError if an option is out of range
 */
export function cosineDecayRestarts(options: CosineDecayRestartsOptions): Schedule {
  const name = 'cosineDecayRestarts';
  const { firstDecaySteps, tMul, mMul, alpha } = settle(name, options, {
    firstDecaySteps: required,
    tMul: 2,
    mMul: 1,
    alpha: 0,
  });
  checkSteps(name, 'firstDecaySteps', firstDecaySteps);
  checkSteps(name, 'tMul', tMul);
  checkDecayRate(name, 'mMul', mMul);
  checkRange(name, 'alpha', alpha, 0, 1);
  const rest = `${literal(Math.log(mMul))}, ${literal(alpha)}`;
  return {
    config: { name, firstDecaySteps, tMul, mMul, alpha },
    at(step) {
      let [left, length, height] = [step, firstDecaySteps, 1];
      for (; left >= length; length *= tMul, height *= mMul) left -= length;
      return alpha + (1 - alpha) * height * cosineFall(left / length);
    },
    wgsl: (step) =>
      tMul === 1
        ? `cosine_decay_restarts(${step}, ${firstDecaySteps}u, ${rest})`
        : `cosine_decay_growing_restarts(${step}, ${firstDecaySteps}u, ${tMul}u, ${rest})`,
  };
}

export interface WarmUpOptions {
  /** Steps until the full rate. */
  steps: number;
  /** The factor at step 0, in [0, 1]; default 0: the first step then changes nothing. */
  from?: number;
  /** What follows, counted from the end of the warm-up; by default the full rate. */
  next?: Schedule;
}

/**
 * from + (1 − from) step / steps for the first `steps` steps, then the next schedule from its step 0 on (Goyal et
 * al. 2017, section 2.2; Keras's CosineDecay with warmup_steps).
 *
 * @throws ArgumentError if an option is out of range
 */
export function warmUp(options: WarmUpOptions): Schedule {
  const name = 'warmUp';
  const { steps, from, next } = settle(name, options, { steps: required, from: 0, next: undefined });
  checkSteps(name, 'steps', steps);
  if (next !== undefined && typeof next?.at !== 'function') {
    throw new ArgumentError(`${name}: next is ${describe(next)}; pass what a schedule function gives`);
  }
  checkRange(name, 'from', from, 0, 1);
  return {
    config: { name, steps, from, ...(next && { next: next.config }) },
    at: (step) => (step < steps ? from + (1 - from) * (step / steps) : (next?.at(step - steps) ?? 1)),
    wgsl: (step) =>
      `warm_up(${step}, ${literal(steps)}, ${literal(from)}, ${next?.wgsl(`after(${step}, ${steps}u)`) ?? '1.0'})`,
  };
}

export interface OneCycleOptions {
  /** Steps of the whole training, at least 2. */
  totalSteps: number;
  /** Share of the steps in which the rate rises, in (0, 1); default 0.3. */
  warmUpShare?: number;
  /** The first rate is the learning rate divided by this, at least 1; default 25. */
  divFactor?: number;
  /** The last rate is the first one divided by this, at least 1; default 10,000. */
  finalDivFactor?: number;
}

/**
 * One-cycle policy (Smith & Topin 2018) as in PyTorch's OneCycleLR with cosine annealing: from 1 / divFactor up to
 * 1 at step warmUpShare · totalSteps − 1, then down to 1 / (divFactor · finalDivFactor) at step totalSteps − 1, where
 * it stays. The optimizer's learning rate is the highest one; momenta stay as they are.
 *
 * @throws ArgumentError if an option is out of range
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const name = 'oneCycle';
  const { totalSteps, warmUpShare, divFactor, finalDivFactor } = settle(name, options, {
    totalSteps: required,
    warmUpShare: 0.3,
    divFactor: 25,
    finalDivFactor: 1e4,
  });
  checkSteps(name, 'totalSteps', totalSteps);
  checkRange(name, 'divFactor', divFactor, 1, 1e9);
  checkRange(name, 'finalDivFactor', finalDivFactor, 1, 1e9);
  const peak = warmUpShare * totalSteps - 1;
  const end = totalSteps - 1;
  if (!(peak > 0 && peak < end)) {
    throw new ArgumentError(
      `${name}: the highest rate would be at step ${peak} of ${totalSteps}; choose totalSteps and warmUpShare so that it lies between the first and the last`,
    );
  }
  const first = 1 / divFactor;
  const last = first / finalDivFactor;
  return {
    config: { name, totalSteps, warmUpShare, divFactor, finalDivFactor },
    at: (step) =>
      step <= peak
        ? 1 - (1 - first) * cosineFall(step / peak)
        : last + (1 - last) * cosineFall((step - peak) / (end - peak)),
    wgsl: (step) => `one_cycle(${[step, ...[peak, end, first, last].map(literal)].join(', ')})`,
  };
}
