import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { EnvironmentError } from '../errors.ts';

/** What the usual failures mean and what helps. */
const REASONS: Record<string, [reason: string, fix: string]> = {
  EACCES: ['permission is denied', 'Change its permissions or choose another path.'],
  EPERM: ['the operation is not permitted', 'Change its permissions or choose another path.'],
  EROFS: ['the file system is read-only', 'Choose a path on a writable disk.'],
  ENOSPC: ['the disk is full', 'Free some space or choose a path on another disk.'],
  EDQUOT: ['the disk quota is exceeded', 'Free some space or choose a path on another disk.'],
  EFBIG: ['the file would be larger than the system allows', 'Raise the limit or choose another disk.'],
  EIO: ['the disk reports an error', 'Check the disk or choose a path on another one.'],
  EMFILE: ['too many files are open', 'Raise the limit of open files.'],
  ENFILE: ['too many files are open', 'Close other programs.'],
  EBUSY: ['another program is using it', 'Close that program or choose another path.'],
  ELOOP: ['its symbolic links lead in a circle', 'Correct the links or choose another path.'],
  ENOENT: ['the folder does not exist', 'Create the folder first or correct the path.'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Correct the path or move that file away.'],
  EEXIST: ['a file of that name is in the way', 'Correct the path or move that file away.'],
  EISDIR: ['it is a folder', 'Give the path of a file.'],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter path.'],
};

export function environmentError(action: string, path: string, cause: unknown): EnvironmentError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const [reason, fix] = REASONS[code] ?? [message, 'Choose another path.'];
  return new EnvironmentError(`Cannot ${action} ${resolve(path)}: ${reason}${code && ` (${code})`}. ${fix}`, {
    cause,
  });
}

/** Names of temporary files; what a killed process left behind is known by them. */
const TEMPORARY = /^\.wgrad-[\da-f-]{36}\.tmp$/;
const temporaryIn = (folder: string): string => join(folder, `.wgrad-${randomUUID()}.tmp`);

/** Temporary files of this process: one that ends in the middle of writing takes them away. */
const unfinished = new Set<string>();
let cleansOnExit = false;

function cleanOnExit(): void {
  if (cleansOnExit) return;
  cleansOnExit = true;
  process.once('exit', () => {
    for (const file of unfinished) rmSync(file, { force: true });
  });
}

/**
 * Writes a file whole or not at all: the bytes go to a temporary file in the same folder and to the disk, and
 * only then does the temporary file take the name. A crash at any moment leaves the old file or the new one.
 *
 * @throws EnvironmentError naming the path, the reason and the fix; nothing is then left of the new file, and the old one
 *   is untouched unless the disk itself failed at the very end
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await replaceFile(path, bytes);
  } catch (error) {
    throw environmentError('write', path, error);
  }
}

async function replaceFile(path: string, bytes: Uint8Array | string): Promise<void> {
  const folder = dirname(resolve(path));
  const temporary = temporaryIn(folder);
  cleanOnExit();
  unfinished.add(temporary);
  try {
    await writeThrough(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    unfinished.delete(temporary);
  }
  await syncFolder(folder);
}

/** Writes a new file as far as the disk itself. A full disk may show at each of the calls, also at the last ones. */
async function writeThrough(path: string, bytes: Uint8Array | string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync().catch(ignoreUnsupported);
  } catch (error) {
    await file.close().catch(() => undefined); // the first failure is the one to report
    throw error;
  }
  await file.close();
}

/** Brings the rename itself to the disk, where the system can: Windows cannot open folders. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(ignoreUnsupported);
  if (!handle) return;
  await handle
    .sync()
    .catch(ignoreUnsupported)
    .finally(() => handle.close());
}

/** File systems without fsync, and folders that may be written but not read. */
const UNSUPPORTED = ['EINVAL', 'ENOTSUP', 'ENOSYS', 'EISDIR', 'EPERM', 'EACCES', 'EBADF'];

function ignoreUnsupported(error: NodeJS.ErrnoException): undefined {
  if (!UNSUPPORTED.includes(error.code ?? '')) throw error;
}

/**
 * Creates a folder, with its parents, if it is missing.
 *
 * @returns whether it is new
 * @throws EnvironmentError naming the path, the reason and the fix
 */
export async function createFolder(path: string): Promise<boolean> {
  try {
    return (await mkdir(path, { recursive: true })) !== undefined;
  } catch (error) {
    throw environmentError('write in the folder', path, error);
  }
}

/** A size for which any disk with free space has room. */
const PROBE_BYTES = 4096;

/**
 * Creates a folder, with its parents, if it is missing, and proves that files can be written in it. Temporary files that
 * a killed process left in it go away once they are older than `leftoverAge`.
 *
 * @param leftoverAge in milliseconds; default an hour, which no write takes
 * @throws EnvironmentError naming the path, the reason and the fix
 */
export async function ensureWritableFolder(path: string, { leftoverAge = 3_600_000 } = {}): Promise<void> {
  await createFolder(path);
  try {
    await removeLeftovers(path, leftoverAge);
    // Permission bits are not enough (root, read-only mounts, quotas, full disks), so a file is written.
    const probe = temporaryIn(path);
    await replaceFile(probe, new Uint8Array(PROBE_BYTES));
    await rm(probe);
  } catch (error) {
    throw environmentError('write in the folder', path, error);
  }
}

async function removeLeftovers(folder: string, age: number): Promise<void> {
  for (const name of (await readdir(folder).catch(ignoreUnsupported)) ?? []) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(folder, name);
    const written = await stat(path).catch(() => undefined); // another process may be faster
    if (written && Date.now() - written.mtimeMs >= age) await rm(path, { force: true });
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
