import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { checkHooks, CountingCallback, TerminateOnNaN } from '../callbacks/callback.ts';
import type { Callback, CallbackEntry } from '../callbacks/callback.ts';
import { earlyStopping as earlyStoppingOf } from '../callbacks/earlyStopping.ts';
import { ModelCheckpoint } from '../callbacks/modelCheckpoint.ts';
import { reduceOnPlateau as reduceOnPlateauOf } from '../callbacks/reduceOnPlateau.ts';
import type { CheckpointOptions } from './checkpoints.ts';
import type { CallbackOptions } from './loopOptions.ts';

/** The callbacks of a training, by what they do. */
export interface CallbackList {
  /** What counts epochs as a part of the training, in the order of the list. */
  readonly counting: readonly CountingCallback[];
  /** Those of these that write files. */
  readonly files: readonly ModelCheckpoint[];
  /** Objects with hooks, in the order of the list. */
  readonly told: readonly Callback[];
  /** Whether a step that cannot be made ends the training without an error. */
  readonly endsOnNaN: boolean;
}

/**
 * @param options of a training; `earlyStopping` and `reduceOnPlateau` are short for entries at the end of the list
 * @throws ArgumentError if an entry is not a callback, or two cannot be together
 */
export function callbackList(
  name: string,
  options: CallbackOptions & {
    readonly callbacks?: readonly CallbackEntry<never, never>[];
    readonly checkpoint?: CheckpointOptions;
  },
): CallbackList {
  const { callbacks = [], earlyStopping, reduceOnPlateau } = options;
  if (!Array.isArray(callbacks)) {
    throw new ArgumentError(
      `${name}: callbacks is ${describe(callbacks)}; give a list, callbacks: [earlyStopping({ patience: 3 }), …]`,
    );
  }
  const entries: object[] = [];
  callbacks.forEach((entry: unknown, i) => {
    if (entry === undefined || entry === null || entry === false) return;
    const known = entry instanceof CountingCallback || entry instanceof TerminateOnNaN;
    if (!known) checkHooks(`${name}: callbacks[${i}]`, entry);
    if (entries.includes(entry)) {
      throw new ArgumentError(`${name}: callbacks[${i}] is in the list twice; make another one`);
    }
    entries.push(entry);
  });
  if (earlyStopping) entries.push(earlyStoppingOf(earlyStopping));
  if (reduceOnPlateau) entries.push(reduceOnPlateauOf(reduceOnPlateau));
  const counting = entries.filter((entry) => entry instanceof CountingCallback);
  const files = counting.filter((entry) => entry instanceof ModelCheckpoint);
  const stores = [options.checkpoint, ...files].flatMap((own) => (own ? [own.write] : []));
  const shared = stores.find((own, i) => typeof own === 'object' && stores.indexOf(own) !== i);
  if (shared) {
    throw new ArgumentError(
      `${name}: ${(shared as { name?: string }).name} is the store of two that save, of checkpoint or modelCheckpoint; give each a store of its own`,
    );
  }
  return {
    counting,
    files,
    told: entries.filter(
      (entry) => !(entry instanceof CountingCallback || entry instanceof TerminateOnNaN),
    ) as Callback[],
    endsOnNaN: entries.some((entry) => entry instanceof TerminateOnNaN),
  };
}
