import { describe, expect, it } from 'vitest';
import type { DispatchTiming } from '../../src/runtime/profile.ts';
import { multiplyAddTotal } from '../../src/runtime/roofline/ceilings.ts';
import { rates } from '../../src/runtime/roofline/rates.ts';
import { decades, rooflineOf, ticks } from '../../src/runtime/roofline/scale.ts';
import { formatProfile, formatRoofline } from '../../src/runtime/roofline/text.ts';

const ceilings = { gflops: 100, gbs: 10 };
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

describe('the nearer ceiling', () => {
  it('is arithmetic where the FLOPs would take longer', () => {
    expect(rates(2e8, 1e6, 4, ceilings)).toEqual({
      gflops: 50,
      gbs: 0.25,
      bound: 'arithmetic',
      ofCeiling: 0.5,
    });
  });
  it('is memory where the bytes would', () => {
    expect(rates(1e6, 1e7, 2, ceilings)).toMatchObject({ bound: 'memory', ofCeiling: 0.5 });
  });
});

it('what the multiply-adds must come to', () => {
  expect(multiplyAddTotal(0, 2048)).toBeCloseTo(32 * 3, 4); // b / (1 − a)
});

describe('in the terminal', () => {
  const timing = (label: string, microseconds: number, flops: number, bytes: number): DispatchTiming => ({
    label,
    kernel: 'k',
    variant: '',
    workgroups: [1, 1, 1],
    microseconds,
    flops,
    bytes,
    gflops: flops / microseconds / 1000,
    share: microseconds / 100,
  });
  // 50 GFLOP/s at 100 FLOPs per byte; 1 GFLOP/s at 1; a copy at 5 GB/s; and one that the clock could not see
  const timings = [
    timing('copy', 20, 0, 1e5),
    timing('product', 40, 2e6, 2e4),
    timing('sum', 30, 3e4, 3e4),
    timing('nothing', 0, 0, 4),
  ];

  it('the slowest comes first, with what bounds it and how near it comes to that', () => {
    const lines = formatProfile(timings, ceilings).split('\n');
    const cells = (line: string) => line.trim().split(/ {2,}/);
    expect(cells(lines[0])).toEqual(
      ['dispatch', 'kernel', 'variant', 'workgroups', 'µs', 'share', 'GFLOP/s', 'GB/s', 'of ceiling'], // prettier-ignore
    );
    expect(lines.slice(2).map(cells)).toEqual([
      ['a', 'product', 'k', '1×1×1', '40.0', '40.0%', '50.00', '0.50', '50% arithmetic'],
      ['b', 'sum', 'k', '1×1×1', '30.0', '30.0%', '1.00', '1.00', '10% memory'],
      ['copy', 'k', '1×1×1', '20.0', '20.0%', '5.00', '50% memory'],
      ['nothing', 'k', '1×1×1', '0.0', '0.0%'],
      ['total', '90.0'],
    ]);
  });

  it('the roofline has a letter for each dispatch that computes, at its place under the roof', () => {
    const lines = formatRoofline(timings, ceilings).split('\n');
    const plot = lines.filter((line) => line.includes('│'));
    const at = (sign: string) => {
      const row = plot.findIndex((line) => line.includes(sign));
      return [plot[row].indexOf(sign) - plot[row].indexOf('│') - 1, row];
    };
    // Axes from 1 to 100 FLOPs per byte in 63 columns, from 1 to 100 GFLOP/s in 15 rows.
    expect(at('b')).toEqual([0, 15]);
    expect(at('a')).toEqual([63, Math.round((15 * Math.log10(2)) / 2)]);
    expect(plot[0]).toMatch(/^100 │ +╱*─+$/);
    expect(plot.filter((line) => line.includes('╱')).length).toBe(9); // rows 0 to 8: 10 to 100 GFLOP/s
    expect(lines.at(-2)!.trim().split(/ +/)).toEqual(['1', '10', '100']);
    expect(lines.at(-1)).toContain('100 GFLOP/s in multiply-adds, 10 GB/s in a copy');
  });
});
