import type { Calls } from '../protocol.ts';
import type { Settings, ValuesOf } from '../settings.ts';
import type { DataLoaders } from './source.ts';
import type { Context } from './trainee.ts';

/** What a page's worker is made of. */
export interface Serving<S extends Settings, Data, T, C extends Calls, E> extends DataLoaders<
  ValuesOf<S>,
  Data
> {
  /** Makes the networks for these settings, with their views: at the start, for other settings, and on a new GPU. */
  create(context: Context<ValuesOf<S>, E>): Promise<T>;
  /** Where trained weights lie for these settings, as `npm run site:train` packs them; undefined: nowhere. */
  trained?(values: ValuesOf<S>): URL | undefined;
  /** What the page may call: functions of the networks as they are. One at a time, in order. */
  readonly calls?: {
    readonly [K in keyof C]: (trainee: T, ...args: Parameters<C[K]>) => MaybePromise<ReturnType<C[K]>>;
  };
  /** Calls of which only the last counts, when several wait. */
  readonly latest?: readonly (keyof C)[];
}

type MaybePromise<T> = T | Promise<T>;
