import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { literal } from '../../ops/core/expression.ts';

/**
 * A learning-rate schedule: what an optimizer's learning rate is at each step. Given as the optimizer's `learningRate` it
 * is the rate itself, as in Keras; given as its `schedule` it is a factor of the learning rate. The kernels evaluate it on
 * the GPU from its step counter; `at` is the same in float64, for displays and tests.
 */
export interface Schedule {
  /** The settings it was made with, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>> & { readonly name: string };
  /** What it is meant for, where it is not for both: rates (`initialLearningRate` is set), or factors. */
  readonly gives?: 'rates' | 'factors';
  /** The value at a step; the first update is at step 0. */
  at(step: number): number;
  /** The same as WGSL over the functions of shaders/shared/schedules.wgsl; `step` is the text of a u32. */
  wgsl(step: string): string;
}

/** A schedule's factors, times Keras's initial learning rate where there is one: rates then. */
export function scaled(initial: number | undefined, { config, at, wgsl }: Schedule): Schedule {
  if (initial === undefined) return { config, gives: 'factors', at, wgsl };
  return {
    config: { ...config, initialLearningRate: initial },
    gives: 'rates',
    at: (step) => initial * at(step),
    wgsl: (step) => `(${literal(initial)} * ${wgsl(step)})`,
  };
}

/** Beyond it, a step is not an exact f32. */
export const MAX_STEPS = 2 ** 24;

export function checkSteps(schedule: string, option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_STEPS) return;
  throw new ArgumentError(
    `${schedule}: ${option} is ${describe(value)}; it must be a whole number from 1 to ${MAX_STEPS}`,
  );
}

export function checkRange(schedule: string, option: string, value: number, low: number, high: number): void {
  if (typeof value === 'number' && value >= low && value <= high) return;
  throw new ArgumentError(`${schedule}: ${option} is ${describe(value)}; it must be from ${low} to ${high}`);
}

export function checkDecayRate(schedule: string, option: string, value: number): void {
  if (typeof value === 'number' && value > 0 && value <= 1e6) return;
  throw new ArgumentError(
    `${schedule}: ${option} is ${describe(value)}; it must be above 0 and at most 1000000`,
  );
}

/** @throws ArgumentError unless it is left out or may be a learning rate */
export function checkInitial(
  schedule: string,
  value: number | undefined,
  option = 'initialLearningRate',
): void {
  if (value !== undefined) checkRange(schedule, option, value, 0, 1e6);
}

/** (1 + cos πx) / 2 within [0, 1]. */
export const cosineFall = (x: number): number => (1 + Math.cos(Math.PI * Math.min(1, Math.max(0, x)))) / 2;
