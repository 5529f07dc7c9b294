import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { train } from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-course-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command of the course; its --json object, its output and its files. */
async function run(model: string, ...args: string[]) {
  const out = join(folder, model);
  const { code, output, errors } = await train(model, ...args, '--out', out, '--json');
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  const result = JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, unknown>;
  return { result, output, files: readdirSync(out).sort(), out };
}

describe('npm run train -- line', () => {
  it('has the lecture’s numbers', async () => {
    const { result, output, files, out } = await run('line', '--epochs', '5');
    expect(output).toMatch(/squared error +0 +1 +4 +9 +16\n/);
    expect(output).toContain(
      'The loss is 30; at 2.9999 it is 29.994, at 3.0001 it is 30.006: the slope is about 60.',
    );
    expect(result).toMatchObject({ model: 'line', preset: 'sum', steps: 5, epochs: 5, parameters: 1 });
    expect(result).toHaveProperty('pointsPerSecond');
    const losses = result.losses as number[];
    // W − 2 is 1, 0.4, 0.16, …; the loss is 30 times its square.
    expect(losses).toHaveLength(6);
    losses.forEach((loss, i) => expect(loss).toBeCloseTo(30 * 0.16 ** i, 4));
    expect(result.weight).toBeCloseTo(2.01024, 5);
    expect(files).toEqual(['history.json', 'loss.svg', 'model.safetensors', 'parabola.svg']);
    expect(readFileSync(join(out, 'parabola.svg'), 'utf8')).toContain('30 (W − 2)²');
  });

  it.each([
    ['0.016666667', [3, 2]],
    ['0.03', [3, 1.2, 2.64]],
    ['0.033333333', [3, 1, 3, 1]],
  ])('at the rate %s goes %s', async (rate, weights) => {
    const { output } = await run('line', '--learning-rate', rate, '--steps', String(weights.length - 1));
    const rows = [...output.matchAll(/^ +\d+ +([\d.]+) +[\d.e-]+$/gm)].map(([, weight]) => Number(weight));
    expect(rows.slice(-weights.length).map((weight) => Number(weight.toFixed(4)))).toEqual(weights);
  });

  it('minimizes the mean, too', async () => {
    const { result } = await run('line', '--preset', 'mean', '--epochs', '5');
    expect(result.weight).toBeCloseTo(1.99968, 5);
    expect((result.losses as number[])[0]).toBe(6);
  });
});

describe('npm run train -- logic', () => {
  it('learns OR and AND, fails at XOR, and learns it with two layers', async () => {
    const { result, output, files, out } = await run('logic', '--epochs', '400');
    expect(result).toMatchObject({
      model: 'logic',
      or: 1,
      and: 1,
      xor: 0.5,
      xorTwoLayers: 1,
      perceptron: { or: 1, and: 1 },
    });
    expect((result.finalLosses as Record<string, number>).xor).toBeCloseTo(Math.LN2, 6);
    expect(output).toContain('w (1, 1), b 0; no error from epoch 4 on');
    expect(output).toContain('w (2, 1), b -2; no error from epoch 6 on');
    expect(output).toContain('errors in all 100 epochs');
    expect(files).toEqual(['decisions.svg', 'loss.svg']);
    const svg = readFileSync(join(out, 'decisions.svg'), 'utf8');
    expect(svg.match(/<circle/g)).toHaveLength(16);
    expect(svg).toContain('XOR, two layers');
  });

  it('refuses what means nothing to it', async () => {
    const { code, errors } = await train('logic', '--profile', '--out', join(folder, 'none'));
    expect(code).toBe(1);
    expect(errors).toContain('logic takes no --profile');
    expect((await train('logic', '--dataset', 'mnist')).errors).toContain('logic');
  });
});

describe('npm run train -- breast-cancer', () => {
  it('trains on a generated table, loudly, and draws its ROC', async () => {
    const { result, output, files } = await run('breast-cancer', '--data', 'synthetic', '--epochs', '6');
    expect(output).toContain('SYNTHETIC DATA, generated in place of the breast cancer table');
    expect(output).toContain('455 training and 114 test rows');
    expect(output).toContain('1 malignant');
    expect(result).toMatchObject({ dataset: 'synthetic table', epochs: 6, steps: 90, parameters: 701 });
    expect(result.testAccuracy).toBeGreaterThan(0.8);
    expect(result.testAuc).toBeGreaterThan(0.9);
    expect(files).toEqual(['history.json', 'loss.svg', 'model.safetensors', 'roc.svg']);
  });

  it('refuses a number of generated rows', async () => {
    const { errors } = await train('breast-cancer', '--data', 'synthetic:50', '--out', join(folder, 'none'));
    expect(errors).toContain('a number goes with digits only');
  });
});

describe('npm run train -- fashion', () => {
  it('trains with a rate that rises and falls', async () => {
    const small = ['--data', 'synthetic:240', '--batch-size', '64', '--epochs', '1'];
    const { result, output } = await run('fashion', ...small);
    expect(result).toMatchObject({ preset: 'cnn', steps: 4, epochs: 1, parameters: 207_114 });
    expect(output).toContain('SYNTHETIC DATA');
  });
});

describe('npm run train -- grokking', () => {
  it('learns its pairs by heart, draws curves and a circle', async () => {
    const { result, output, files } = await run('grokking', '--steps', '100', '--weight-decay', '0.5');
    expect(result).toMatchObject({
      preset: 'mlp',
      steps: 100,
      parameters: 46_528,
      grokStep: null,
      weightDecay: 0.5,
    });
    expect(result.trainAccuracy).toBeGreaterThan(0.9);
    expect(result.testAccuracy).toBeLessThan(0.1);
    expect(result.moments).toHaveLength(4);
    expect(output).toContain('1,109 training and 740 test pairs');
    expect(files).toEqual(['accuracy.svg', 'circle.svg', 'model.safetensors']);
  });
});

describe('npm run train -- gpt', () => {
  it('learns a generated text, loudly, and writes like it', async () => {
    const { result, output, files } = await run('gpt', '--data', 'synthetic', '--steps', '2', '--top-k', '5');
    expect(output).toContain('SYNTHETIC DATA, generated in place of Tiny Shakespeare');
    expect(result).toMatchObject({ preset: 'tiny', dataset: 'synthetic text', steps: 2 });
    expect(result.bitsPerCharacter).toBeCloseTo((result.validationLoss as number) / Math.LN2, 6);
    expect(result.validationLoss).toBeLessThan(5);
    expect(result.sample).toHaveLength(501);
    expect(files).toEqual(['history.json', 'loss.svg', 'model.safetensors', 'sample.txt']);
  });

  it('says what a prompt or a text lacks before it trains', async () => {
    const none = join(folder, 'none');
    const missing = await train('gpt', '--text', join(none, 'a.txt'), '--out', none);
    expect(missing.errors).toContain('there is no such file');
    const prompt = await train('gpt', '--data', 'synthetic', '--prompt', 'ß', '--out', none);
    expect(prompt.errors).toContain("The text has no 'ß'");
    const empty = await train('gpt', '--data', 'synthetic', '--prompt=', '--out', none);
    expect(empty.errors).toContain('--prompt is empty');
  });
});
