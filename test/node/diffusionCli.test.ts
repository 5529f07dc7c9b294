import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as command from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-diffusion-'));
beforeAll(() => void vi.stubEnv('WGRAD_CACHE', join(folder, 'cache')));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const train = (...args: string[]) => command.train('diffusion', ...args);
const SMALL = ['--data', 'synthetic:60', '--batch-size', '4', '--sampling-steps', '2'];
const sizeOf = (path: string) => {
  const png = readFileSync(path);
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
};

describe('npm run train -- diffusion', () => {
  it('trains, draws, scores, and continues from its file with the same bits', async () => {
    const whole = join(folder, 'whole');
    const { code, output, errors } = await train(...SMALL, '--steps', '4', '--out', whole, '--json');
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(
      /500 digits drawn in 2 ddim steps, guidance 2: confidence [\d.]+%, class entropy [\d.]+ nats, Fréchet distance [\d.]+; [\d.]+% are read as the class asked for/,
    );
    const result = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, number>;
    expect(result).toMatchObject({ model: 'diffusion', steps: 4, parameters: 71_172, guidance: 2 });
    expect(result).toMatchObject({ sampler: 'ddim', samplingSteps: 2 });
    expect(result.submitsPerStep).toBeLessThanOrEqual(1);
    expect(result.loss).toBeGreaterThan(0.1);
    expect(result.classEntropy).toBeLessThanOrEqual(Math.LN10);
    expect(result.frechetDistance).toBeGreaterThan(0);
    for (const share of [result.classifierConfidence, result.asLabelled]) {
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    }
    const files = ['denoising.png', 'history.json', 'loss.svg', 'model.safetensors', 'samples.png'];
    expect(readdirSync(whole).sort()).toEqual(files);
    expect(sizeOf(join(whole, 'samples.png'))).toEqual([10 * 29 - 1, 8 * 29 - 1]);
    expect(sizeOf(join(whole, 'denoising.png'))).toEqual([10 * 29 - 1, 2 * 29 - 1]);

    // All of drawing is free; what it was trained for is not.
    const file = join(whole, 'model.safetensors');
    const drawn = await train('--data', 'synthetic:60', '--resume', file, '--steps', '4', '--guidance', '1', '--sampler', 'ddpm', '--out', join(folder, 'drawn')); // prettier-ignore
    expect({ code: drawn.code, errors: drawn.errors }).toEqual({ code: 0, errors: '' });
    expect(drawn.output).toContain('500 digits drawn in 2 ddpm steps, guidance 1');
    const other = await train('--data', 'synthetic:60', '--resume', file, '--target', 'epsilon');
    expect(other.errors).toContain('was trained without --target, so it cannot continue with epsilon');
  });

  it.each([
    [['--sampling-steps', '1001'], '--sampling-steps 1001: pass at most 1000'],
    [['--sampling-steps', '0'], '--sampling-steps 0: pass a whole number of at least 1.'],
    [['--sampler', 'euler'], '--sampler euler: there is no such sampler'],
    [['--guidance', 'x'], '--guidance x: pass a number of at least 0.'],
    [['--target', 'x0'], '--target x0: there is no such target'],
  ])('refuses %j before anything is opened', async (args, message) => {
    const { code, output, errors } = await train(...args);
    expect({ code, output }).toEqual({ code: 1, output: '' });
    expect(errors).toContain(message);
  });
});
