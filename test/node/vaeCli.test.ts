import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as command from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-vae-'));
beforeAll(() => void vi.stubEnv('WGRAD_CACHE', join(folder, 'cache')));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const train = (...args: string[]) => command.train('vae', ...args);
const SMALL = ['--data', 'synthetic:60', '--batch-size', '8', '--latent', '2'];
const sizeOf = (path: string) => {
  const png = readFileSync(path);
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
};

describe('npm run train -- vae', () => {
  it('splits the ELBO, names the numbers in use, and draws', async () => {
    const whole = join(folder, 'whole');
    const { code, output, errors } = await train(
      ...SMALL,
      '--beta',
      '0.5',
      '--steps',
      '6',
      '--out',
      whole,
      '--json',
    );
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/Test: −ELBO [\d.]+ nats = reconstruction [\d.]+ \+ KL [\d.]+, on 10 images/);
    expect(output).toMatch(/KL of each number of the code: [\d.]+ [\d.]+; in use: \d of 2/);
    const result = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, number>;
    expect(result).toMatchObject({ model: 'vae', steps: 6, parameters: 631_188 });
    expect(result.negativeElbo).toBeCloseTo(result.reconstruction + result.kl, 3);
    expect(result.kl).toBeGreaterThan(0);
    expect(result).not.toHaveProperty('asLabelled');
    expect(result.submitsPerStep).toBeLessThanOrEqual(1);
    const files = [
      'history.json',
      'loss.svg',
      'model.safetensors',
      'plane.png',
      'reconstructions.png',
      'samples.png',
    ];
    expect(readdirSync(whole).sort()).toEqual(files);
    expect(sizeOf(join(whole, 'plane.png'))).toEqual([20 * 29 - 1, 20 * 29 - 1]);
    expect(sizeOf(join(whole, 'samples.png'))).toEqual([8 * 29 - 1, 8 * 29 - 1]);

    const other = await train(
      '--data',
      'synthetic:60',
      '--beta',
      '2',
      '--resume',
      join(whole, 'model.safetensors'),
    );
    expect(other.errors).toContain('was trained with --beta 0.5, so it cannot continue with 2');
  });

  it('asks for classes with --labels, and a classifier says whether it got them', async () => {
    const out = join(folder, 'labels');
    const { code, output, errors } = await train(
      ...SMALL,
      '--labels',
      '--steps',
      '2',
      '--out',
      out,
      '--json',
    );
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/Digits drawn for a class and read as it: [\d.]+%/);
    const result = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, number>;
    expect(result.asLabelled).toBeGreaterThan(0);
    expect(result.asLabelled).toBeLessThanOrEqual(1);
    expect(sizeOf(join(out, 'samples.png'))).toEqual([10 * 29 - 1, 8 * 29 - 1]);
    expect(sizeOf(join(out, 'plane.png'))).toEqual([20 * 29 - 1, 10 * 29 - 1]);
  });

  it.each([
    [['--latent', '0'], '--latent 0: pass a whole number of at least 1.'],
    [['--latent', '1000'], 'from 1 to the 784 of the pixels'],
    [['--beta', 'x'], '--beta x: pass a number of at least 0.'],
    [['--conv', '3'], 'There is no model'],
  ])('refuses %j before anything is opened', async (args, message) => {
    const { code, output, errors } = await train(...args);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toContain(message);
  });
});
