import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfTargets, take } from '../../src/data/dataset.ts';
import { syntheticDigits } from '../../src/data/digits.ts';
import {
  drawReconstructions,
  meanSquaredError,
  reconstructionsPng,
} from '../../src/node/cli/reconstructions.ts';
import * as command from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-autoencoder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...args: string[]) => command.train('autoencoder', ...args);

const SMALL = ['--data', 'synthetic:240', '--batch-size', '32', '--bottleneck', '6', '--loss', 'mse'];

describe('npm run train -- autoencoder', () => {
  const whole = join(folder, 'whole');
  const parts = join(folder, 'parts');
  const read = (run: string, name: string) => new Uint8Array(readFileSync(join(run, name)));
  let first: Awaited<ReturnType<typeof train>>;

  beforeAll(async () => {
    first = await train(...SMALL, '--steps', '8', '--save-every', '3', '--out', whole, '--json');
  });

  it('trains, shows reconstructions and says how good they are', () => {
    const { code, output, errors } = first;
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(
      /Test: loss [\d.]+ \(mse, sigmoid output\), mean squared error 0\.\d{5} per pixel/,
    );
    expect(output).toMatch(/From the best to the worst[^]*▄/);
    const result = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, number>;
    expect(result).toMatchObject({ model: 'autoencoder', preset: 'classroom', steps: 8 });
    expect(result.submitsPerStep).toBeGreaterThan(0);
    expect(result.submitsPerStep, 'short steps share one').toBeLessThanOrEqual(1);
    // 784·128 + 128 + 128·6 + 6 + 6·128 + 128 + 128·784 + 784
    expect(result.parameters).toBe(203_286);
    expect(result.testLoss).toBeCloseTo(result.testMeanSquaredError, 6);
    expect(result.testLoss).toBeGreaterThan(0);
  });

  it('leaves weights, history, chart and reconstructions', () => {
    const files = ['history.json', 'loss.svg', 'model.safetensors', 'reconstructions.png'];
    expect(readdirSync(whole).sort()).toEqual(files);
    const history = JSON.parse(readFileSync(join(whole, 'history.json'), 'utf8'));
    expect(history.test.loss).toBeGreaterThan(0);
    const png = read(whole, 'reconstructions.png');
    // 20 digits beside each other, two rows, a pixel between them.
    const header = new DataView(png.buffer, png.byteOffset + 16);
    expect([header.getUint32(0), header.getUint32(4)]).toEqual([20 * 29 - 1, 2 * 29 - 1]);
  });

  it('goes on where it stopped, with the options it began with', async () => {
    expect((await train(...SMALL, '--steps', '4', '--out', parts)).code).toBe(0);
    const path = join(parts, 'model.safetensors');
    const resumed = await train('--data', 'synthetic:240', '--steps', '8', '--resume', path, '--out', parts);
    expect(resumed.errors).toBe('');
    expect(read(parts, 'model.safetensors')).toEqual(read(whole, 'model.safetensors'));
    const other = await train(
      '--data',
      'synthetic:240',
      '--resume',
      path,
      '--bottleneck',
      '7',
      '--out',
      parts,
    );
    expect(other.errors).toContain('was trained with --bottleneck 6, so it cannot continue with 7');
  });

  it.each([
    [['--output', 'linear', '--loss', 'bce'], 'choose output sigmoid, or loss mse'],
    [['--preset', 'keras-deep', '--bottleneck', '16'], 'choose the preset classroom, where it is free'],
    [['--bottleneck', '0'], '--bottleneck 0: pass a whole number of at least 1.'],
    [['--bottleneck', '1000'], 'from 1 to the 784 of the pixels'],
    [['--output', 'tanh'], 'Choose one of linear, sigmoid.'],
    [['--loss', 'mae'], 'Choose one of mse, bce.'],
    [['--preset', 'quick'], 'Choose one of classroom, keras-deep'],
  ])('refuses %j before anything is opened', async (args, message) => {
    const { code, output, errors } = await train(...args);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toContain(message);
  });
});

describe('reconstructions', () => {
  const test = selfTargets(take(syntheticDigits({ train: 20, test: 40 }).test, 0, 40));
  const perfect = Float32Array.from(test.x.data, (byte) => byte / 255);

  it('are perfect where nothing is lost', async () => {
    expect(meanSquaredError(test, perfect)).toBeLessThan(1e-12);
    expect(
      meanSquaredError(
        test,
        perfect.map((value) => value + 0.5),
      ),
    ).toBeCloseTo(0.25, 6);
  });

  it('are drawn from the smallest loss to the largest, under their originals', () => {
    const losses = Float32Array.from({ length: test.size }, (_, i) => (i + 1) / 100);
    const text = drawReconstructions(test, perfect, losses, 200);
    const captions = [...text.matchAll(/(\d), (0\.\d+)/g)].map(([, label, loss]) => [
      Number(label),
      Number(loss),
    ]);
    expect(captions.map(([, loss]) => loss)).toEqual([0.01, 0.09, 0.17, 0.24, 0.32, 0.4]);
    expect(captions.map(([label]) => label)).toEqual([0, 8, 16, 23, 31, 39].map((i) => test.labels!.data[i]));
  });

  it('make a picture also of few images and without labels', async () => {
    const few = take(test, 0, 3);
    const { labels: _, ...unlabelled } = few;
    for (const data of [few, unlabelled]) {
      const png = await reconstructionsPng(data, perfect.subarray(0, 3 * 784));
      expect(new DataView(png.buffer).getUint32(20)).toBe(2 * 29 - 1);
    }
  });
});
