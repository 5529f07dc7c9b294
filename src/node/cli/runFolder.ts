import { rmdir, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { EnvironmentError } from '../../errors.ts';
import { createFolder, ensureWritableFolder, writeFileAtomic } from '../files.ts';
import { lockFolder } from '../folderLock.ts';
import type { Unlock } from '../folderLock.ts';

/** The files of every run: weights, history and the chart of the losses. */
export const CHECKPOINT = 'model.safetensors';
export const HISTORY = 'history.json';
export const LOSS_CHART = 'loss.svg';

interface Unsaved {
  readonly content: Uint8Array | string;
  readonly error: EnvironmentError;
}

/**
 * The folder of a run's results, which only one run at a time can use. Files that cannot be written are not lost while
 * the run lasts: they are kept in memory and written as soon as possible.
 */
export class RunFolder {
  readonly path: string;
  readonly #warn: (text: string) => void;
  readonly #unlock: Unlock;
  readonly #isNew: boolean;
  readonly #unsaved = new Map<string, Unsaved>();

  private constructor(path: string, warn: (text: string) => void, unlock: Unlock, isNew: boolean) {
    this.path = path;
    this.#warn = warn;
    this.#unlock = unlock;
    this.#isNew = isNew;
  }

  /**
   * Call `close` in the end.
   *
   * @param warn tells the user of a file that is not saved
   * @throws EnvironmentError if the folder cannot be written, or another run has it
   */
  static async open(path: string, warn: (text: string) => void): Promise<RunFolder> {
    const isNew = await createFolder(path);
    const unlock = await lockFolder(path);
    if (!unlock) {
      throw new EnvironmentError(
        `Another run writes in the folder ${resolve(path)}: wait until it has ended, or choose another folder with --out.`,
      );
    }
    const folder = new RunFolder(path, warn, unlock, isNew);
    try {
      await ensureWritableFolder(path, { leftoverAge: 0 }); // we hold the lock, so no other process is writing
      for (const name of [CHECKPOINT, HISTORY, LOSS_CHART]) await refuseFolder(join(path, name));
      return folder;
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** As short as it can be written on a command line. */
  pathOf(name: string): string {
    const path = resolve(this.path, name);
    const short = relative('.', path);
    return short.startsWith('..') ? path : short;
  }

  /**
   * Writes a file whole or not at all. Where that fails the user is told, and `retry` tries again; only the last content
   * of a name counts.
   *
   * @returns whether it is written
   */
  async write(name: string, content: Uint8Array | string): Promise<boolean> {
    try {
      await createFolder(this.path); // it may have been deleted
      await writeFileAtomic(join(this.path, name), content);
      if (this.#unsaved.delete(name)) this.#warn(`${name} is saved now.`);
      return true;
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      const before = this.#unsaved.get(name)?.error.message;
      this.#unsaved.set(name, { content, error });
      if (before !== error.message)
        this.#warn(`${name} is not saved; another try comes later. ${error.message}`);
      return false;
    }
  }

  /** Tries again to write what could not be written. */
  async retry(): Promise<void> {
    for (const [name, { content }] of this.#unsaved) await this.write(name, content);
  }

  /** Those of the names whose last content is written. */
  saved(names: readonly string[]): readonly string[] {
    return names.filter((name) => !this.#unsaved.has(name));
  }

  /** @throws EnvironmentError that names what is not saved, if there is anything */
  check(): void {
    const [first] = this.#unsaved.values();
    if (!first) return;
    throw new EnvironmentError(`NOT SAVED: ${[...this.#unsaved.keys()].join(', ')}. ${first.error.message}`, {
      cause: first.error,
    });
  }

  /** Releases the folder; one that this run has created and left empty is deleted. */
  async close(): Promise<void> {
    if (this.#isNew) await rmdir(this.path).catch(() => undefined); // not empty
    await this.#unlock();
  }
}

/** Reports a folder in the place of a file before the training, not after it. */
async function refuseFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined); // usually there is nothing yet
  if (!found?.isDirectory()) return;
  throw new EnvironmentError(
    `${resolve(path)} is a folder, but a file has to be written there: move it away, or choose another folder with --out.`,
  );
}
