import { programState } from '../ops/core/leaves.ts';
import type { Effect, Operand, Scratch } from '../ops/core/op.ts';
import { verdictDispatch } from '../ops/optimizer/verdict.ts';
import type { StepGuard } from './guard.ts';
import type { Minimizer } from './minimizer.ts';

/**
 * The updates of all optimizers of a program, as effects: trials of all of them, one verdict, and the updates, which
 * are made or not made together. That is two dispatches more for each contiguous range of variables, of which a model
 * has one, than without a guard: a trial reads what the update reads and writes one byte per parameter.
 */
export function updateEffects(minimizers: readonly Minimizer[], guard: StepGuard): Effect[] {
  if (minimizers.length === 0) return [];
  const offsets: number[] = [];
  let length = 0;
  for (const { ranges } of minimizers) {
    offsets.push(length);
    for (const range of ranges) length += range.length / 4;
  }
  const faults: Scratch = { scratch: 'faults', shape: [length], dtype: 'u32' };
  const program = programState();
  const counters = new Set<Operand>(minimizers.map((minimizer) => minimizer.counter ?? program));
  return [
    ...minimizers.map((minimizer, i) => minimizer.trial(guard, faults, offsets[i])),
    ...[...counters].map((state, i): Effect => ({
      label: 'optimizer',
      inputs: [program],
      lower: ({ dispatch, target }) =>
        dispatch(verdictDispatch({ faults, program, state, guard: guard.resource, first: i === 0, target })),
    })),
    ...minimizers.map((minimizer) => minimizer.update()),
  ];
}
