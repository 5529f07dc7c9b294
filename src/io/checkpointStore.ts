import { ArgumentError } from '../errors.ts';
import { describe } from '../options.ts';

/** Where checkpoints are kept, by their names: a folder (`folderCheckpoints` of wgrad/node), OPFS, or a store of your own. */
export interface CheckpointStore {
  /** For messages: what and where it is. */
  readonly name: string;
  /** Called before the first step of a training: throws where nothing can be written, or somebody else writes. */
  open?(): Promise<void>;
  /** Called when the training is over. */
  close?(): Promise<void>;
  /** Names of all files in it, also of those that are not checkpoints. */
  list(): Promise<readonly string[]>;
  read(name: string): Promise<Uint8Array>;
  /** Writes a file whole or not at all; replaces one of the same name. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

const NAME = /^checkpoint-(\d{9,})\.safetensors$/;

/** The name of the file that is saved after a number of steps. */
export const checkpointName = (step: number): string =>
  `checkpoint-${String(step).padStart(9, '0')}.safetensors`;

/** A file that `checkpointName` has named, and its step. */
export interface KeptCheckpoint {
  readonly name: string;
  readonly step: number;
}

/** The checkpoints among the files of a store, those of the latest steps first. */
export async function keptCheckpoints(store: CheckpointStore): Promise<KeptCheckpoint[]> {
  const names: unknown = await store.list();
  if (!Array.isArray(names)) {
    throw new ArgumentError(`${store.name}: list() gave ${describe(names)}; it must give an array of names`);
  }
  return (names as string[])
    .filter((name) => NAME.test(name))
    .map((name) => ({ name, step: Number(NAME.exec(name)![1]) }))
    .sort((a, b) => b.step - a.step);
}

/**
 * The checkpoint of the latest step in a store, for `model.load`; undefined if there is none.
 *
 * ```ts
 * const store = folderCheckpoints('out/digits');
 * const bytes = await latestCheckpoint(store);
 * if (bytes) model.load(bytes);
 * await model.fit(data, { epochs: 20, resume: true, checkpoint: { write: store } });
 * ```
 *
 * @throws ArgumentError if it is not a store
 */
export async function latestCheckpoint(store: CheckpointStore): Promise<Uint8Array | undefined> {
  if (typeof store?.list !== 'function' || typeof store.read !== 'function') {
    throw new ArgumentError(
      `latestCheckpoint: takes a store, folderCheckpoints(…) or opfsCheckpoints(…), but was given ${describe(store)}`,
    );
  }
  const [latest] = await keptCheckpoints(store);
  return latest && store.read(latest.name);
}
