import { describe, expect, it } from 'vitest';
import { comparisonOf, jsonOf, markdownOf } from '../../demos/bench/keep.ts';
import type { Found } from '../../demos/bench/keep.ts';
import { parseReport } from '../../bench/report/schema.ts';
import { spreadOf } from '../../bench/report/stats.ts';

describe('a run that is kept', () => {
  const found: Found = {
    machine: {
      device: 'gpu',
      adapter: 'vendor',
      driver: 'driver',
      software: false,
      runtime: 'browser',
      commit: 'abc',
      date: '2026-01-02T03:04:05Z',
      features: ['timestamp-query'],
      limits: { maxBufferSize: 7 },
    },
    ceilings: { gflops: 100, gbs: 10 },
    kernels: [
      {
        id: 'matmul a [naive]',
        op: 'matmul',
        pass: 'forward',
        models: ['quick'],
        shapes: 'a',
        variant: 'naive',
        chosen: true,
        kernels: ['matmul/1_naive'],
        flops: 1e6,
        bytes: 1e4,
        ms: spreadOf([1, 2, 3]),
        gflops: 0.5,
        gbs: 0.1,
        bound: 'arithmetic',
        ofCeiling: 0.005,
        firstMs: 9,
        error: 1e-7,
      },
    ],
    peers: [
      {
        id: 'quick step | wgrad',
        what: 'quick',
        measure: 'step',
        framework: 'wgrad',
        version: '',
        asleep: true,
        ms: spreadOf([4]),
        agrees: true,
      },
    ],
    warnings: ['a warning'],
  };

  it('is the file that the commands write', () => {
    const report = parseReport(jsonOf(found), 'run.json');
    expect(report).toMatchObject({ command: 'page', device: 'gpu', limits: { maxBufferSize: 7 } });
    expect(report.results.map(({ id }) => id)).toEqual(['matmul a [naive]', 'quick step | wgrad']);
  });

  it('is Markdown with the machine, the ceilings, the kernels, the peers and the warnings', () => {
    const text = markdownOf(found);
    for (const part of ['- Device: gpu', '100 GFLOP/s', '### Matrix products', '### quick', 'a warning']) {
      expect(text).toContain(part);
    }
  });

  it('is compared with files of this page and of the commands', () => {
    const file = jsonOf(found);
    expect(comparisonOf(found, file, 'a.json')).toMatch(/^0 slower, 0 faster, 2 the same/);
    const other = JSON.stringify({ ...JSON.parse(file), command: 'kernels', device: 'another' });
    expect(comparisonOf(found, other, 'a.json')).toMatch(/^Note: the device was "another" and is "gpu"/);
    expect(() => comparisonOf(found, '{}', 'a.json')).toThrow('a.json: its schema is');
  });
});
