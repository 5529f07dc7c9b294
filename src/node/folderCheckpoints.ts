import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ArgumentError, EnvironmentError } from '../errors.ts';
import type { CheckpointStore } from '../io/checkpointStore.ts';
import { describe } from '../options.ts';
import { ensureWritableFolder, environmentError, readFileIfExists, writeFileAtomic } from './files.ts';
import { lockFolder } from './folderLock.ts';
import type { Unlock } from './folderLock.ts';

/**
 * Keeps checkpoints in a folder, which is made if it is missing. Files are written whole or not at all, by a temporary file
 * that is renamed. While one training writes into the folder, another one, also of another process, is refused; a process
 * that was killed leaves no lock behind.
 *
 * @throws ArgumentError if the path is none
 */
export function folderCheckpoints(folder: string): CheckpointStore {
  if (typeof folder !== 'string' || folder === '') {
    throw new ArgumentError(
      `folderCheckpoints: the folder is ${describe(folder)}; give its path, such as "out/digits"`,
    );
  }
  return new FolderCheckpoints(resolve(folder));
}

class FolderCheckpoints implements CheckpointStore {
  readonly name: string;
  readonly #folder: string;
  #unlock: Unlock | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.name = `the folder ${folder}`;
  }

  async open(): Promise<void> {
    await ensureWritableFolder(this.#folder);
    const unlock = await lockFolder(this.#folder);
    if (unlock) {
      this.#unlock = unlock;
      return;
    }
    throw new EnvironmentError(
      `Another training writes into ${this.name}; wait for its end, or choose another folder.`,
    );
  }

  async close(): Promise<void> {
    await this.#unlock?.();
    this.#unlock = undefined;
  }

  async list(): Promise<readonly string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw environmentError('read the folder', this.#folder, error);
    }
  }

  async read(name: string): Promise<Uint8Array> {
    const path = join(this.#folder, name);
    const bytes = await readFileIfExists(path);
    if (bytes) return bytes;
    throw new EnvironmentError(`Cannot read ${path}: there is no such file any more.`);
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return writeFileAtomic(join(this.#folder, name), bytes);
  }

  async remove(name: string): Promise<void> {
    const path = join(this.#folder, name);
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw environmentError('remove', path, error);
    }
  }
}
