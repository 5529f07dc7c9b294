import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { EnvironmentError } from '../errors.ts';

/** What the usual failures mean and what helps. */
const REASONS: Record<string, [reason: string, fix: string]> = {
  EACCES: ['permission is denied', 'Change its permissions or choose another path.'],
  EPERM: ['the operation is not permitted', 'Change its permissions or choose another path.'],
  EROFS: ['the file system is read-only', 'Choose a path on a writable disk.'],
  ENOSPC: ['the disk is full', 'Free some space or choose a path on another disk.'],
  ENOENT: ['the folder does not exist', 'Create the folder first or correct the path.'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Correct the path or move that file away.'],
  EEXIST: ['a file of that name is in the way', 'Correct the path or move that file away.'],
  EISDIR: ['it is a folder', 'Give the path of a file.'],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter path.'],
};

function environmentError(action: string, path: string, cause: unknown): EnvironmentError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const [reason, fix] = REASONS[code] ?? [message, 'Choose another path.'];
  return new EnvironmentError(`Cannot ${action} ${resolve(path)}: ${reason}${code && ` (${code})`}. ${fix}`, {
    cause,
  });
}

/**
 * Writes a file whole or not at all: the bytes go to a temporary file in the same folder and to the disk, and
 * only then does the temporary file take the name. A crash at any moment leaves the old file or the new one.
 *
 * @throws EnvironmentError naming the path, the reason and the fix; the old file is then untouched
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  const folder = dirname(resolve(path));
  const temporary = join(folder, `.${basename(path).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw environmentError('write', path, error);
  }
  await syncFolder(folder);
}

/** Brings the rename itself to the disk, where the system can (Windows cannot open folders). */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // The file is complete either way; only its survival of a power cut in this second is not certain.
  }
}

/**
 * Creates a folder, with its parents, if it is missing, and proves that files can be written in it.
 *
 * @throws EnvironmentError naming the path, the reason and the fix
 */
export async function ensureWritableFolder(path: string): Promise<void> {
  const probe = join(path, `.wgrad-probe-${randomUUID()}`);
  try {
    await mkdir(path, { recursive: true });
    // Permission bits do not tell the whole truth (root, read-only mounts, quotas): write.
    const file = await open(probe, 'wx');
    await file.close();
    await rm(probe);
  } catch (error) {
    throw environmentError('write in the folder', path, error);
  }
}

/**
 * The file's bytes, or undefined if there is no such file.
 *
 * @throws EnvironmentError if it exists but cannot be read
 */
export async function readFileIfExists(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw environmentError('read', path, error);
  }
}
