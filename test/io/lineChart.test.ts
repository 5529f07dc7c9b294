import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { lineChartSvg } from '../../src/io/lineChart.ts';
import { formatTick, niceTicks } from '../../src/io/ticks.ts';

/** The elements of an XML document; fails where tags do not match or text is not escaped. */
function elements(xml: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const tags = /<(\/?)([a-z]+)((?:\s[\w-]+(?::[\w-]+)?="[^"<&]*")*)(\/?)>|&(?:amp|lt|gt|quot|#39);|[^<>&]/g;
  let end = 0;
  for (const match of xml.matchAll(tags)) {
    expect(match.index, `not XML near ${xml.slice(end, end + 60)}`).toBe(end);
    end += match[0].length;
    const [, closing, name, , empty] = match;
    if (!name) continue;
    if (!closing) names.push(name);
    else if (open.pop() !== name) open.push(`not </${name}>`);
    if (!closing && !empty) open.push(name);
  }
  expect([end, open]).toEqual([xml.length, []]);
  return names;
}
const numbers = (path: string) => path.match(/-?[\d.]+/g)!.map(Number);
const linePaths = (svg: string) =>
  [...svg.matchAll(/<path class="line ([^"]*)" d="(M[^"h]*|)"/g)].map(([, name, d]) => ({ name, d }));

const noise = Array.from({ length: 5000 }, (_, i): [number, number] => [
  i,
  2 / (1 + i / 100) + 0.3 * (i % 2),
]);

describe('lineChartSvg', () => {
  it('is well-formed XML that loads nothing, whatever the texts are', () => {
    const svg = lineChartSvg({
      title: 'A & B <script>"\'\u0000\ud800',
      subtitle: ']]>',
      series: [
        { name: '<loss>', points: noise },
        {
          name: 'accuracy',
          points: [
            [0, 0.1],
            [4999, 0.99],
          ],
          axis: 'right',
        },
      ],
    });
    const names = elements(svg);
    expect(names[0]).toBe('svg');
    expect(names).not.toContain('script');
    expect(svg).not.toMatch(/href|url\(|@import/);
    expect(svg).not.toContain('\u0000');
    expect(svg).toContain('A &amp; B &lt;script&gt;');
    expect(svg).toContain('prefers-color-scheme:dark');
  });

  it('draws every point inside the plot, high values high', () => {
    const svg = lineChartSvg({
      title: 't',
      series: [
        {
          name: 'loss',
          points: [
            [0, 4],
            [10, 1],
            [20, 2],
          ],
        },
      ],
    });
    const [{ d }] = linePaths(svg);
    const [x0, y0, x1, y1, x2, y2] = numbers(d);
    expect(x0 < x1 && x1 < x2 && y0 < y2 && y2 < y1).toBe(true);
    expect(x1 - x0).toBeCloseTo(x2 - x1, 0);
    // y = 1 is three times as far from 4 as 1 is from 2 … in pixels, too.
    expect((y1 - y0) / (y1 - y2)).toBeCloseTo(3, 1);
  });

  it('smooths a noisy series over its faint points, and keeps it small', () => {
    const svg = lineChartSvg({ title: 't', series: [{ name: 'loss', points: noise }] });
    const [raw, smooth] = linePaths(svg);
    expect([raw.name, smooth.name]).toEqual(['c0 raw', 'c0']);
    const jumps = (d: string) => {
      const ys = numbers(d).filter((_, i) => i % 2);
      return ys.slice(1).reduce((sum, y, i) => sum + Math.abs(y - ys[i]), 0);
    };
    expect(jumps(smooth.d)).toBeLessThan(jumps(raw.d) / 10);
    expect(svg.length).toBeLessThan(30_000);
  });

  it('keeps a single spike of a long series', () => {
    const spiky = noise.map(([x, y]): [number, number] => [x, x === 3333 ? 50 : y]);
    const [raw] = linePaths(lineChartSvg({ title: 't', series: [{ name: 'loss', points: spiky }] }));
    const ys = numbers(raw.d).filter((_, i) => i % 2);
    expect(Math.min(...ys)).toBe(76);
  });

  it('leaves gaps where a loss is not finite', () => {
    const points: [number, number][] = [
      [0, 1],
      [1, 2],
      [2, NaN],
      [3, Infinity],
      [4, 3],
      [5, 1],
    ];
    const svg = lineChartSvg({ title: 't', series: [{ name: 'loss', points }] });
    expect(linePaths(svg)[0].d.match(/[ML]/g)!.join('')).toBe('MLML');
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('draws series that are empty, single, constant, extreme or huge', () => {
    const extremes: [number, number][][] = [
      [],
      [[3, 0.5]],
      [
        [0, 0],
        [1, 0],
      ],
      [
        [0, -1e308],
        [1, 1e308],
      ],
      [
        [0, 1e-300],
        [1, 2e-300],
      ],
      [
        [0, 5e-324],
        [1, 0],
      ],
      [
        [0, 1e15],
        [1, 1e15 + 1],
      ],
      [[NaN, NaN]],
      Array.from({ length: 300_000 }, (_, i) => [i, i % 7]),
    ];
    for (const points of extremes) {
      const svg = lineChartSvg({
        title: 't',
        series: [
          { name: 'loss', points },
          { name: 'b', points: [[0, 1]], axis: 'right' },
        ],
      });
      elements(svg);
      expect(svg, `${points.slice(0, 2)}`).not.toMatch(/NaN|Infinity|undefined/);
      expect(svg.length).toBeLessThan(40_000);
    }
    expect(() => lineChartSvg({ title: 't', series: [] })).toThrow(ArgumentError);
  });

  it('says in words what it shows', () => {
    const svg = lineChartSvg({
      title: 't',
      series: [
        {
          name: 'loss',
          points: [
            [0, 2.3],
            [99, 0.05],
          ],
        },
        { name: 'v', points: [] },
      ],
    });
    expect(svg).toContain('<desc>loss: from 2.3 at 0 to 0.05 at 99. v: no data.</desc>');
    expect(svg).toMatch(/loss 0\.05</);
    expect(svg).toContain('v (no data)');
  });
});

describe('niceTicks', () => {
  it('steps by 1, 2 or 5 times a power of ten and encloses the range', () => {
    expect(niceTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(niceTicks(0.13, 2.31, 6)).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(niceTicks(-3, 7, 5)).toEqual([-4, -2, 0, 2, 4, 6, 8]);
    expect(niceTicks(0, 23456, 8)).toEqual([0, 5000, 10000, 15000, 20000, 25000]);
    expect(niceTicks(0, 0.003, 3)).toEqual([0, 0.001, 0.002, 0.003]);
  });

  it('labels them alike', () => {
    const label = (low: number, high: number, count = 5) =>
      niceTicks(low, high, count).map((tick, _, all) => formatTick(tick, all));
    expect(label(0, 1)).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1.0']);
    expect(label(0.97, 0.98)).toEqual(['0.970', '0.972', '0.974', '0.976', '0.978', '0.980']);
    expect(label(0, 23456)).toEqual(['0', '5k', '10k', '15k', '20k', '25k']);
    expect(label(0, 4e6, 4)).toEqual(['0', '1e6', '2e6', '3e6', '4e6']);
    expect(label(0, 4e-5, 4)).toEqual(['0', '1e-5', '2e-5', '3e-5', '4e-5']);
  });
});
