import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { EnvironmentError } from '../errors.ts';

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
 * A folder of the cache that is made once: `fill` writes into a temporary folder, which is then renamed, so that no
 * process ever sees half of it, however many start at the same time and wherever one is interrupted.
 *
 * @param name what it holds, with the version of its source: a new version is a new folder
 * @returns the folder's path
 * @throws {EnvironmentError} when the cache cannot be written
 */
export function cachedFolder(name: string, fill: (folder: string) => void): string {
  const target = join(cacheFolder(), name);
  if (existsSync(target)) return target;
  let temporary: string | undefined;
  try {
    mkdirSync(dirname(target), { recursive: true });
    temporary = mkdtempSync(`${target}-`);
    fill(temporary);
    renameSync(temporary, target);
  } catch (cause) {
    if (temporary) rmSync(temporary, { recursive: true, force: true });
    if (existsSync(target)) return target; // another process was faster
    throw new EnvironmentError(
      `Cannot write ${target}: ${(cause as Error).message}. Set WGRAD_CACHE to a folder that can be written.`,
      { cause },
    );
  }
  return target;
}
