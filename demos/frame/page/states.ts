import { count } from '../../shared/dom.ts';
import type { Position, TrainingState } from '../protocol.ts';

/** What the status line of a page says in some of the states. */
export type StateTexts = Partial<Record<TrainingState | 'trained', string>>;

/** What the status line says, to be read aloud too. */
export function stateText({ state, step, trained }: Position, own: StateTexts = {}): string {
  if (state === 'ready' && trained)
    return own.trained ?? 'This network is trained. Try it, or train your own.';
  const texts: Record<TrainingState, string> = {
    loading: 'Starting.',
    compiling: 'Loading the data and compiling the kernels.',
    ready: step > 0 ? `Paused after step ${count(step)}.` : 'Ready. Press play to train.',
    running: 'Training.',
    pausing: 'Pausing after this step.',
    paused: `Paused after step ${count(step)}.`,
    finished: `Done after ${count(step)} steps. Press play to train longer.`,
    failed: 'Stopped.',
  };
  return (state === 'ready' && step > 0 ? undefined : own[state]) ?? texts[state];
}
