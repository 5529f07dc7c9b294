import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EnvironmentError } from '../errors.ts';
import { cacheFolder } from './cache.ts';
import { ensureWritableFolder, writeFileAtomic } from './files.ts';

/** Where data sets are looked for. */
export interface DataFolders {
  /** Folder of the user's with data sets in it; default: the environment variable WGRAD_DATA. */
  dataDir?: string;
  /** Where downloads are kept; default: `cacheFolder()`. */
  cacheDir?: string;
}

/** The folders in use, made absolute; an empty variable counts as not set. */
export function dataFolders({ dataDir = process.env.WGRAD_DATA, cacheDir = cacheFolder() }: DataFolders): {
  dataDir: string | undefined;
  cacheDir: string;
} {
  return { dataDir: dataDir ? resolve(dataDir) : undefined, cacheDir: resolve(cacheDir) };
}

/** @throws EnvironmentError if the user's folder is not there at all */
export function requireDataFolder(dataDir: string): void {
  if (existsSync(dataDir)) return;
  throw new EnvironmentError(
    `The data folder ${dataDir} does not exist. Correct it (--data, or the variable WGRAD_DATA), or leave it out to use the cache and mirrors.`,
  );
}

/** Stores a verified download; a cache that cannot be written costs time later, not this run. */
export async function keepDownload(
  path: string,
  bytes: Uint8Array,
  onNotice: (notice: string) => void,
): Promise<void> {
  try {
    await ensureWritableFolder(dirname(path));
    await writeFileAtomic(path, bytes);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    onNotice(`The download is used but not stored. ${error.message}`);
  }
}
