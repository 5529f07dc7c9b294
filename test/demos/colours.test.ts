import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COLOURS, colourKeyHtml } from '../../demos/frame/colours.ts';
import { parseHex } from '../../demos/shared/palette.ts';
import type { Rgb } from '../../demos/shared/palette.ts';

const demos = fileURLToPath(new URL('../../demos', import.meta.url));
const css = readFileSync(join(demos, 'shared/colours.css'), 'utf8');
const variables = (text: string) =>
  new Map(
    [...text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, parseHex(value)]),
  );
const [light, dark] = css.split('@media (prefers-color-scheme: dark)').map(variables);
const named = COLOURS.flatMap(({ names }) => names).filter((name) => name !== 'training'); // that is the ink
const schemes = [
  ['light', light],
  ['dark', dark],
] as const;

const linear = (rgb: Rgb) => rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const luminance = (rgb: Rgb) => {
  const [r, g, b] = linear(rgb);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
/** https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
const contrast = (a: Rgb, b: Rgb) => {
  const [low, high] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

/** What people see who have no red, or no green cones (Machado, Oliveira & Fernandes 2009), on linear values. */
const EYES = {
  all: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanope: [0.1523, 1.0526, -0.2049, 0.1145, 0.7863, 0.0992, -0.0039, -0.0481, 1.052],
  deuteranope: [0.3673, 0.8606, -0.228, 0.2801, 0.6725, 0.0474, -0.0118, 0.0429, 0.9689],
};
/** CIELAB under D65. */
function lab(rgb: Rgb, eyes: readonly number[]): number[] {
  const [r, g, b] = linear(rgb);
  const seen = [0, 3, 6].map((row) =>
    Math.min(1, Math.max(0, eyes[row] * r + eyes[row + 1] * g + eyes[row + 2] * b)),
  );
  const of = (x: number, y: number, z: number) => x * seen[0] + y * seen[1] + z * seen[2];
  const [x, y, z] = [
    of(0.4124, 0.3576, 0.1805) / 0.9505,
    of(0.2126, 0.7152, 0.0722),
    of(0.0193, 0.1192, 0.9505) / 1.089,
  ].map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
const difference = (a: Rgb, b: Rgb, eyes: readonly number[]) =>
  Math.hypot(...lab(a, eyes).map((value, i) => value - lab(b, eyes)[i]));

/** What stands side by side in one figure. */
const PAIRS = [
  ['positive', 'negative'],
  ['right', 'wrong'],
  ['ink', 'test'],
  ['ink', 'gradient'],
  ['first', 'second'],
  ['first', 'third'],
  ['second', 'third'],
  ['first', 'fourth'],
  ['second', 'fourth'],
  ['third', 'fourth'],
  ['third', 'ink'],
  ['muted', 'gradient'],
] as const;

describe.each(schemes)('the colours of the %s scheme', (_, colours) => {
  it('are there for each meaning, and can be read as text on paper and panels', () => {
    const poor = named.flatMap((name) =>
      ['paper', 'surface']
        .map((ground) => [name, ground, contrast(colours.get(name)!, colours.get(ground)!)] as const)
        .filter(([, , ratio]) => !(ratio >= 4.5)),
    );
    expect(poor).toEqual([]);
  });

  it('can be read on the hottest dispatch of a graph', () => {
    const graph = readFileSync(join(demos, 'frame/graph/page/graph.css'), 'utf8');
    const [, percent] = /--hot: color-mix\(in srgb, var\(--first\) (\d+)%, var\(--surface\)\)/.exec(graph)!;
    const share = Number(percent) / 100;
    const [hot, cold] = [colours.get('first')!, colours.get('surface')!];
    const ground = hot.map((value, i) => share * value + (1 - share) * cold[i]) as unknown as Rgb;
    expect(contrast(colours.get('ink')!, ground)).toBeGreaterThanOrEqual(4.5);
    expect(difference(ground, cold, EYES.deuteranope)).toBeGreaterThan(12);
  });

  it('can be told apart side by side, by the colour-blind too', () => {
    const close = PAIRS.flatMap(([a, b]) =>
      Object.entries(EYES)
        .map(([eyes, matrix]) => [a, b, eyes, difference(colours.get(a)!, colours.get(b)!, matrix)] as const)
        .filter(([, , , distance]) => distance < 12),
    );
    expect(close).toEqual([]);
  });
});

it('tells in a legend what the colours mean, and what has a colour in one figure', () => {
  expect(colourKeyHtml('positive, first: the critic')).toBe(
    '<p class="hint colour-key"><span><i class="swatch positive"></i> a positive number</span>' +
      '<span><i class="swatch first"></i> the critic</span></p>',
  );
  expect(() => colourKeyHtml('blue')).toThrow("no colour is called 'blue'");
});

const files = readdirSync(demos, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(css|ts|html|json)$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(demos, file), 'utf8') }));

it('has every colour of the pages in one file', () => {
  const found = files
    .filter(({ file }) => !/shared.(colours\.css|palette\.ts)$/.test(file))
    .flatMap(({ file, text }) =>
      [...text.matchAll(/#[0-9a-f]{6}\b/gi)].map(([colour]) => `${file} ${colour}`),
    );
  expect(found).toEqual([]);
});

it('names no variable that is nowhere set', () => {
  const set = new Set(
    files.flatMap(({ text }) =>
      [...text.matchAll(/(?:^|[\s{;])(--[\w-]+):|setProperty\(\s*'(--[\w-]+)'/g)].map(
        ([, inCss, inCode]) => inCss ?? inCode,
      ),
    ),
  );
  const missing = files.flatMap(({ file, text }) =>
    [...text.matchAll(/(?:var\(|['"])(--[a-z][\w-]*)['")]/g)]
      .map(([, name]) => name)
      .filter((name) => !name.startsWith('--pico') && !set.has(name))
      .map((name) => `${file} ${name}`),
  );
  expect(missing).toEqual([]);
});
