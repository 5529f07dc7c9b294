import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import * as command from '../helpers/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'wgrad-tsne-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const train = (...args: string[]) => command.train('tsne', '--data', 'synthetic:240', ...args);

it('npm run train -- tsne maps generated digits, loudly, scores the map and draws it', async () => {
  const out = join(folder, 'map');
  const size = ['--points', '120', '--perplexity', '10', '--steps', '700'];
  const { code, output } = await train(...size, '--out', out, '--json');
  expect(code).toBe(0);
  expect(output).toContain('SYNTHETIC DATA');
  const result = JSON.parse(output.trim().split('\n').at(-1)!);
  expect(result).toMatchObject({ model: 'tsne', points: 120, perplexity: 10, exact: false, steps: 700 });
  expect(result.klDivergence).toBeLessThan(1);
  expect(result.neighbourAccuracy).toBeGreaterThan(0.6);
  expect(result.trustworthiness).toBeGreaterThan(0.85);
  expect(result.submitsPerStep).toBeLessThan(1.2);
  const svg = readFileSync(join(out, 'map.svg'), 'utf8');
  expect(svg.match(/h0/g)).toHaveLength(120);
});

it.each([
  [['--batch-size', '5'], /tsne takes no --batch-size/],
  [['--epochs', '2'], /tsne takes no --epochs/],
  [['--resume', 'x.safetensors'], /x\.safetensors/],
  [['--points', '20'], /--perplexity 30: it must be at least 1 and below the 19 other points/],
  [['--perplexity', '0.5'], /at least 1/],
])('%j is refused, with the fix', async (args, message) => {
  const out = join(folder, 'refused');
  const { code, errors } = await train(...args, '--out', out);
  expect([code, existsSync(join(out, 'map.svg'))]).toEqual([1, false]);
  expect(errors).toMatch(message);
});
