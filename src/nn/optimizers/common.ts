import { ArgumentError } from '../../errors.ts';
import type { OptionTable } from '../../options.ts';
import { describe, settle } from '../../options.ts';
import type { Schedule } from '../schedules.ts';
import { check, checkCount } from './checks.ts';

/** A number, or a schedule that gives the rate of each step: Keras's, with `initialLearningRate`. */
export type LearningRate = number | Schedule;

/**
 * What every optimizer can do besides its rule, in the same dispatches unless an option says otherwise. At each step, for each parameter w with
 * gradient g of the loss:
 *
 *     g ← mean of g over the last steps   gradientAccumulationSteps
 *     g ← g + λ₁ sign(w) + 2 λ₂ w         l1, l2
 *     g ← g clipped                       clipValue, clipNorm or globalClipNorm
 *     η ← learningRate · schedule(step), or learningRate(step) where that is a schedule
 *     w ← rule(w, g, η) − η λ w           weightDecay
 *     a ← d a + (1 − d) w                 ema
 *
 * They apply to all trainable parameters, biases and scales included, as Keras's optimizers do by default;
 * `excludeFromWeightDecay` makes exceptions.
 */
export interface CommonOptions {
  /**
   * The factor of the learning rate at each step, such as `cosineDecay({ decaySteps: 10_000 })`; by default 1. Not where
   * learningRate is a schedule itself.
   */
  schedule?: Schedule;
  /** λ: each step also reduces every parameter by the fraction η λ, separately from the rule ("decoupled"). Default 0. */
  weightDecay?: number;
  /**
   * Variables that weightDecay leaves alone: those in whose name one of these is found, as in Keras's
   * `exclude_from_weight_decay`. Texts are regular expressions: `['bias', 'gamma', 'beta', '^embedding']`. At least one
   * of them has to be found somewhere. Default: none.
   */
  excludeFromWeightDecay?: readonly (string | RegExp)[];
  /**
   * λ₁ of the penalty λ₁ Σ |w| of all parameters. It acts through its gradient only: the loss is reported without it. Keras has
   * regularizers of single weights instead, which the loss counts: `kernelRegularizer: l1(0.01)` of a layer. Default 0.
   */
  l1?: number;
  /** λ₂ of the penalty λ₂ Σ w², which also acts through its gradient only. Default 0. */
  l2?: number;
  /** Each component of the gradient is clipped to ±clipValue, above 0. By default it stays as it is. */
  clipValue?: number;
  /**
   * The gradients of all parameters together are shortened to this Euclidean norm, above 0, where it is larger: two
   * dispatches more. Not together with clipValue or clipNorm. By default they stay as they are.
   */
  globalClipNorm?: number;
  /**
   * The gradient of each variable is shortened by itself to this Euclidean norm, above 0, where it is larger: two
   * dispatches more (Keras's `clipnorm`). Not together with clipValue or globalClipNorm. By default they stay as they are.
   */
  clipNorm?: number;
  /**
   * n, at least 2: gradients are collected over n steps, and their mean makes one update after each n-th: as if the batch
   * were n times as large. As in Keras, bias corrections count updates, while schedules count steps and `ema` averages
   * at each step. Two dispatches more, and a slot. By default each step makes an update.
   */
  gradientAccumulationSteps?: number;
  /**
   * Also keeps exponential moving averages of the parameters, which `model.useAveragedWeights` and
   * `minimizer.swapAverages` make use of. They start at the parameters after the first step, as in Keras. Unlike Keras's
   * `use_ema`, `fit` does not put them in the place of the weights at its end.
   */
  ema?: EmaOptions;
}

export interface EmaOptions {
  /** d, in [0, 1). Default 0.99 (Keras's `ema_momentum`). */
  readonly decay?: number;
  /** After each so many updates the parameters become their averages (Keras's `ema_overwrite_frequency`); default: never. */
  readonly overwriteFrequency?: number;
}

export const commonOptions: OptionTable<CommonOptions> = {
  schedule: true,
  weightDecay: true,
  l1: true,
  l2: true,
  clipValue: true,
  globalClipNorm: true,
  clipNorm: true,
  excludeFromWeightDecay: true,
  gradientAccumulationSteps: true,
  ema: true,
};

/** Those options that were set, checked; without the schedule. */
export type CommonConfig = Readonly<Omit<CommonOptions, 'schedule' | 'ema' | 'excludeFromWeightDecay'>> & {
  readonly ema?: { readonly decay: number; readonly overwriteFrequency?: number };
  /** Sources of regular expressions. */
  readonly excludeFromWeightDecay?: readonly string[];
};

