import { ArgumentError } from '../../errors.ts';
import { describe, required, settle } from '../../options.ts';
import { literal } from '../../ops/core/expression.ts';
import {
  checkDecayRate,
  checkInitial,
  checkRange,
  checkSteps,
  cosineFall,
  MAX_STEPS,
  scaled,
} from './schedule.ts';
import type { Schedule } from './schedule.ts';

export interface CosineDecayOptions {
  /** Steps until the lowest value, which then stays; a warm-up comes before them. */
  decaySteps: number;
  /** The rate at step 0, at least 0. By default the schedule gives factors, from 1 on. */
  initialLearningRate?: number;
  /** The lowest value as a share of the highest, in [0, 1]; default 0. */
  alpha?: number;
  /** The rate to which a warm-up rises, at least 0; default null: there is no warm-up. It needs initialLearningRate. */
  warmupTarget?: number | null;
  /** Steps of the warm-up; default 0. */
  warmupSteps?: number;
}

/**
 * η₀ (α + (1 − α) (1 + cos π x) / 2) with x = min(1, step / decaySteps) (Loshchilov & Hutter 2017; Keras's CosineDecay).
 * With `warmupTarget` the rate first goes in a straight line from η₀ to the target in `warmupSteps` steps, then falls
 * from there (Goyal et al. 2017, section 2.2).
 *
 * @throws ArgumentError if an option is out of range
 */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const name = 'cosineDecay';
  const { decaySteps, initialLearningRate, alpha, warmupTarget, warmupSteps } = settle(name, options, {
    decaySteps: required,
    initialLearningRate: undefined,
    alpha: 0,
    warmupTarget: null,
    warmupSteps: 0,
  });
  checkSteps(name, 'decaySteps', decaySteps);
  checkRange(name, 'alpha', alpha, 0, 1);
  checkInitial(name, initialLearningRate);
  checkInitial(name, warmupTarget ?? undefined, 'warmupTarget');
  if (warmupSteps !== 0) checkSteps(name, 'warmupSteps', warmupSteps);
  const config = { name, decaySteps, alpha };
  const at = (step: number) => alpha + (1 - alpha) * cosineFall(step / decaySteps);
  const wgsl = (step: string) => `cosine_decay(${step}, ${literal(decaySteps)}, ${literal(alpha)})`;
  if (warmupTarget === null) {
    if (warmupSteps === 0) return scaled(initialLearningRate, { config, at, wgsl });
    throw new ArgumentError(
      `${name}: warmupSteps is ${warmupSteps}, but there is no warmupTarget; set it too`,
    );
  }
  if (initialLearningRate === undefined) {
    throw new ArgumentError(
      `${name}: warmupTarget is a rate, so that initialLearningRate has to be set too; for factors, use warmUp({ steps, next: cosineDecay({ decaySteps }) })`,
    );
  }
  // In Keras a warm-up of 0 steps is no warm-up.
  const [first, peak, steps] = [initialLearningRate, warmupTarget, warmupSteps];
  const after = (step: string) =>
    `${literal(peak)} * ${wgsl(steps === 0 ? step : `after(${step}, ${steps}u)`)}`;
  return {
    config: { ...config, initialLearningRate, warmupTarget, warmupSteps },
    gives: 'rates',
    at: (step) => (step < steps ? first + (peak - first) * (step / steps) : peak * at(step - steps)),
    wgsl: (step) =>
      steps === 0
        ? `(${after(step)})`
        : `linear_start(${step}, ${literal(steps)}, ${literal(first)}, ${literal(peak)}, ${after(step)})`,
  };
}

export interface CosineDecayRestartsOptions {
  /** Steps of the first fall. */
  firstDecaySteps: number;
  /** The rate at step 0, at least 0. By default the schedule gives factors, from 1 on. */
  initialLearningRate?: number;
  /** Each fall takes this many times as long as the one before it: 1, or any number from 1.1 to 1,000; default 2. */
  tMul?: number;
  /** Each fall begins at this share of where the one before it began, above 0; default 1. */
  mMul?: number;
  /** The lowest value as a share of the highest, in [0, 1]; default 0. */
  alpha?: number;
}

/** One fall of a cosine with restarts. */
interface Fall {
  readonly start: number;
  readonly length: number;
  readonly height: number;
}

/**
 * Cosine decay with warm restarts: in fall i = 0, 1, …, which takes T_i = firstDecaySteps · tMulⁱ steps,
 * η₀ (α + (1 − α) mMulⁱ (1 + cos π x) / 2) with x = steps of this fall / T_i (Loshchilov & Hutter 2017, "SGDR"; Keras's
 * CosineDecayRestarts).
 *
 * @throws ArgumentError if an option is out of range
 */
export function cosineDecayRestarts(options: CosineDecayRestartsOptions): Schedule {
  const name = 'cosineDecayRestarts';
  const { firstDecaySteps, initialLearningRate, tMul, mMul, alpha } = settle(name, options, {
    firstDecaySteps: required,
    initialLearningRate: undefined,
    tMul: 2,
    mMul: 1,
    alpha: 0,
  });
  checkSteps(name, 'firstDecaySteps', firstDecaySteps);
  if (tMul !== 1 && !(tMul >= 1.1 && tMul <= 1000)) {
    throw new ArgumentError(
      `${name}: tMul is ${describe(tMul)}; it must be 1, for falls of one length, or from 1.1 to 1000`,
    );
  }
  checkDecayRate(name, 'mMul', mMul);
  checkRange(name, 'alpha', alpha, 0, 1);
  checkInitial(name, initialLearningRate);
  const value = ({ start, length, height }: Fall, step: number) =>
    alpha + (1 - alpha) * height * cosineFall((step - start) / length);
  const config = { name, firstDecaySteps, tMul, mMul, alpha };
  if (tMul === 1) {
    return scaled(initialLearningRate, {
      config,
      at(step) {
        const i = Math.floor(step / firstDecaySteps);
        return value({ start: i * firstDecaySteps, length: firstDecaySteps, height: mMul ** i }, step);
      },
      wgsl: (step) =>
        `cosine_decay_restarts(${step}, ${firstDecaySteps}u, ${literal(Math.log(mMul))}, ${literal(alpha)})`,
    });
  }
  const falls: Fall[] = [];
  for (let i = 0, start = 0; start < MAX_STEPS; i++) {
    const length = firstDecaySteps * tMul ** i;
    falls.push({ start, length, height: mMul ** i });
    start += length;
  }
  return scaled(initialLearningRate, {
    config,
    at: (step) =>
      value(
        falls.findLast(({ start }) => start <= step)!,
        step,
      ),
    wgsl: (step) => `cosine_fall_of(${step}, ${chosen(step, falls)}, ${literal(alpha)})`,
  });
}

/** Finds by bisection the fall that contains a step: its start, length and height as a vec3f. */
function chosen(step: string, falls: readonly Fall[]): string {
  if (falls.length === 1) {
    const [{ start, length, height }] = falls;
    return `vec3f(${[start, length, height].map(literal).join(', ')})`;
  }
  const middle = falls.length >> 1;
  const [earlier, later] = [falls.slice(0, middle), falls.slice(middle)];
  // A step is whole: it has reached the start when it has reached the next whole number.
  return `from_step(${step}, ${Math.ceil(later[0].start)}u, ${chosen(step, earlier)}, ${chosen(step, later)})`;
}
