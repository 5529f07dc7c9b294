import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { tune, writeDefaults } from '../../src/node/cli/tune.ts';
import { DEFAULTS } from '../../src/runtime/tuning/defaults.ts';
import { decodeMeasurements } from '../../src/runtime/tuning/measurements.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wgrad-tune-'));
  vi.stubEnv('WGRAD_CACHE', folder);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function run(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const texts = ['', ''];
  const [output, errors] = texts.map(
    (_, i) =>
      new Writable({
        write: (chunk, _encoding, done) => {
          texts[i] += String(chunk);
          done();
        },
      }),
  );
  const code = await tune(args, output, errors);
  return { code, output: texts[0], errors: texts[1] };
}

it('measures the choices of a model once, prints them and keeps them', async () => {
  const first = await run('autoencoder:classroom', '--batch-size', '4');
  expect(first.errors).toBe('');
  expect(first.code).toBe(0);
  expect(first.output).toMatch(/^autoencoder:classroom, 4 images per step$/m);
  expect(first.output).toMatch(/^of +op and shapes +timed +rule +µs +tuned +µs +gain$/m);
  expect(first.output).toMatch(/^encoder\/matmul +matmul f32\[4,784\] f32\[784,128\] \+channel +\d/m);
  const count = Number(/^Measured (\d+) choices in .*tuning\.json\.$/m.exec(first.output)![1]);
  expect(count).toBeGreaterThan(2);
  const known = decodeMeasurements(await readFile(join(folder, 'tuning.json'), 'utf8'));
  expect(Object.values(known).map(({ choices }) => Object.keys(choices).length)).toEqual([count]);

  const second = await run('autoencoder:classroom', '--batch-size', '4');
  expect(second.output).toMatch(/nothing to measure that is not known/);
  expect(second.output).toMatch(/^Measured 0 choices/m);
});

it('explains itself, and what it does not know', async () => {
  expect((await run('--help')).output).toMatch(/^ {2}mnist-cnn: quick\*, keras\*, tfjs, mlp$/m);
  expect(await run('resnet')).toMatchObject({
    code: 1,
    errors: expect.stringMatching(/no model 'resnet'. Choose from mnist-cnn, autoencoder, dcgan/) as string,
  });
  expect((await run('mnist-cnn:big')).errors).toMatch(
    /no preset 'big' of mnist-cnn. Choose from quick, keras, tfjs, mlp/,
  );
  expect((await run('--quux')).errors).toMatch(/quux.*See npm run tune -- --help/);
  expect((await run('--batch-size', '0')).errors).toMatch(/batch-size 0/);
});

it('writes what is shipped as the formatter would, and nothing else where nothing is new', async () => {
  const shipped = fileURLToPath(new URL('../../src/runtime/tuning/defaults.ts', import.meta.url));
  const path = join(folder, 'defaults.ts');
  await copyFile(shipped, path);
  const before = await readFile(path, 'utf8');
  const [[name, { choices }]] = Object.entries(DEFAULTS);
  await writeDefaults(path, name, []);
  expect(await readFile(path, 'utf8')).toBe(before);
  const [known] = Object.values(choices);
  const choice = (gain: number) => ({ ...known, ruleMicroseconds: gain * known.microseconds });
  await writeDefaults(path, name, [
    { key: 'a', choice: choice(1.2) },
    { key: 'b', choice: choice(1.05) },
  ]);
  const after = await readFile(path, 'utf8');
  expect(after).toMatch(/^ {6}a: \{\n {8}variant: '/m);
  expect(after).not.toMatch(/^ {6}b: /m); // too little to ship
});
