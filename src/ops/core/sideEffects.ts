import type { Effect } from './op.ts';

let collect: ((effect: Effect) => void) | undefined;

/**
 * Adds an effect to the program that is being compiled, from anywhere inside its graph function: moving statistics
 * and assignments are updated this way. It runs at the end of each step, in the order of the calls: before the
 * effects of the program itself, and after the optimizers, or before them if it `proposes` values to be judged with
 * their updates; what it `assigns` comes last of all. Outside of a compilation (shape checks, summaries) nothing
 * happens.
 */
export function sideEffect(effect: Effect): void {
  collect?.(effect);
}

/** Runs `build` and hands the side effects that it has to `onEffect`. */
export function withSideEffects<T>(onEffect: ((effect: Effect) => void) | undefined, build: () => T): T {
  const outer = collect;
  collect = onEffect;
  try {
    return build();
  } finally {
    collect = outer;
  }
}
