import * as fs from 'node:fs';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EnvironmentError, FormatError } from '../../src/errors.ts';
import { cachedFolder, cacheFolder } from '../../src/node/cache.ts';

vi.mock('node:fs', async (original) => ({ ...(await original<typeof fs>()) }));

describe('cacheFolder', () => {
  it('is WGRAD_CACHE, else the custom of the system', () => {
    expect(cacheFolder({ WGRAD_CACHE: '/x', XDG_CACHE_HOME: '/y' }, 'linux', '/home/me')).toBe('/x');
    expect(cacheFolder({ XDG_CACHE_HOME: '/y' }, 'linux', '/home/me')).toBe('/y/wgrad');
    expect(cacheFolder({}, 'linux', '/home/me')).toBe('/home/me/.cache/wgrad');
    expect(cacheFolder({}, 'darwin', '/Users/me')).toBe('/Users/me/Library/Caches/wgrad');
    expect(cacheFolder({ LOCALAPPDATA: '/local' }, 'win32', '/me')).toBe('/local/wgrad');
  });
});

describe('cachedFolder', () => {
  let cache: string;
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'wgrad-cache-'));
    vi.stubEnv('WGRAD_CACHE', join(cache, 'of', 'mine'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true });
  });
  const write = (text: string) => (folder: string) => writeFileSync(join(folder, 'file'), text);

  it('is filled once', () => {
    const first = cachedFolder('thing-1', write('first'));
    expect(cachedFolder('thing-1', write('second'))).toBe(first);
    expect(readFileSync(join(first, 'file'), 'utf8')).toBe('first');
  });

  it('leaves nothing behind when filling fails', () => {
    const fail = () => {
      throw new Error('disk full');
    };
    expect(() => cachedFolder('thing-1', fail)).toThrow(EnvironmentError);
    expect(() => cachedFolder('thing-1', fail)).toThrow(/thing-1: disk full.*WGRAD_CACHE/);
    expect(readdirSync(join(cache, 'of', 'mine'))).toEqual([]);
  });

  it('leaves nothing behind when the disk or the rename fails, at whichever call', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, made for the test'), {
      code: 'ENOSPC',
    });
    for (const call of ['fsyncSync', 'openSync', 'renameSync'] as const) {
      const failing = vi.spyOn(fs, call).mockImplementation(() => {
        throw full;
      });
      expect(() => cachedFolder('thing-1', (folder) => write('half')(folder))).toThrow(
        /Cannot write .*thing-1: ENOSPC.*WGRAD_CACHE/,
      );
      expect(failing).toHaveBeenCalled();
      failing.mockRestore();
      expect(readdirSync(join(cache, 'of', 'mine'))).toEqual([]);
    }
  });

  it('tells what is wrong with what it was to hold, not with the cache', () => {
    const damaged = () => {
      throw new FormatError('The archive is damaged.');
    };
    expect(() => cachedFolder('thing-1', damaged)).toThrow(FormatError);
    expect(readdirSync(join(cache, 'of', 'mine'))).toEqual([]);
  });

  it('takes away what a killed process left long ago, and nothing else', () => {
    const mine = join(cache, 'of', 'mine');
    const names = ['thing-1-abcdef', 'thing-1-ghijkl', 'thing-1-notes', 'thing-2-abcdef'];
    for (const name of names) mkdirSync(join(mine, name, 'lib'), { recursive: true });
    const yesterday = Date.now() / 1000 - 86_400;
    for (const name of names)
      if (name !== 'thing-1-ghijkl') utimesSync(join(mine, name), yesterday, yesterday);
    cachedFolder('thing-1', write('first'));
    expect(readdirSync(mine).sort()).toEqual([
      'thing-1',
      'thing-1-ghijkl',
      'thing-1-notes',
      'thing-2-abcdef',
    ]);
  });

  it('keeps the folder of a process that was faster', () => {
    const folder = cachedFolder('thing-1', (temporary) => {
      cachedFolder('thing-1', write('the other’s'));
      write('ours')(temporary);
    });
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('the other’s');
    expect(readdirSync(join(cache, 'of', 'mine'))).toEqual(['thing-1']);
  });

  it('says so when the place cannot be written', () => {
    writeFileSync(join(cache, 'of'), 'a file in the way');
    expect(() => cachedFolder('thing-1', write(''))).toThrow(EnvironmentError);
    expect(existsSync(join(cache, 'of', 'mine'))).toBe(false);
  });
});
