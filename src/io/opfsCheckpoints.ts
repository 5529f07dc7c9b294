import { ArgumentError, EnvironmentError } from '../errors.ts';
import { describe } from '../options.ts';
import type { CheckpointStore } from './checkpointStore.ts';

/** What the names of files that are being written end with. */
const TEMPORARY = '.wgrad-writing';

/** All browsers have `move` for files of this file system; TypeScript's library lacks it. */
interface MovableFile extends FileSystemFileHandle {
  move(name: string): Promise<void>;
}

/**
 * Keeps checkpoints in a browser: in a folder of the origin private file system, which belongs to the site alone. In pages
 * and in workers; it needs a secure context (https or localhost). The browser may clear it when the disk is full, unless
 * `navigator.storage.persist()` was granted.
 *
 * Files are written whole or not at all. While one training writes into a folder, another one, also in another tab, is
 * refused.
 *
 * @param folder its path in the file system of the site: `digits` or `runs/digits`
 * @throws ArgumentError if that is not a path
 */
export function opfsCheckpoints(folder: string): CheckpointStore {
  const parts = typeof folder === 'string' ? folder.split('/').filter(Boolean) : [];
  if (parts.length === 0 || parts.some((part) => part === '.' || part === '..')) {
    throw new ArgumentError(
      `opfsCheckpoints: the folder is ${describe(folder)}; give a path without "." and "..", such as "runs/digits"`,
    );
  }
  return new OpfsCheckpoints(parts);
}

class OpfsCheckpoints implements CheckpointStore {
  readonly name: string;
  readonly #parts: readonly string[];
  #unlock: (() => void) | undefined;

  constructor(parts: readonly string[]) {
    this.#parts = parts;
    this.name = `the folder ${parts.join('/')} of this site`;
  }

  async open(): Promise<void> {
    const unlock = await lock(`wgrad-checkpoints/${this.#parts.join('/')}`, this.name);
    this.#unlock = unlock;
    try {
      await this.#attempt('write in', async (own) => {
        for await (const name of own.keys()) if (name.endsWith(TEMPORARY)) await own.removeEntry(name);
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#unlock?.();
    this.#unlock = undefined;
  }

  list(): Promise<readonly string[]> {
    return this.#attempt('read', async (own) => {
      const names: string[] = [];
      for await (const name of own.keys()) names.push(name);
      return names;
    });
  }

  read(name: string): Promise<Uint8Array> {
    return this.#attempt(`read ${name} in`, async (own) => {
      const file = await (await own.getFileHandle(name)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    });
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#attempt(`write ${name} in`, async (own) => {
      const temporary = name + TEMPORARY;
      const file = (await own.getFileHandle(temporary, { create: true })) as MovableFile;
      try {
        await writeAll(file, bytes as Uint8Array<ArrayBuffer>);
        await file.move(name);
      } catch (error) {
        await own.removeEntry(temporary).catch(() => {});
        throw error;
      }
    });
  }

  remove(name: string): Promise<void> {
    return this.#attempt(`remove ${name} from`, (own) => own.removeEntry(name));
  }

  /** Works in the folder, which is made if it is missing. @throws EnvironmentError with the reason and the fix */
  async #attempt<T>(what: string, work: (own: FileSystemDirectoryHandle) => Promise<T>): Promise<T> {
    try {
      if (!globalThis.navigator?.storage?.getDirectory) {
        throw new Error('there is no origin private file system here; use a page over https or localhost');
      }
      let own = await navigator.storage.getDirectory();
      for (const part of this.#parts) own = await own.getDirectoryHandle(part, { create: true });
      return await work(own);
    } catch (cause) {
      const { name, message } = cause as Error;
      const full = name === 'QuotaExceededError';
      const why = full ? 'the storage of this site is full. Free some of it' : message;
      throw new EnvironmentError(`Cannot ${what} ${this.name}: ${why}.`, { cause });
    }
  }
}

/** Locks a name among all tabs and workers of the site. @throws EnvironmentError if it is locked already */
async function lock(key: string, name: string): Promise<(() => void) | undefined> {
  const { locks } = globalThis.navigator ?? {};
  if (!locks) return undefined; // an insecure context, in which there is no file system either
  let unlock: (() => void) | undefined;
  const got = await new Promise<boolean>((resolve, reject) => {
    const held = (own: Lock | null): Promise<void> | undefined => {
      resolve(own !== null);
      return own ? new Promise<void>((done) => (unlock = done)) : undefined;
    };
    locks.request(key, { ifAvailable: true }, held).catch(reject);
  });
  if (got) return unlock;
  throw new EnvironmentError(
    `Another training writes into ${name}, perhaps in another tab; wait for its end, or choose another folder.`,
  );
}

async function writeAll(file: FileSystemFileHandle, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const stream = await file.createWritable();
  try {
    await stream.write(bytes);
  } catch (error) {
    await stream.abort().catch(() => {});
    throw error;
  }
  await stream.close();
}
