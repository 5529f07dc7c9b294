import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { tune } from '../../src/node/cli/tune.ts';
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
  expect((await run('--help')).output).toMatch(/^ {2}mnist-cnn: quick\*, keras\*, tfjs$/m);
  expect(await run('resnet')).toMatchObject({
    code: 1,
    errors: expect.stringMatching(/no model 'resnet'. Choose from mnist-cnn, autoencoder, dcgan/) as string,
  });
  expect((await run('mnist-cnn:big')).errors).toMatch(
    /no preset 'big' of mnist-cnn. Choose from quick, keras, tfjs/,
  );
  expect((await run('--quux')).errors).toMatch(/quux.*See npm run tune -- --help/);
  expect((await run('--batch-size', '0')).errors).toMatch(/batch-size 0/);
});
