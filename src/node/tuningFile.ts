import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EnvironmentError, FormatError } from '../errors.ts';
import { decodeMeasurements, encodeMeasurements, NOTHING, remember } from '../runtime/tuning/measurements.ts';
import type { Measurements, TuningStore } from '../runtime/tuning/measurements.ts';
import { cacheFolder } from './cache.ts';
import { environmentError, writeFileAtomic } from './files.ts';
import { lockFolder } from './folderLock.ts';
import type { Unlock } from './folderLock.ts';

/** How long to wait for other processes that write: each takes some milliseconds. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 20;

/**
 * Keeps measurements in a JSON file. Processes that write at the same time lose nothing of each other's: one after the
 * other reads, adds its own, and replaces the file as a whole. A file that is damaged or of another version is replaced.
 * It stays small: see `remember`.
 *
 * @param folder default: wgrad's cache folder
 */
export function tuningFile(folder: string = cacheFolder()): TuningStore {
  const path = resolve(join(folder, 'tuning.json'));
  return {
    name: path,
    async load(adapter) {
      return (await read(path))[adapter] ?? NOTHING;
    },
    async save(adapter, measured) {
      await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
        throw environmentError('create', folder, cause);
      });
      const unlock = await lock(folder);
      try {
        const known = await read(path).catch((error: unknown): Record<string, Measurements> => {
          if (error instanceof FormatError) return {};
          throw error;
        });
        await writeFileAtomic(path, encodeMeasurements(remember(known, adapter, measured)));
      } finally {
        await unlock();
      }
    },
  };
}

/** @throws FormatError if it holds no measurements of this version, EnvironmentError if it cannot be read */
async function read(path: string): Promise<Record<string, Measurements>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw environmentError('read', path, cause);
  }
  return decodeMeasurements(text);
}

async function lock(folder: string): Promise<Unlock> {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    const unlock = await lockFolder(folder);
    if (unlock) return unlock;
    if (Date.now() > end) {
      throw new EnvironmentError(
        `The folder ${folder} has been locked by another process for ${PATIENCE_MS / 1000} s. End that process or set WGRAD_CACHE to another folder.`,
      );
    }
    await new Promise((done) => setTimeout(done, RETRY_MS));
  }
}
