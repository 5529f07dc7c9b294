import type { Position } from '../protocol.ts';

/** A training that has run for so long is not to be lost by a wrong key. */
const LONG_MS = 60_000;

/**
 * Has the browser ask before the page is left, while there is a training on it that has run for a minute: it is nowhere
 * else. Only then, as browsers may not keep a page for their back button that listens to `beforeunload`.
 *
 * @param target the window
 */
export function createLeaving(target: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>) {
  let ran = 0;
  /** When it was last told to run. */
  let since: number | undefined;
  const ask = (event: Event) => event.preventDefault();

  return {
    /** Where the training stands; told several times a second while it runs. */
    position({ state, step, trained }: Pick<Position, 'state' | 'step' | 'trained'>): void {
      const now = performance.now();
      if (since !== undefined) ran += now - since;
      since = state === 'running' ? now : undefined;
      if (trained || step === 0 || state === 'failed') ran = 0;
      if (ran >= LONG_MS) target.addEventListener('beforeunload', ask);
      else target.removeEventListener('beforeunload', ask);
    },
  };
}
