import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import * as command from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-airline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...args: string[]) => command.train('airline', '--data', 'synthetic', ...args);

it('npm run train -- airline forecasts with each cell and look-back, and compares', async () => {
  const out = join(folder, 'run');
  const flags = ['--look-back', '2,3', '--cell', 'gru,lstm', '--seeds', '1', '--steps', '4', '--log-change'];
  const { code, output, errors } = await train(...flags, '--out', out, '--json');
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(output).toContain('SYNTHETIC DATA');
  expect(output).toMatch(/lstm, look-back 3 +[\d.]+ ± 0\.00 \(one seed\)/);
  expect(output).toMatch(/the year before +[\d.]+/);
  const result = JSON.parse(output.trimEnd().split('\n').at(-1)!);
  expect(result.runs.map(({ cell, lookBack }: any) => [cell, lookBack])).toEqual([
    ['gru', 2],
    ['lstm', 2],
    ['gru', 3],
    ['lstm', 3],
  ]);
  expect(result.steps).toBe(16);
  expect(result.testRmse).toBe(result.runs[0].testRmse);
  for (const name of ['testRmse', 'persistenceRmse', 'yearlyRmse', 'yearlyGrowthRmse', 'regressionRmse'])
    expect(result[name]).toBeGreaterThan(0);
  expect(readdirSync(out).sort()).toEqual(['forecast.svg', 'model.safetensors']);
  const chart = readFileSync(join(out, 'forecast.svg'), 'utf8');
  expect(chart).toContain('by changes of the logarithm');
  expect(chart).toContain('lstm, look-back 3');
});

it.each([
  [['--look-back', '0'], /--look-back/],
  [['--cell', 'rnn'], /lstm/],
  [['--resume', 'a.safetensors'], /--resume/],
  [['--save-every', '3'], /airline takes no --save-every/],
])('refuses %s', async (flags, message) => {
  const { code, errors } = await train(...flags, '--out', join(folder, 'refused'));
  expect(code).toBe(1);
  expect(errors).toMatch(message);
});
