import { describe, expect, it } from 'vitest';
import { comparisonOf, jsonOf, markdownOf } from '../../demos/bench/keep.ts';
import type { Found } from '../../demos/bench/keep.ts';
import { decades, rooflineOf, ticks } from '../../demos/widgets/rooflineScale.ts';
import { parseReport } from '../../bench/report/schema.ts';
import { spreadOf } from '../../bench/report/stats.ts';

const area = { left: 0, right: 400, top: 0, bottom: 300 };

describe('the roofline', () => {
  it.each([
    [
      [2, 30],
      [1, 100],
    ],
    [
      [0.5, 0.6],
      [0.1, 1],
    ],
    [[10], [10, 100]],
    [
      [0, 5],
      [1, 10],
    ], // what computes nothing has no place on it
  ])('of the values %j has axes of whole decades %j', (values, [low, high]) => {
    const [from, to] = decades(values);
    expect(from).toBeCloseTo(low, 12);
    expect(to).toBeCloseTo(high, 12);
  });

  it('has a tick at each power of ten', () => expect(ticks([0.1, 100])).toEqual([0.1, 1, 10, 100]));

  it('puts the ridge where the slope of the copy meets the ceiling, and kernels by their logarithms', () => {
    const scale = rooflineOf({ gflops: 100, gbs: 10 }, [{ flops: 1e6, bytes: 1e6, gflops: 1 }], area);
    expect([scale.x, scale.y]).toEqual([
      [1, 100],
      [1, 100],
    ]);
    expect([scale.toX(1), scale.toX(10), scale.toX(100)]).toEqual([0, 200, 400]);
    expect([scale.toY(1), scale.toY(10), scale.toY(100)]).toEqual([300, 150, 0]);
    expect(scale.roof).toBe('M0 150L200 0L400 0'); // 1 FLOP per byte at 10 GB/s is 10 GFLOP/s
  });

  it('begins the slope where it enters the picture', () => {
    const scale = rooflineOf({ gflops: 100, gbs: 10 }, [{ flops: 1, bytes: 1e4, gflops: 50 }], area);
    expect(scale.roof.startsWith(`M${scale.toX(0.1)} 300L`)).toBe(true);
  });
});

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
