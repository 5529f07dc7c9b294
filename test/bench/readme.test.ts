import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tableOf, TABLES } from '../../bench/readme/main.ts';
import { markers, replaceBlock } from '../../bench/report/block.ts';
import { kernelTables } from '../../bench/report/kernelTables.ts';
import { geometricMean, peerTables, ratio } from '../../bench/report/peerTables.ts';
import { formatReport, parseReport, SCHEMA } from '../../bench/report/schema.ts';
import type {
  KernelReport,
  KernelResult,
  Measure,
  PeerReport,
  PeerResult,
} from '../../bench/report/schema.ts';
import { spreadOf } from '../../bench/report/stats.ts';

const machine = {
  schema: SCHEMA,
  device: 'gpu',
  adapter: 'vendor',
  driver: 'driver 1.0',
  software: true,
  runtime: 'Node 20',
  commit: 'abc',
  date: '2026-01-02T03:04:05Z',
  features: [],
  limits: { maxBufferSize: 1 },
  warnings: [],
} as const;

const result = (
  what: string,
  measure: Measure,
  framework: string,
  ms: number,
  more: Partial<PeerResult> = {},
): PeerResult => ({
  id: `${what} ${measure} | ${framework}`,
  what,
  measure,
  framework,
  version: framework === 'wgrad' ? '' : '1.2.3',
  asleep: framework === 'wgrad',
  ms: spreadOf([ms]),
  agrees: true,
  ...more,
});

const peers: PeerReport = {
  ...machine,
  command: 'peers',
  rounds: 3,
  results: [
    result('quick', 'step', 'wgrad', 10, { cpuMs: spreadOf([20]) }),
    result('quick', 'step', 'jax-js', 45, { cpuMs: spreadOf([90]) }),
    result('quick', 'step', 'jax-js', 30, { asleep: true }),
    result('matmul 1', 'kernel', 'wgrad', 1),
    result('matmul 2', 'kernel', 'wgrad', 2),
    result('matmul 1', 'kernel', 'jax-js', 2),
    result('matmul 2', 'kernel', 'jax-js', 16),
  ],
};

const kernel = (variant: string, chosen: boolean, ms: number): KernelResult => ({
  id: `matmul a [${variant}]`,
  op: 'matmul',
  pass: 'forward',
  models: ['quick'],
  shapes: '2×2 → 2×2; then relu',
  variant,
  chosen,
  kernels: ['matmul/1_naive'],
  flops: 16,
  bytes: 48,
  ms: spreadOf([ms]),
  gflops: 1,
  gbs: 2,
  bound: 'memory',
  ofCeiling: 0.5,
  firstMs: 1,
  error: 0,
});

const kernels: KernelReport = {
  ...machine,
  command: 'kernels',
  ceilings: { gflops: 100, gbs: 10 },
  results: [kernel('naive', true, 2), kernel('tiled', false, 3)],
};

describe('a block of a page', () => {
  const [begin, end] = markers('peers');
  const page = `before\n\n${begin}\nold\n${end}\n\nafter`;

  it('is written between its markers, and again with the same result', () => {
    const once = replaceBlock(page, 'peers', '| a |\n', 'x.md');
    expect(once).toBe(`before\n\n${begin}\n\n| a |\n\n${end}\n\nafter`);
    expect(replaceBlock(once, 'peers', '| a |', 'x.md')).toBe(once);
  });

  it.each(['no markers', `${end} ${begin}`, `${begin} ${begin} ${end}`, begin])(
    'needs both markers: %s',
    (text) => {
      expect(() => replaceBlock(text, 'peers', 'a', 'x.md')).toThrow('x.md: needs the lines');
    },
  );
});

describe.each(Object.entries(TABLES))('the tables of %s', (command, { file, write }) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  const stored = new URL(`../../bench/results/${command}.json`, import.meta.url);

  it('have their place', () => {
    expect(replaceBlock(text, command, 'x', file)).toContain(markers(command)[0]);
  });

  it('are those of the run that is kept', () => {
    const report = parseReport(readFileSync(stored, 'utf8'), `${command}.json`);
    expect(replaceBlock(text, command, write(report), file)).toBe(text);
  });
});

describe('the tables', () => {
  it('of peers show medians, ratios, geometric means and where they come from', () => {
    const text = peerTables(peers);
    expect(text).toMatch(/\| batch 64 +\| wgrad \| +jax-js 1\.2\.3 \| jax-js, asleep \|/);
    expect(text).toMatch(/a step, ms +\| +10 \| +45 \(4\.5×\) \| +30 \(3\.0×\) \|/);
    expect(text).toMatch(/its CPU time, ms +\| +20 \| +90 \(4\.5×\) \| +– \|/);
    expect(text).toMatch(/matrix products \(2 shapes\) +\| +1 \| +4\.0× \| +– \|/);
    expect(text).toContain(
      'Measured on driver 1.0 (software: the CPU computes), Node 20, wgrad abc, 2026-01-02. Medians over 3 rounds.',
    );
    expect(text).not.toContain('(!)');
  });

  it('of peers show the characters a second of a model that reads text, which has a table of its own', () => {
    const results = (['wgrad', 'jax-js'] as const).flatMap((framework, i) => [
      result('gpt', 'step', framework, 10 + 30 * i, { tokens: 1024 }),
      result('gpt', 'loop', framework, 8 + 24 * i, { tokens: 1024 }),
    ]);
    const text = peerTables({ ...peers, results });
    expect(text).toMatch(/\| batch 32 +\| +wgrad \|/);
    expect(text).toMatch(/· characters a second +\| 128,000 \| +32,000 \|/);
    expect(peerTables(peers)).not.toContain('characters a second');
    expect(tableOf({ ...peers, results })).toBe('peers-gpt');
    expect(tableOf(peers)).toBe('peers');
    expect(tableOf({ ...peers, results: [...peers.results, ...results] })).toBe('peers');
  });

  it('mark what computes something else', () => {
    const results = peers.results.map((own) =>
      own.framework === 'jax-js' ? { ...own, agrees: false } : own,
    );
    expect(peerTables({ ...peers, results })).toContain('45 (4.5×) (!)');
  });

  it('of kernels show the chosen ones, and the others as multiples of them', () => {
    const text = kernelTables(kernels);
    expect(text).toMatch(/\| matmul \| 2×2 → 2×2 \| quick \| naive +\| +2 \| +1 \| +2 \| +50% memory \|/);
    expect(text).toMatch(/\| matmul \| tiled +\| +1 \| 1\.5× \|/);
    expect(text).toContain('100 GFLOP/s');
  });

  it('come out of a file as they went in', () => {
    expect(parseReport(formatReport(peers), 'a.json')).toEqual(peers);
    expect(parseReport(formatReport(kernels), 'a.json')).toEqual(kernels);
  });

  it.each([
    [[2, 8], 4],
    [[3], 3],
  ])('the geometric mean of %j is %d', (values, mean) => expect(geometricMean(values)).toBeCloseTo(mean, 12));

  it.each([
    [5.54, '5.5×'],
    [9.94, '9.9×'],
    [9.96, '10×'],
    [22.5, '23×'],
  ])('%d is written as %s', (value, text) => expect(ratio(value)).toBe(text));
});
