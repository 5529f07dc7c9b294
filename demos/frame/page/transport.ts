import { byId } from '../../shared/dom.ts';
import type { Position, ToWorker } from '../protocol.ts';

export interface TransportOptions {
  readonly post: (message: ToWorker) => void;
  /** The page is to open on an untrained network from now on, or on the trained one. */
  readonly scratch: () => void;
  readonly trained: () => void;
}

/** Play, pause, step and reset; and the way from a trained network to your own one, and back. */
export function bindTransport({ post, scratch, trained }: TransportOptions) {
  const play = byId<HTMLButtonElement>('play');
  const step = byId<HTMLButtonElement>('step-once');
  const reset = byId<HTMLButtonElement>('reset');
  const toTrained = byId<HTMLButtonElement>('to-trained');
  let now: Position | undefined;
  let canTrained = false;

  const isRunning = () => now?.state === 'running';
  const transport = {
    play(): void {
      if (now?.trained) begin(true);
      else post({ type: 'play' });
    },
    pause: () => post({ type: 'pause' }),
    set canTrained(value: boolean) {
      canTrained = value;
      refresh();
    },
    show(position: Position): void {
      now = position;
      refresh();
    },
  };

  /** From the first weights. */
  function begin(play = false): void {
    scratch();
    post({ type: 'reset', trained: false, play });
  }

  function refresh(): void {
    if (!now) return;
    const { state } = now;
    play.disabled = state === 'loading' || state === 'failed';
    step.disabled = !['ready', 'paused', 'finished'].includes(state);
    reset.disabled = state === 'loading';
    play.dataset.running = String(isRunning());
    byId('play-label').textContent = label(now);
    toTrained.hidden = !canTrained || now.trained;
    toTrained.disabled = state === 'loading' || state === 'failed';
  }

  play.addEventListener('click', () => (isRunning() ? transport.pause() : transport.play()));
  step.addEventListener('click', () => post({ type: 'step' }));
  reset.addEventListener('click', () => begin());
  toTrained.addEventListener('click', () => {
    trained();
    post({ type: 'reset', trained: true });
  });
  return transport;
}

function label({ state, trained }: Position): string {
  if (state === 'running') return 'Pause';
  if (trained) return 'Train from scratch';
  return state === 'finished' ? 'Train more' : 'Play';
}
