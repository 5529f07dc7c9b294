import type * as files from 'node:fs/promises';
import { basename } from 'node:path';

type Files = typeof files;

/** A call on the way of a file to the disk; `syncFolder` is the last one, after the file has its name. */
export type DiskCall = 'mkdir' | 'open' | 'write' | 'sync' | 'close' | 'rename' | 'syncFolder';
export const DISK_CALLS: readonly DiskCall[] = ['open', 'write', 'sync', 'close', 'rename', 'syncFolder'];

/** What fails: gives an error's code for a call on a file, or undefined where the call works. */
export type Fault = (call: DiskCall, file: string) => string | undefined;

/**
 * `node:fs/promises` with a disk that fails where `fault.of` says so, for the
 * factory of `vi.mock('node:fs/promises', …)`. A temporary file does not know yet what it
 * will be called: only `rename` is asked with the final name.
 */
export async function brokenDisk(
  original: () => Promise<unknown>,
  fault: { of: Fault },
): Promise<Partial<Files>> {
  const real = (await original()) as Files;
  const check = (call: DiskCall, path: string) => {
    const code = fault.of(call, basename(path));
    if (code) throw Object.assign(new Error(`${code}: made for the test, ${call}`), { code });
  };
  return {
    ...real,
    mkdir: (async (path: string, options?: object) => {
      check('mkdir', path);
      return real.mkdir(path, options);
    }) as Files['mkdir'],
    rename: async (from, to) => {
      check('rename', String(to));
      return real.rename(from, to);
    },
    open: (async (path: string, flags: string) => {
      const reading = flags === 'r';
      if (!reading) check('open', path);
      const handle = await real.open(path, flags);
      return {
        writeFile: async (content: Uint8Array | string) => {
          // A full disk takes a part of the file.
          const bytes = Buffer.from(content as string);
          await handle.writeFile(bytes.subarray(0, bytes.length / 2));
          check('write', path);
          await handle.writeFile(bytes.subarray(bytes.length / 2));
        },
        sync: async () => {
          check(reading ? 'syncFolder' : 'sync', path);
          await handle.sync();
        },
        close: async () => {
          await handle.close();
          if (!reading) check('close', path);
        },
      };
    }) as unknown as Files['open'],
  };
}
