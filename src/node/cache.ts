import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { EnvironmentError, WgradError } from '../errors.ts';

/**
 * The folder in which wgrad keeps what it downloads, unpacks or measures: `WGRAD_CACHE` when set, else `wgrad` in
 * the user's cache folder as the system names it (XDG_CACHE_HOME, ~/Library/Caches, LOCALAPPDATA). It may not exist.
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (env.WGRAD_CACHE) return env.WGRAD_CACHE;
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'wgrad');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'wgrad');
  return join(env.XDG_CACHE_HOME || join(home, '.cache'), 'wgrad');
}

/**
 * A folder of the cache that is made once: `fill` writes into a temporary folder, which goes to the disk and is then
 * renamed, so that no process ever sees half of it, however many start at the same time and wherever one is interrupted.
 *
 * @param name what it holds, with the version of its source: a new version is a new folder
 * @returns the folder's path
 * @throws {EnvironmentError} when the cache cannot be written; nothing is left of it then
 */
export function cachedFolder(name: string, fill: (folder: string) => void): string {
  const target = join(cacheFolder(), name);
  if (existsSync(target)) return target;
  let temporary: string | undefined;
  try {
    mkdirSync(dirname(target), { recursive: true });
    removeLeftovers(target);
    temporary = mkdtempSync(`${target}-`);
    fill(temporary);
    syncFiles(temporary); // a power cut must not leave the name with empty files
    renameSync(temporary, target);
  } catch (cause) {
    if (temporary) removeQuietly(temporary);
    if (existsSync(target)) return target; // another process was faster
    if (cause instanceof WgradError) throw cause; // the error comes from the archive, not from the cache
    throw new EnvironmentError(
      `Cannot write ${target}: ${(cause as Error).message}. Set WGRAD_CACHE to a folder that can be written.`,
      { cause },
    );
  }
  return target;
}

/** No folder takes that long to fill. */
const LEFTOVER_MS = 3_600_000;

/** Deletes temporary folders of killed processes, which may hold hundreds of megabytes. */
function removeLeftovers(target: string): void {
  const prefix = `${basename(target)}-`;
  for (const name of readdirSync(dirname(target))) {
    if (!name.startsWith(prefix) || name.length !== prefix.length + 6) continue; // six characters of mkdtemp
    const path = join(dirname(target), name);
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (Date.now() - made > LEFTOVER_MS) removeQuietly(path);
  }
}

/** What cannot be deleted stays: another error is reported already, or there is none. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The next process tries again, in an hour.
  }
}

function syncFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) syncFiles(path);
    if (!entry.isFile()) continue;
    const file = openSync(path, 'r+'); // Windows syncs only what may be written
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}
