import { ArgumentError } from '../../errors.ts';
import { describe, required, settle } from '../../options.ts';
import { literal } from '../../ops/core/expression.ts';
import { checkRange, checkSteps, cosineFall } from './schedule.ts';
import type { Schedule } from './schedule.ts';

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
 * al. 2017, section 2.2; Keras's CosineDecay has it as `warmupTarget`).
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
  if (next?.gives === 'rates') {
    throw new ArgumentError(
      `${name}: next gives rates, but a warm-up factors; leave out its initialLearningRate, or use cosineDecay with warmupTarget`,
    );
  }
  checkRange(name, 'from', from, 0, 1);
  return {
    config: { name, steps, from, ...(next && { next: next.config }) },
    gives: 'factors',
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
    gives: 'factors',
    at: (step) =>
      step <= peak
        ? 1 - (1 - first) * cosineFall(step / peak)
        : last + (1 - last) * cosineFall((step - peak) / (end - peak)),
    wgsl: (step) => `one_cycle(${[step, ...[peak, end, first, last].map(literal)].join(', ')})`,
  };
}