/** The part of an optimizer's options that is common to all, for summaries and kernels. */
export function commonConfig(name: string, options: CommonOptions): CommonConfig {
  const { weightDecay, l1, l2, clipValue, globalClipNorm, clipNorm, gradientAccumulationSteps } = options;
  for (const [option, value] of Object.entries({ weightDecay, l1, l2 })) {
    if (value !== undefined) check(name, option, value, 0);
  }
  const clips = Object.entries({ clipValue, globalClipNorm, clipNorm }).filter(
    ([, value]) => value !== undefined,
  );
  for (const [option, value] of clips) check(name, option, value!, 2 ** -126);
  if (clips.length > 1) {
    const names = clips.map(([option]) => option).join(' and ');
    throw new ArgumentError(
      `${name}: ${names} are ${clips.length > 2 ? 'all' : 'both'} set; choose one of them`,
    );
  }
  if (gradientAccumulationSteps !== undefined) {
    checkCount(name, 'gradientAccumulationSteps', gradientAccumulationSteps, 2);
  }
  const { ema, excludeFromWeightDecay } = options;
  const all = {
    weightDecay,
    l1,
    l2,
    clipValue,
    globalClipNorm,
    clipNorm,
    excludeFromWeightDecay: excludeFromWeightDecay && patternsOf(name, excludeFromWeightDecay),
    gradientAccumulationSteps,
    ema: ema && emaOf(name, ema),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The sources of regular expressions. */
export function patternsOf(
  name: string,
  given: readonly (string | RegExp)[],
  option = 'excludeFromWeightDecay',
): readonly string[] {
  if (!Array.isArray(given)) {
    throw new ArgumentError(
      `${name}: ${option} is ${describe(given)}; give a list of texts that the names hold, such as ['bias']`,
    );
  }
  return given.map((pattern: unknown, i) => {
    if (pattern instanceof RegExp && pattern.flags === '') return pattern.source;
    try {
      if (typeof pattern === 'string') return new RegExp(pattern).source;
    } catch {
      // told below
    }
    throw new ArgumentError(
      `${name}: ${option}[${i}] is ${pattern instanceof RegExp ? String(pattern) : describe(pattern)}; it must be a text, as in a regular expression, or a regular expression without flags`,
    );
  });
}

/**
 * Whether one of the patterns is found in a name.
 *
 * @throws ArgumentError from `requireSome` if there is none in any of them: the option would do nothing
 */
export class NamePatterns {
  readonly #optimizer: string;
  readonly #option: string;
  readonly #patterns: readonly RegExp[];

  constructor(optimizer: string, option: string, sources: readonly string[] = []) {
    this.#optimizer = optimizer;
    this.#option = option;
    this.#patterns = sources.map((source) => new RegExp(source));
  }

  isIn(name: string): boolean {
    return this.#patterns.some((pattern) => pattern.test(name));
  }

  requireSome(names: readonly string[]): void {
    if (this.#patterns.length === 0 || names.length === 0 || names.some((name) => this.isIn(name))) return;
    throw new ArgumentError(
      `${this.#optimizer}: ${this.#option} is [${this.#patterns.join(', ')}], which no variable has in its name; they are ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`,
    );
  }
}

function emaOf(name: string, given: EmaOptions): NonNullable<CommonConfig['ema']> {
  const { decay, overwriteFrequency } = settle(`${name}: ema`, given, {
    decay: 0.99,
    overwriteFrequency: undefined,
  });
  check(name, 'ema.decay', decay, 0, 1);
  if (overwriteFrequency === undefined) return { decay };
  checkCount(name, 'ema.overwriteFrequency', overwriteFrequency, 1);
  return { decay, overwriteFrequency };
}

/**
 * The rate that can be set, and the schedule that multiplies it. Where learningRate is a schedule, it is the product: the
 * rate is 1 and stays so.
 *
 * @throws ArgumentError if one of them is none, both are schedules, or a schedule of factors is given for rates or the
 *   other way round
 */
export function ratesOf(
  name: string,
  learningRate: LearningRate,
  schedule: Schedule | undefined,
): { learningRate: number; schedule?: Schedule; givesRates: boolean } {
  if (schedule !== undefined && typeof schedule?.at !== 'function') {
    throw new ArgumentError(
      `${name}: schedule is ${describe(schedule)}; pass what a schedule function gives, such as cosineDecay({ decaySteps: 1000 })`,
    );
  }
  if (typeof learningRate !== 'object' || typeof learningRate?.at !== 'function') {
    check(name, 'learningRate', learningRate as number, 0);
    if (schedule?.gives === 'rates') {
      throw new ArgumentError(
        `${name}: schedule is to give factors of the learning rate, but ${schedule.config.name} has an initialLearningRate and gives rates; pass it as learningRate`,
      );
    }
    return { learningRate: learningRate as number, schedule, givesRates: false };
  }
  if (schedule !== undefined) {
    throw new ArgumentError(
      `${name}: learningRate and schedule are both schedules; pass one that gives rates as learningRate, or factors as schedule beside a number`,
    );
  }
  if (learningRate.gives === 'factors') {
    throw new ArgumentError(
      `${name}: learningRate is to give rates, but ${learningRate.config.name} gives factors; set its initialLearningRate, or pass it as schedule beside a number as learningRate`,
    );
  }
  return { learningRate: 1, schedule: learningRate, givesRates: true };
}
