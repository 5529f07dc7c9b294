import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { EnvironmentError } from '../../src/errors.ts';
import { decodeSafetensors } from '../../src/io/safetensors.ts';
import { ensureWritableFolder, writeFileAtomic } from '../../src/node/files.ts';
import { DISK_CALLS } from '../helpers/brokenDisk.ts';
import type { Fault } from '../helpers/brokenDisk.ts';
import { startTraining, train } from '../helpers/command.ts';

const fault = vi.hoisted((): { of: Fault } => ({ of: () => undefined }));
vi.mock('node:fs/promises', async (original) => {
  const { brokenDisk } = await import('../helpers/brokenDisk.ts');
  return brokenDisk(original, fault);
});
afterEach(() => void (fault.of = () => undefined));

const root = mkdtempSync(join(tmpdir(), 'wgrad-disk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a file that cannot be written', () => {
  const CODES = [
    'ENOSPC',
    'EDQUOT',
    'EROFS',
    'EACCES',
    'EIO',
    'EPERM',
    'EFBIG',
    'EMFILE',
    'ENAMETOOLONG',
    'EODD',
  ];
  const file = join(root, 'one', 'file');
  beforeAll(() => void mkdirSync(join(root, 'one')));

  for (const call of DISK_CALLS) {
    it(`leaves the old one and nothing else when ${call} fails`, async () => {
      for (const code of CODES) {
        writeFileSync(file, 'old');
        fault.of = (failing) => (failing === call ? code : undefined);
        const mayLack = ['EACCES', 'EPERM'].includes(code); // a system that has no such call
        const writing = writeFileAtomic(file, 'new content');
        if (mayLack && (call === 'sync' || call === 'syncFolder')) {
          await writing;
          expect(readFileSync(file, 'utf8')).toBe('new content');
        } else {
          await expect(writing).rejects.toThrow(EnvironmentError);
          await expect(writing).rejects.toThrow(`Cannot write ${file}: `);
          await expect(writing).rejects.toThrow(code);
          expect(readFileSync(file, 'utf8')).toBe(call === 'syncFolder' ? 'new content' : 'old');
        }
        expect(readdirSync(join(root, 'one'))).toEqual(['file']);
      }
    });

    it(`is foreseen by the probe of the folder when ${call} fails`, async () => {
      fault.of = (failing) => (failing === call ? 'ENOSPC' : undefined);
      const folder = join(root, 'probed');
      await expect(ensureWritableFolder(folder)).rejects.toThrow(
        `Cannot write in the folder ${folder}: the disk is full (ENOSPC).`,
      );
      expect(readdirSync(folder).filter((name) => call !== 'syncFolder' || !name.endsWith('.tmp'))).toEqual(
        [],
      );
    });
  }
});

/** A namespace in which anybody may mount, where the system has such. */
const UNSHARE = ['unshare', '-rm', 'sh', '-c'];
const canMount =
  spawnSync(UNSHARE[0], [...UNSHARE.slice(1), `mount -t tmpfs tmpfs '${root}'`], { stdio: 'ignore' })
    .status === 0;

it.skipIf(process.platform === 'win32')('nothing is left of a file beyond the limit of the system', () => {
  const folder = join(root, 'limited');
  mkdirSync(folder);
  const module = new URL('../../src/node/files.ts', import.meta.url).href;
  const script = `import { writeFileAtomic } from '${module}';
    await writeFileAtomic(process.argv[1], new Uint8Array(100_000)).catch((error) => console.log(error.message));`;
  const command = [
    process.execPath,
    '--import',
    'tsx',
    '--input-type=module',
    '-e',
    script,
    join(folder, 'file'),
  ];
  const limited = ['-c', 'ulimit -f 64; exec "$@"', 'sh', ...command]; // of 512 or 1024 bytes
  const env = { ...process.env, TSX_DISABLE_CACHE: '1' };
  expect(spawnSync('/bin/sh', limited, { env, encoding: 'utf8' }).stdout).toMatch(
    /^Cannot write .*the file would be larger than the system allows \(EFBIG\)/,
  );
  expect(readdirSync(folder)).toEqual([]);
});

it('nothing is left of a file when the process exits in the middle of it', () => {
  const folder = join(root, 'exits');
  mkdirSync(folder);
  const module = new URL('../../src/node/files.ts', import.meta.url).href;
  const script = `import { readdirSync } from 'node:fs';
    import { writeFileAtomic } from '${module}';
    const [folder] = process.argv.slice(1);
    void writeFileAtomic(folder + '/file', new Uint8Array(50_000_000));
    setInterval(() => {
      const found = readdirSync(folder).join();
      if (found) process.stdout.write(found, () => process.exit(3));
    }, 1);`;
  const command = ['--import', 'tsx', '--input-type=module', '-e', script, folder];
  const { status, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  expect(status).toBe(3);
  expect(stdout).toMatch(/^\.wgrad-.*\.tmp/);
  expect(readdirSync(folder)).toEqual([]);
});

it('what a killed process left behind goes away, what another one is writing stays', async () => {
  const folder = join(root, 'leftovers');
  mkdirSync(folder);
  const left = `.wgrad-${randomUUID()}.tmp`;
  for (const name of [left, '.other.tmp', '.wgrad-notes.tmp']) writeFileSync(join(folder, name), '');
  await ensureWritableFolder(folder);
  expect(readdirSync(folder)).toContain(left);
  await ensureWritableFolder(folder, { leftoverAge: 0 });
  expect(readdirSync(folder).sort()).toEqual(['.other.tmp', '.wgrad-notes.tmp']);
});

describe('a run on a disk that fails', () => {
  const SMALL = ['--data', 'synthetic:60', '--batch-size', '16', '--seed', '3'];
  const whole = join(root, 'whole');
  const weights = (folder: string) => new Uint8Array(readFileSync(join(folder, 'model.safetensors')));
  beforeAll(async () => {
    await train(...SMALL, '--steps', '8', '--out', whole);
  });

  it('says so before it trains, if the folder is of no use', async () => {
    for (const call of ['mkdir', ...DISK_CALLS] as const) {
      fault.of = (failing) => (failing === call ? 'ENOSPC' : undefined);
      const { code, output, errors } = await train(...SMALL, '--out', join(root, 'refused'));
      expect({ code, output }).toEqual({ code: 1, output: '' });
      expect(errors).toMatch(/^EnvironmentError: Cannot write in the folder .*refused: the disk is full/);
    }
    fault.of = () => undefined;
    const blocked = join(root, 'blocked');
    mkdirSync(join(blocked, 'history.json'), { recursive: true });
    const { code, output, errors } = await train(...SMALL, '--out', blocked);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toContain('history.json is a folder, but a file has to be written there');
  });

  it('trains to the end, names what is not saved, and ends with 1', async () => {
    const out = join(root, 'full');
    fault.of = (call, file) => (call === 'rename' && file === 'model.safetensors' ? 'ENOSPC' : undefined);
    const { code, output, errors } = await train(...SMALL, '--steps', '8', '--out', out, '--json');
    expect(code).toBe(1);
    expect(errors).toMatch(
      /^EnvironmentError: NOT SAVED: model\.safetensors\. Cannot write .*: the disk is full \(ENOSPC\)\. Free some space/,
    );
    expect(output).toContain('model.safetensors is not saved; another try comes later.');
    expect(output).not.toMatch(/Saved .*model\.safetensors/);
    expect(output).toMatch(/Saved .*history\.json, loss\.svg\./);
    expect(JSON.parse(output.trim().split('\n').at(-1)!)).toMatchObject({ steps: 8 });
    expect(readdirSync(out).sort()).toEqual(['history.json', 'loss.svg']);
  });

  it('names every kind of file', async () => {
    const failing = ['history.json', 'loss.svg', 'graph.dot'];
    fault.of = (call, file) => (call === 'rename' && failing.includes(file) ? 'EACCES' : undefined);
    const out = join(root, 'others');
    const { code, errors } = await train(...SMALL, '--steps', '8', '--out', out, '--profile');
    expect(code).toBe(1);
    for (const file of failing) expect(errors).toContain(file);
    expect(weights(out)).toEqual(weights(whole));
    expect(readdirSync(out)).toEqual(['model.safetensors']);
  });

  it('keeps what it has and saves it as soon as there is room', async () => {
    const out = join(root, 'recovers');
    let tries = 0;
    fault.of = (call, file) =>
      call === 'rename' && file === 'model.safetensors' && ++tries < 3 ? 'ENOSPC' : undefined;
    const { code, output, errors } = await train(...SMALL, '--steps', '8', '--save-every', '1', '--out', out);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain('model.safetensors is saved now.');
    expect(weights(out)).toEqual(weights(whole));
    expect(readdirSync(out).sort()).toEqual(['history.json', 'loss.svg', 'model.safetensors']);
  });

  it('leaves the weights of an earlier run as they were', async () => {
    const out = join(root, 'earlier');
    cpSync(whole, out, { recursive: true });
    const before = weights(out);
    fault.of = (call, file) => (call === 'rename' && file === 'model.safetensors' ? 'EROFS' : undefined);
    const resumed = await train(
      '--data',
      'synthetic:60',
      '--steps',
      '8',
      '--resume',
      join(out, 'model.safetensors'),
      '--out',
      out,
    );
    expect(resumed.code).toBe(1);
    expect(weights(out)).toEqual(before);
  });

  it.skipIf(!canMount)('holds on a disk that is full for real', async () => {
    const out = join(root, 'mounted');
    mkdirSync(out);
    // Room for the probe and the history, not for the weights and their moments.
    const mounted = `mount -t tmpfs -o size=40k tmpfs '${out}' || exit 9; "$@"; code=$?; ls -A '${out}'; exit $code`;
    const run = startTraining([...SMALL, '--steps', '3', '--out', out], [...UNSHARE, mounted, 'sh']);
    expect(await run.ended).toBe(1);
    expect(run.errors()).toMatch(/NOT SAVED: model\.safetensors\. .*the disk is full \(ENOSPC\)/);
    expect(run.output()).toMatch(/\nhistory\.json\nloss\.svg\n$/); // what ls shows, with no temporary file
  });

  it('makes its folder anew if someone takes it away', async () => {
    const out = join(root, 'gone');
    let renames = 0;
    fault.of = (call, file) => {
      if (call === 'rename' && file === 'history.json' && ++renames === 2) rmSync(out, { recursive: true });
      return undefined;
    };
    const { code } = await train(...SMALL, '--steps', '8', '--out', out);
    expect(code).toBe(0);
    expect(weights(out)).toEqual(weights(whole));
    expect(existsSync(join(out, 'history.json'))).toBe(true);
    expect(decodeSafetensors(weights(out)).metadata.step).toBe('8');
  });
});
