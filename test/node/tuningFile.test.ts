import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { EnvironmentError, FormatError } from '../../src/errors.ts';
import { tuningFile } from '../../src/node/tuningFile.ts';
import { NOTHING } from '../../src/runtime/tuning/measurements.ts';
import type { TunedChoice } from '../../src/runtime/tuning/measurements.ts';
import type { Fault } from '../helpers/brokenDisk.ts';

const fault = vi.hoisted(() => ({ of: (() => undefined) as Fault }));
vi.mock('node:fs/promises', async (original) => {
  const { brokenDisk } = await import('../helpers/brokenDisk.ts');
  return brokenDisk(original, fault);
});

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'wgrad-tuning-'))));
afterEach(async () => {
  fault.of = () => undefined;
  await rm(folder, { recursive: true, force: true });
});

const choice = (variant: string): TunedChoice => ({
  variant,
  microseconds: 10,
  rule: 'direct',
  ruleMicroseconds: 15,
  sources: '01234567',
  fingerprint: '89abcdef',
});
const path = () => join(folder, 'tuning.json');

it('keeps measurements by adapter, in a folder that it makes', async () => {
  const inner = join(folder, 'not', 'there');
  const store = tuningFile(inner);
  expect(await store.load('one')).toEqual(NOTHING);
  await store.save('one', { choices: { a: choice('x') } });
  await store.save('two', { residentWorkgroups: 7, choices: {} });
  await store.save('one', { choices: { a: choice('y'), b: choice('z') } });
  expect(await tuningFile(inner).load('one')).toEqual({ choices: { a: choice('y'), b: choice('z') } });
  expect(await tuningFile(inner).load('two')).toEqual({ residentWorkgroups: 7, choices: {} });
  expect(await readdir(inner)).toEqual(['tuning.json']);
});

it('refuses to read what is damaged or of another version, and replaces it', async () => {
  const store = tuningFile(folder);
  await store.save('one', { choices: { a: choice('x') } });
  const whole = await readFile(path(), 'utf8');
  for (const text of ['', whole.slice(0, 100), whole.replace('"version": 1', '"version": 9'), '{}']) {
    await writeFile(path(), text);
    await expect(store.load('one')).rejects.toThrow(FormatError);
    await store.save('two', { choices: { b: choice('y') } });
    expect(await store.load('two')).toEqual({ choices: { b: choice('y') } });
    expect(await store.load('one')).toEqual(NOTHING);
  }
});

it('loses nothing of writers at the same time', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `choice ${i}`);
  await Promise.all(
    names.map((name) => tuningFile(folder).save('one', { choices: { [name]: choice(name) } })),
  );
  expect(Object.keys((await tuningFile(folder).load('one')).choices).toSorted()).toEqual(names.toSorted());
  expect(await readdir(folder)).toEqual(['tuning.json']);
});

it('loses nothing of processes that write at the same time', async () => {
  const module = new URL('../../src/node/tuningFile.ts', import.meta.url).href;
  const script = `import { tuningFile } from '${module}';
    const [folder, name] = process.argv.slice(1);
    const choice = ${JSON.stringify(choice('x'))};
    for (let i = 0; i < 10; i++) await tuningFile(folder).save('one', { choices: { [name + i]: choice } });`;
  const codes = await Promise.all(
    ['a', 'b'].map(async (name) => {
      const args = ['--import', 'tsx', '--input-type=module', '-e', script, folder, name];
      const child = spawn(process.execPath, args, { stdio: 'inherit' });
      return (await once(child, 'exit'))[0] as number;
    }),
  );
  expect(codes).toEqual([0, 0]);
  expect(Object.keys((await tuningFile(folder).load('one')).choices)).toHaveLength(20);
});

it.each([
  ['ENOSPC', 'write', 'the disk is full'],
  ['EROFS', 'open', 'the file system is read-only'],
  ['EACCES', 'rename', 'permission is denied'],
] as const)('says what keeps it from writing (%s), and leaves the old file', async (code, call, reason) => {
  const store = tuningFile(folder);
  await store.save('one', { choices: { a: choice('x') } });
  fault.of = (own) => (own === call ? code : undefined);
  const failing = store.save('one', { choices: { a: choice('y') } });
  await expect(failing).rejects.toThrow(EnvironmentError);
  await expect(failing).rejects.toThrow(reason);
  fault.of = () => undefined;
  expect(await store.load('one')).toEqual({ choices: { a: choice('x') } });
  expect(await readdir(folder)).toEqual(['tuning.json']);
  await store.save('one', { choices: { a: choice('z') } }); // the lock is free again
});

it('says so where the folder cannot be made', async () => {
  await writeFile(join(folder, 'file'), '');
  const store = tuningFile(join(folder, 'file', 'cache'));
  await expect(store.save('one', NOTHING)).rejects.toThrow(
    /Cannot create .*cache: a part of the path is a file/,
  );
  await expect(store.load('one')).rejects.toThrow(EnvironmentError);
});
