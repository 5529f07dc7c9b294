import { describe, expect, it } from 'vitest';
import { compare, formatChanges, mismatch } from '../../bench/report/compare.ts';
import { digits, markdownTable } from '../../bench/report/markdown.ts';
import { parseReport, SCHEMA } from '../../bench/report/schema.ts';
import type { Measured, Report } from '../../bench/report/schema.ts';
import { quantile, relativeSpread, spreadOf } from '../../bench/report/stats.ts';

const measured = (id: string, ...ms: number[]): Measured => ({ id, ms: spreadOf(ms) });

const report = (...results: Measured[]): Report => ({
  schema: SCHEMA,
  command: 'kernels',
  device: 'gpu',
  adapter: 'vendor',
  driver: '1.0',
  software: false,
  runtime: 'Node',
  commit: 'abc',
  date: '2026-01-01T00:00:00Z',
  features: [],
  limits: {},
  warnings: [],
  results,
});

describe('statistics', () => {
  it.each([
    [[3, 1, 2], 0.5, 2],
    [[4, 1, 2, 3], 0.5, 2.5],
    [[1, 2, 3, 4, 5], 0.25, 2],
    [[1, 2, 3, 4], 0.75, 3.25],
    [[7], 0.25, 7],
    [[1, 2], 1, 2],
  ])('quantile of %j at %d is %d', (samples, p, expected) => {
    expect(quantile(samples, p)).toBeCloseTo(expected, 12);
  });

  it('a spread keeps its samples as they were, and says how far the middle half reaches', () => {
    const samples = [5, 1, 4, 2, 3];
    expect(spreadOf(samples)).toEqual({ median: 3, q1: 2, q3: 4, least: 1, samples: 5 });
    expect(samples).toEqual([5, 1, 4, 2, 3]);
    expect(relativeSpread(spreadOf(samples))).toBeCloseTo(2 / 3, 12);
  });

  it('no samples are an error', () => {
    expect(() => quantile([], 0.5)).toThrow('there are no samples');
  });
});

describe('comparing two reports', () => {
  const before = report(
    measured('a', 10, 10, 10),
    measured('b', 10, 10, 10),
    measured('c', 5),
    measured('d', 9, 10, 15),
  );

  it('tells what is slower, faster, the same, new and gone', () => {
    const after = report(
      measured('a', 12, 12, 12),
      measured('b', 8, 8, 8),
      measured('d', 11, 12, 13),
      measured('e', 1),
    );
    const verdicts = compare(before, after, 0.1).map(({ id, verdict }) => [id, verdict]);
    expect(verdicts).toEqual([
      ['a', 'slower'],
      ['b', 'faster'],
      ['d', 'same'], // 20% by the median, but within the scatter
      ['e', 'new'],
      ['c', 'gone'],
    ]);
  });

  it.each([
    [0.19, 'slower'],
    [0.21, 'same'],
  ])('a threshold of %d makes 10 → 12 ms %s', (threshold, verdict) => {
    const [change] = compare(report(measured('a', 10)), report(measured('a', 12)), threshold);
    expect(change.verdict).toBe(verdict);
    expect(change.ratio).toBeCloseTo(1.2, 12);
  });

  it('shows the worst first, and counts', () => {
    const after = report(
      measured('a', 12, 12, 12),
      measured('b', 20, 20, 20),
      measured('c', 5),
      measured('d', 10),
    );
    const text = formatChanges(compare(before, after, 0.1), 0.1);
    const [, , first, second] = text.split('\n');
    expect(first).toMatch(/^\| b +\| +10 \| +20 \| 2\.00× \| slower +\|$/);
    expect(second).toMatch(/^\| a .* 1\.20× \| slower/);
    expect(text).toContain('2 slower, 0 faster, 2 the same');
  });

  it('says what makes two reports hard to compare', () => {
    expect(mismatch(before, before)).toBeUndefined();
    expect(mismatch(before, { ...before, driver: '2.0' })).toBe('the driver was "1.0" and is "2.0"');
  });
});

describe('Markdown', () => {
  it('aligns columns, and keeps bars out of them', () => {
    expect(
      markdownTable(
        ['what', 'ms'],
        [
          ['a | b', '1'],
          ['c', '12.5'],
        ],
        'lr',
      ),
    ).toBe(['| what   |   ms |', '| ------ | ---: |', '| a \\| b |    1 |', '| c      | 12.5 |'].join('\n'));
  });

  it.each([
    [0.012345, '0.0123'],
    [1.2345, '1.23'],
    [999.4, '999'],
    [999.6, '1,000'],
    [12345.6, '12,346'],
    [0, '0'],
    [NaN, '–'],
  ])('%d has the digits %s', (value, text) => expect(digits(value)).toBe(text));
});

describe('reading a report', () => {
  it('gives back what was written', () => {
    const own = report(measured('a', 1, 2, 3));
    expect(parseReport(JSON.stringify(own), 'own.json')).toEqual(own);
  });

  it.each([
    ['{', 'x.json: is not JSON'],
    ['null', 'x.json: its schema is undefined, not "wgrad-bench/1"; make it again with --json'],
    [JSON.stringify({ schema: 'wgrad-bench/0' }), 'its schema is "wgrad-bench/0"'],
    [
      JSON.stringify({ ...report(), results: [measured('a', 1), { id: 'b' }] }),
      'results[1] has no id and times',
    ],
    [JSON.stringify({ ...report(), results: {} }), 'results[0] has no id and times'],
  ])('of %s is an error', (text, message) => {
    expect(() => parseReport(text, 'x.json')).toThrow(message);
  });
});
