import type { BigIntStats } from 'node:fs';
import { constants, open, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { EnvironmentError } from '../errors.ts';

/** Gives the lock back. */
export type Unlock = () => Promise<void>;

/**
 * Locks a folder for this process. The system itself releases the lock when the process ends, however it ends (kill -9, a
 * crash): no lock file is left behind, and of processes that try at the same moment exactly one gets the lock.
 *
 * On Linux it is an abstract socket, on Windows a named pipe, under a name made of the folder's device and inode: paths
 * that lead to the same folder share it. macOS and the BSDs lock the open folder itself. Processes in different network
 * namespaces of Linux (containers) do not see each other's.
 *
 * @returns undefined if another process, or this one, holds the lock
 * @throws EnvironmentError if the folder cannot be locked for any other reason
 */
export async function lockFolder(
  path: string,
  platform: NodeJS.Platform = process.platform,
): Promise<Unlock | undefined> {
  try {
    if (platform === 'linux') return await listen(`\0${lockName(await stat(path, { bigint: true }))}`);
    if (platform === 'win32')
      return await listen(`\\\\.\\pipe\\${lockName(await stat(path, { bigint: true }))}`);
    return await openLocked(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EAGAIN' || code === 'EWOULDBLOCK') return undefined;
    throw new EnvironmentError(`Cannot lock the folder ${path}: ${message}. Choose another folder.`, {
      cause,
    });
  }
}

const lockName = ({ dev, ino }: BigIntStats): string => `wgrad-folder-${dev}-${ino}`;

/** Only one process can listen under a name. */
function listen(name: string): Promise<Unlock> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => void socket.destroy());
    server.once('error', reject);
    server.listen(name, () => {
      server.unref(); // the process may end by itself
      resolve(() => new Promise((done) => server.close(() => done())));
    });
  });
}

/** O_EXLOCK of macOS and the BSDs, which Node does not name: open(2) takes the lock, or fails with EAGAIN. */
const O_EXLOCK = 0x20;

async function openLocked(path: string): Promise<Unlock> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | O_EXLOCK);
  return () => handle.close();
}
