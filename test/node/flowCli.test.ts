import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as command from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-flow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...args: string[]) => command.train('flow', ...args);
const lastLine = (output: string) =>
  JSON.parse(output.trimEnd().split('\n').at(-1)!) as Record<string, number>;
const SMALL = ['--couplings', '2', '--batch-size', '64'];

describe('npm run train -- flow', () => {
  it('learns spirals, says what the figures can be compared with, draws, and continues with the same bits', async () => {
    const whole = join(folder, 'whole');
    const args = ['--dataset', 'spirals', ...SMALL, '--json'];
    const { code, output, errors } = await train(...args, '--steps', '6', '--out', whole);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/no model is below: 1\.[56]\d; one normal distribution: 2\.[78]\d/);
    const result = lastLine(output);
    expect(result).toMatchObject({
      model: 'flow',
      preset: 'spirals',
      dataset: 'spirals',
      steps: 6,
      parameters: 9228,
    });
    expect(result.bitsPerDimension).toBeCloseTo(result.testNll / (2 * Math.LN2), 6);
    expect(result.testNll).toBeGreaterThan(1.6);
    expect(result.testNll).toBeLessThan(3);
    expect(result.inverseError).toBeLessThan(1e-4);
    expect(result.submitsPerStep).toBeLessThanOrEqual(1);
    const pictures = ['data.png', 'density.png', 'grid.png', 'samples.png'];
    expect(readdirSync(whole).sort()).toEqual(
      [...pictures, 'history.json', 'loss.svg', 'model.safetensors'].sort(),
    );
    for (const name of pictures) {
      const png = readFileSync(join(whole, name));
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([360, 360]);
    }

    const resumed = await train(
      ...args,
      '--steps',
      '8',
      '--resume',
      join(whole, 'model.safetensors'),
      '--out',
      join(folder, 'resumed'),
    );
    expect(resumed.code).toBe(0);
    expect(resumed.output).toContain('step 6');
    const other = await train('--dataset', 'moons', '--resume', join(whole, 'model.safetensors'));
    expect(other.errors).toContain('was trained with');
  });

  it('learns generated digits, in bits per dimension', async () => {
    const out = join(folder, 'digits');
    const { code, output, errors } = await train(
      '--dataset',
      'mnist',
      '--data',
      'synthetic:60',
      ...SMALL,
      '--steps',
      '2',
      '--out',
      out,
      '--json',
    );
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    const result = lastLine(output);
    expect(result.bitsPerDimension).toBeCloseTo(result.testNll / (784 * Math.LN2), 6);
    expect(result.bitsPerDimension).toBeGreaterThan(0.5);
    expect(result.bitsPerDimension).toBeLessThan(8);
    expect(result.inverseError).toBeLessThan(1e-4);
    expect(readdirSync(out)).toContain('samples.png');
  });

  it.each([
    [['--preset', 'moons', '--dataset', 'mnist'], '--dataset mnist: the preset moons learns moons'],
    [['--dataset', 'rings'], 'rings'],
    [['--data', 'synthetic'], 'flow --preset moons draws its own points: leave --data out.'],
    [['--couplings', '0'], '--couplings 0: pass a whole number of at least 1.'],
  ])('refuses %j', async (args, message) => {
    const { code, errors } = await train(...args, '--out', join(folder, 'refused'));
    expect(code).toBe(1);
    expect(errors).toContain(message);
  });
});
