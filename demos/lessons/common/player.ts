import { announce } from '../../shared/announce.ts';
import { byId } from '../../shared/dom.ts';

export interface PlayerOptions {
  /** One step of the lesson; false where there is nothing more to do. */
  readonly step: () => Promise<boolean>;
  readonly reset: () => Promise<void>;
  /** Between two steps while it plays, in ms; 0 is once a frame. */
  readonly pause?: number;
}

/** Announces the elements marked by `data-told` to screen readers; not while playing, when they change all the time. */
function tell(): void {
  const told = [...document.querySelectorAll('[data-told]')].map((element) => element.textContent);
  announce(told.join(' '));
}

/** The buttons #play, #step-once and #reset: steps one by one, or one after the other until there is nothing more to do. */
export function createPlayer({ step, reset, pause = 0 }: PlayerOptions): { start(): void; stop(): void } {
  const play = byId<HTMLButtonElement>('play');
  let current: { stopped: boolean } | undefined;

  function stop(): void {
    if (current) current.stopped = true;
    current = undefined;
    play.dataset.running = 'false';
    byId('play-label').textContent = 'Play';
  }

  async function run(): Promise<void> {
    stop();
    const own = (current = { stopped: false });
    play.dataset.running = 'true';
    byId('play-label').textContent = 'Pause';
    while (!own.stopped) {
      if (!(await step())) break;
      await new Promise((resolve) => setTimeout(resolve, pause));
      await new Promise(requestAnimationFrame);
    }
    if (!own.stopped) stop();
    tell();
  }

  play.addEventListener('click', () => (current ? stop() : void run()));
  byId('step-once').addEventListener('click', () => {
    stop();
    void step().then(tell);
  });
  byId('reset').addEventListener('click', () => {
    stop();
    void reset();
  });
  return { start: () => void run(), stop };
}
