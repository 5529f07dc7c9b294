import type { ToWorker } from '../protocol.ts';
import type { Acts } from '../settings.ts';

type Reset = Extract<ToWorker, { type: 'reset' }>;

/** What is to be done. */
export interface Wanted {
  /** The settings that have changed. */
  readonly names: readonly string[];
  /** What their changes do. */
  readonly acts: ReadonlySet<Acts>;
  readonly reset: Reset | undefined;
}

/** Resets and changes of settings, which wait for their turn: of several networks that are asked for, the last is made. */
export class Changes {
  #waiting = 0;
  readonly #names = new Set<string>();
  #reset: Reset | undefined;

  /** One has come. */
  wait(): void {
    this.#waiting++;
  }

  /** It is its turn. @returns what is to be done now; undefined: a later one will see to it */
  take(
    message: Reset | Extract<ToWorker, { type: 'set' }>,
    acts: Readonly<Record<string, Acts>>,
  ): Wanted | undefined {
    this.#waiting--;
    if (message.type === 'reset') this.#reset = message;
    else for (const name of message.changed) this.#names.add(name);
    const names = [...this.#names];
    const reset = this.#reset;
    if (this.#waiting > 0 && (reset || names.some((name) => acts[name] !== 'now'))) return undefined;
    this.#names.clear();
    this.#reset = undefined;
    return { names, acts: new Set(names.map((name) => acts[name])), reset };
  }
}
