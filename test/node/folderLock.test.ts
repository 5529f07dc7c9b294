import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import * as files from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EnvironmentError } from '../../src/errors.ts';
import { lockFolder } from '../../src/node/folderLock.ts';

vi.mock('node:fs/promises', async (original) => ({ ...(await original<typeof files>()) }));

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wgrad-lock-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(root, { recursive: true });
});

describe('lockFolder', () => {
  it('belongs to one at a time, by whatever path, and leaves nothing in the folder', async () => {
    const folder = join(root, 'folder');
    await mkdir(folder);
    await symlink(folder, join(root, 'link'));
    const unlock = await lockFolder(folder);
    expect(unlock).toBeDefined();
    expect(await lockFolder(folder)).toBeUndefined();
    expect(await lockFolder(join(root, 'link', '..', 'folder'))).toBeUndefined();
    expect(await lockFolder(join(root, 'link'))).toBeUndefined();
    await (await lockFolder(root))!(); // another folder
    expect(await readdir(folder)).toEqual([]);
    await unlock!();
    await (await lockFolder(join(root, 'link')))!();
  });

  it('goes to exactly one of many who try at once', async () => {
    for (let round = 0; round < 20; round++) {
      const locks = await Promise.all(Array.from({ length: 10 }, () => lockFolder(root)));
      const won = locks.filter((unlock) => unlock !== undefined);
      expect(won).toHaveLength(1);
      await won[0]();
    }
  });

  it('ends with a process that is killed', async () => {
    const module = new URL('../../src/node/folderLock.ts', import.meta.url).href;
    const script = `import { lockFolder } from '${module}';
      const unlock = await lockFolder(process.argv[1]);
      process.stdout.write(unlock ? 'locked' : 'refused');
      setInterval(() => {}, 1000);`;
    const start = async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, root]);
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      return { child, said: String(said) };
    };
    const { child, said } = await start();
    expect(said).toBe('locked');
    expect(await lockFolder(root)).toBeUndefined();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await lockFolder(root))!();
  });

  it('is told from a folder that cannot be locked', async () => {
    await expect(lockFolder(join(root, 'none'))).rejects.toThrow(EnvironmentError);
    await expect(lockFolder(join(root, 'none'))).rejects.toThrow(/Cannot lock the folder .*none: ENOENT/);
  });

  it('is a lock on the open folder itself on macOS', async () => {
    const close = vi.fn<() => Promise<void>>(async () => undefined);
    const open = vi.spyOn(files, 'open').mockResolvedValue({ close } as unknown as files.FileHandle);
    await (await lockFolder(root, 'darwin'))!();
    expect(close).toHaveBeenCalledTimes(1);
    const [path, flags] = open.mock.calls[0];
    expect([path, Number(flags) & 0x20, Number(flags) & constants.O_NONBLOCK]).toEqual([
      root,
      0x20,
      constants.O_NONBLOCK,
    ]);
    open.mockRejectedValue(Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' }));
    expect(await lockFolder(root, 'darwin')).toBeUndefined();
    open.mockRejectedValue(Object.assign(new Error('EACCES: no'), { code: 'EACCES' }));
    await expect(lockFolder(root, 'darwin')).rejects.toThrow(/EACCES/);
  });
});
