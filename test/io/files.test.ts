import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EnvironmentError } from '../../src/errors.ts';
import { ensureWritableFolder, readFileIfExists, writeFileAtomic } from '../../src/node/files.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wgrad-files-'));
});
afterEach(() => rm(root, { recursive: true }));

const bytes = Uint8Array.from([1, 2, 3]);

describe('writeFileAtomic', () => {
  it('writes and replaces, and leaves nothing else behind', async () => {
    const path = join(root, 'weights.safetensors');
    await writeFileAtomic(path, 'old');
    await writeFileAtomic(path, bytes);
    expect(new Uint8Array(await readFile(path))).toEqual(bytes);
    expect(await readdir(root)).toEqual(['weights.safetensors']);
  });

  it('names path, reason and fix', async () => {
    await writeFile(join(root, 'file'), '');
    await mkdir(join(root, 'folder', 'full'), { recursive: true });
    const write = (...path: string[]) => writeFileAtomic(join(root, ...path), bytes);
    await expect(write('none', 'x')).rejects.toBeInstanceOf(EnvironmentError);
    await expect(write('none', 'x')).rejects.toThrow(
      `Cannot write ${join(root, 'none', 'x')}: the folder does not exist (ENOENT). Create the folder first`,
    );
    await expect(write('file', 'x')).rejects.toThrow(/a part of the path is a file, not a folder/);
    await expect(write('folder')).rejects.toThrow(/it is a folder \(EISDIR\)\. Give the path of a file/);
    await expect(write('x'.repeat(300))).rejects.toThrow(/name is too long/);
    expect((await readdir(root)).sort()).toEqual(['file', 'folder']);
  });

  it.each(['writeFile', 'sync'] as const)('keeps the old file when %s fails', async (method) => {
    const path = join(root, 'weights');
    await writeFile(path, 'good');
    const probe = await open(path);
    const prototype = Object.getPrototypeOf(probe) as FileHandle;
    await probe.close();
    const failing = vi.spyOn(prototype, method).mockImplementation(async () => {
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    });
    await expect(writeFileAtomic(path, bytes)).rejects.toThrow(
      /weights: the disk is full \(ENOSPC\)\. Free some space/,
    );
    failing.mockRestore();
    expect(await readFile(path, 'utf8')).toBe('good');
    expect(await readdir(root)).toEqual(['weights']);
  });

  it('lets many write at once: the file is one of theirs, whole', async () => {
    const path = join(root, 'shared');
    const contents = Array.from({ length: 20 }, (_, i) => new Uint8Array(100_000).fill(i));
    await Promise.all(contents.map((content) => writeFileAtomic(path, content)));
    const result = new Uint8Array(await readFile(path));
    expect(contents).toContainEqual(result);
  });

  it('survives being killed at any moment', async () => {
    const path = join(root, 'killed');
    const size = 3_000_000;
    await writeFileAtomic(path, new Uint8Array(size));
    const module = pathToFileURL(fileURLToPath(new URL('../../src/node/files.ts', import.meta.url))).href;
    const script = `import { writeFileAtomic } from '${module}';
      for (let i = 1; ; i++) { await writeFileAtomic(process.argv[1], new Uint8Array(${size}).fill(i)); process.stdout.write('.'); }`;
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, path]);
      await once(child.stdout, 'data');
      await new Promise((resolve) => setTimeout(resolve, 4 * round));
      child.kill('SIGKILL');
      await once(child, 'close');
      const result = await readFile(path);
      expect(result.length).toBe(size);
      expect(result.every((byte) => byte === result[0])).toBe(true);
    }
  });
});

describe('ensureWritableFolder', () => {
  it('creates the folder with its parents and leaves it empty', async () => {
    const path = join(root, 'a', 'b');
    await ensureWritableFolder(path);
    await ensureWritableFolder(path);
    expect((await stat(path)).isDirectory()).toBe(true);
    expect(await readdir(path)).toEqual([]);
  });

  it('names path, reason and fix', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    await expect(ensureWritableFolder(file)).rejects.toThrow(EnvironmentError);
    await expect(ensureWritableFolder(file)).rejects.toThrow(
      `Cannot write in the folder ${file}: a file of that name is in the way (EEXIST). Correct the path`,
    );
    await expect(ensureWritableFolder(join(file, 'deeper'))).rejects.toThrow(/a part of the path is a file/);
  });
});

describe('readFileIfExists', () => {
  it('tells a missing file from one that cannot be read', async () => {
    await writeFile(join(root, 'file'), bytes);
    expect(new Uint8Array((await readFileIfExists(join(root, 'file')))!)).toEqual(bytes);
    expect(await readFileIfExists(join(root, 'none'))).toBeUndefined();
    expect(await readFileIfExists(join(root, 'file', 'x'))).toBeUndefined();
    await expect(readFileIfExists(root)).rejects.toThrow(/Cannot read .*: it is a folder/);
  });
});
