import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MODELS } from '../../src/node/cli/main.ts';
import { parseTrainOptions, resumeCommand } from '../../src/node/cli/options.ts';
import * as command from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-dcgan-'));
beforeAll(() => void vi.stubEnv('WGRAD_CACHE', join(folder, 'cache')));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const train = (...args: string[]) => command.train('dcgan', ...args);

const SMALL = ['--data', 'synthetic:60', '--batch-size', '8', '--seed', '5', '--label-smoothing', '0.1'];

describe('npm run train -- dcgan', () => {
  const whole = join(folder, 'whole');
  const parts = join(folder, 'parts');
  const read = (path: string) => new Uint8Array(readFileSync(path));
  let first: Awaited<ReturnType<typeof train>>;

  beforeAll(async () => {
    first = await train(
      ...SMALL,
      '--steps',
      '6',
      '--sample-every',
      '2',
      '--save-every',
      '4',
      '--out',
      whole,
      '--json',
    );
  });

  it('trains, draws, scores and says what came of it', () => {
    const { code, output, errors } = first;
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    for (const words of [
      'generator: input 64',
      'discriminator: input 28',
      'SYNTHETIC DATA',
      'realAccuracy',
    ]) {
      expect(output).toContain(words);
    }
    expect(output).toMatch(/500 generated images +\d+\.\d\d% +\d\.\d{3} nats +\d+\.\d\d/);
    expect(output).toMatch(/real images, for comparison +\d+/);
    const result = JSON.parse(output.trim().split('\n').at(-1)!);
    expect(result).toMatchObject({
      model: 'dcgan',
      preset: 'small',
      dataset: 'synthetic digits',
      steps: 6,
      parameters: 125_202,
      seed: 5,
    });
    expect(result.submitsPerStep).toBeGreaterThan(0);
    expect(result.submitsPerStep, 'short steps share one').toBeLessThanOrEqual(1);
    expect(result.dispatchesPerStep).toBeLessThanOrEqual(70);
    expect(result.classifierConfidence).toBeGreaterThan(0.1);
    expect(result.classifierConfidence).toBeLessThanOrEqual(1);
    expect(result.classEntropy).toBeGreaterThanOrEqual(0);
    expect(result.classEntropy).toBeLessThanOrEqual(Math.LN10 + 1e-3);
    expect(result.frechetDistance).toBeGreaterThan(0);
  });

  it('writes weights, history, curves and samples', () => {
    expect(readdirSync(whole).sort()).toEqual([
      'history.json',
      'loss.svg',
      'model.safetensors',
      'samples-000002.png',
      'samples-000004.png',
      'samples.png',
    ]);
    const samples = readFileSync(join(whole, 'samples.png'));
    expect(samples.subarray(1, 4).toString()).toBe('PNG');
    expect([samples.readUInt32BE(16), samples.readUInt32BE(20)]).toEqual([231, 231]); // 8 · 29 − 1
    expect(read(join(whole, 'samples-000002.png'))).not.toEqual(read(join(whole, 'samples-000004.png')));
    const history = JSON.parse(readFileSync(join(whole, 'history.json'), 'utf8'));
    expect(history).toMatchObject({ model: 'dcgan', stopped: 'finished', parameters: 125_202 });
    expect(Object.keys(history.test)).toEqual(['classifierConfidence', 'classEntropy', 'frechetDistance']);
    expect(history.steps.map(({ step }: { step: number }) => step)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(readFileSync(join(whole, 'loss.svg'), 'utf8')).toContain('fakeAccuracy');
  });

  it('goes on exactly where it stopped, with the options that it began with', async () => {
    const begun = await train(...SMALL, '--steps', '3', '--out', parts);
    expect(begun.code).toBe(0);
    expect(begun.output).not.toContain('Training the classifier'); // it is in the cache
    const path = join(parts, 'model.safetensors');
    const { code, output, errors } = await train(
      '--data',
      'synthetic:60',
      '--steps',
      '6',
      '--out',
      parts,
      '--resume',
      path,
    );
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toContain('step 3');
    const tensors = (bytes: Uint8Array) =>
      bytes.subarray(8 + Number(new DataView(bytes.buffer).getBigUint64(0, true)));
    expect(tensors(read(path))).toEqual(tensors(read(join(whole, 'model.safetensors'))));
    expect(read(join(parts, 'samples.png'))).toEqual(read(join(whole, 'samples.png')));

    const other = await train('--data', 'synthetic:60', '--label-smoothing', '0.2', '--resume', path);
    expect(other.code).toBe(1);
    expect(other.errors).toContain('was trained with --label-smoothing 0.1, so it cannot continue with 0.2');
  });

  it('prints graph, plan and times with --profile', async () => {
    const { code, output } = await train(
      ...SMALL,
      '--steps',
      '1',
      '--out',
      join(folder, 'profiled'),
      '--profile',
    );
    expect(code).toBe(0);
    for (const words of ['generator/dense/matmul', 'optimizer/adam', 'slab 0'])
      expect(output).toContain(words);
  });
});

describe('its options', () => {
  const parse = (...args: string[]) => parseTrainOptions(args, MODELS)!;

  it('are read, and said again to go on', () => {
    const options = parse(
      ...'dcgan --preset keras --sample-every 7 --generator-loss minimax --instance-noise 0.5'.split(' '),
    );
    expect(options.own).toEqual({ 'sample-every': 7, 'generator-loss': 'minimax', 'instance-noise': 0.5 });
    expect(resumeCommand(options, 'a.safetensors')).toBe(
      'npm run train -- dcgan --preset keras --sample-every 7 --generator-loss minimax --instance-noise 0.5 --resume a.safetensors',
    );
  });

  it.each([
    [['dcgan', '--sample-every', '0'], '--sample-every 0: pass a whole number of at least 1'],
    [['dcgan', '--generator-loss', 'wgan'], 'Choose one of nonSaturating, minimax'],
    [['dcgan', '--label-smoothing', '0.5'], '--label-smoothing 0.5: pass a number below 0.5'],
    [['dcgan', '--label-noise', '-1'], '--label-noise'],
    [['mnist-cnn', '--label-noise', '0.1'], 'mnist-cnn takes no --label-noise: that is an option of dcgan.'],
    [['dcgan', '--sample-every'], '--sample-every needs a value: --sample-every N'],
  ])('refuses %j', (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});
