import { EnvironmentError } from '../../../src/index.ts';
import type { TrainingState } from '../protocol.ts';
import type { Gate } from './gate.ts';
import { once } from './once.ts';
import { restMs } from './rest.ts';
import type { Loaded, RunOptions, Source, Trainee } from './trainee.ts';
import type { Upkeep } from './upkeep.ts';

/** The moment when a page with a trained network has drawn it: everything loaded later is a part of its own. */
const FIRST_LOOK = 'first look';

export interface StagesParts<Data, T extends Trainee<Data>> {
  readonly trainee: T;
  readonly upkeep: Upkeep<Data, T>;
  readonly gate: Gate;
  /** Has the trainee begin, unless it has done so. */
  readonly begin: () => Promise<void>;
  /** Tells the page of a state; undefined: of the one that is. */
  readonly tell: (state?: TrainingState) => void;
  readonly onCompile: RunOptions['onCompile'];
}

/** Where a training starts. */
export interface Start<Data> {
  readonly source: Source<Data>;
  /** The network came trained: it is shown first, and what only training needs, its script and its data, comes later. */
  readonly trained: boolean;
  /** Stops everything. */
  readonly signal: AbortSignal;
}

/** What comes before the first step of a training: the network is shown, its data load, and its step is compiled. */
export class Stages<Data, T extends Trainee<Data>> {
  readonly #parts: StagesParts<Data, T>;

  constructor(parts: StagesParts<Data, T>) {
    this.#parts = parts;
  }

  /** The data to train on; undefined if it was stopped. */
  async load({ source, trained, signal }: Start<Data>): Promise<Loaded<Data> | undefined> {
    const { trainee, upkeep, gate, tell, onCompile } = this.#parts;
    await new Promise((resolve) => setTimeout(resolve, 0)); // what was asked for while the network was made comes first
    if (signal.aborted) return undefined;
    upkeep.isOpen = true;
    const { first } = source;
    const aborted = stopped(signal);
    const prepare = async () => {
      await this.#begin();
      await trainee.prepare?.({ onCompile });
    };
    const all = () => Promise.all([Promise.race([source.all(), aborted]), prepare()]);
    const begun = trained ? undefined : all();
    begun?.catch(() => {}); // it is awaited below, after the first data
    await upkeep.look();
    tell(); // what the panels show is there
    const some = await Promise.race([first ?? (begun ? undefined : source.all()), aborted]);
    if (signal.aborted) return undefined;
    if (some) await this.#take(some);
    if (signal.aborted) return undefined;
    if (!begun) {
      performance.mark(FIRST_LOOK);
      tell('ready');
    }
    await (begun ? this.#complete() : this.#unasked(this.#complete, signal));
    if (!begun) {
      if (signal.aborted) return undefined;
      await this.#unasked(() => Promise.race([this.#begin(), aborted]), signal);
      if (signal.aborted) return undefined;
      await upkeep.evaluate();
      await gate.knock(restMs());
      if (signal.aborted) return undefined;
    }
    const [loaded] = (await (begun ?? this.#unasked(all, signal))) ?? [];
    if (signal.aborted) return undefined;
    if (loaded) await this.#take(loaded);
    return loaded;
  }

  /**
   * Work for a training that nobody may want: where something does not load, the network can be looked at all the same, and
   * it is tried again when someone asks. Undefined if the training was stopped.
   */
  async #unasked<R>(work: () => Promise<R>, signal: AbortSignal): Promise<R | undefined> {
    const { gate } = this.#parts;
    while (true) {
      try {
        return await work();
      } catch (error) {
        if (gate.isWanted || !(error instanceof EnvironmentError)) throw error;
        await Promise.race([gate.knock(Infinity), stopped(signal)]);
        if (signal.aborted) return undefined;
      }
    }
  }

  readonly #complete = once(async (): Promise<void> => {
    const { trainee, upkeep } = this.#parts;
    if (!trainee.complete) return;
    await trainee.complete();
    await upkeep.look();
  });

  async #begin(): Promise<void> {
    await this.#parts.begin();
    this.#parts.upkeep.canEvaluate = true;
  }

  async #take(loaded: Loaded<Partial<Data>>): Promise<void> {
    if (this.#parts.upkeep.give(loaded)) await this.#parts.upkeep.look();
  }
}

const stopped = (signal: AbortSignal) =>
  new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
