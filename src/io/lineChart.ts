import { ArgumentError } from '../errors.ts';
import { formatTick, niceTicks } from './ticks.ts';

export interface LineSeries {
  readonly name: string;
  /** [x, y] by rising x; points that are not finite leave a gap in the line. */
  readonly points: readonly (readonly [number, number])[];
  /** Which axis measures it: 'left' (default), for losses, or 'right', for accuracies. */
  readonly axis?: 'left' | 'right';
  /** Draw a series of many points faint, with its moving average on top; default true. */
  readonly smooth?: boolean;
}

export interface LineChartOptions {
  title: string;
  subtitle?: string;
  series: readonly LineSeries[];
  /** Default 'step'. */
  xLabel?: string;
  /** Default: the names of the series on that axis. */
  leftLabel?: string;
  rightLabel?: string;
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 74;
const TOP = 76;
const BOTTOM = 346;
/** A series of more points than this is taken to be noisy. */
const SMOOTH_FROM = 50;
/** A series of so few points shows where they are. */
const DOTS_UP_TO = 30;
/** Points drawn per line at most: more are not visible at this width. */
const MAX_POINTS = 600;
/** Okabe and Ito's colours, which colour-blind readers can distinguish; the second of each pair is for dark pages. */
const COLOURS = [
  ['#0072b2', '#56b4e9'],
  ['#d55e00', '#f0883e'],
  ['#009e73', '#2fc79a'],
  ['#a64d87', '#e08bc0'],
  ['#8a7200', '#e6c84f'],
  ['#5b5b5b', '#b5b5b5'],
];

type Point = readonly [number, number];

interface Axis {
  ticks: number[];
  scale: (value: number) => number;
}

/**
 * A line chart, of a training run for example, as a standalone SVG document. It follows the viewer's light or dark scheme and
 * loads nothing.
 *
 * @throws ArgumentError if there is no series
 */
export function lineChartSvg(options: LineChartOptions): string {
  const { title, subtitle = '', series, xLabel = 'step' } = options;
  if (series.length === 0)
    throw new ArgumentError('lineChartSvg: no series to draw. Pass at least one, such as the loss.');
  const lines = series.map((one, index) => ({
    ...one,
    colour: index % COLOURS.length,
    finite: one.points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }));
  const onRight = lines.filter((line) => line.axis === 'right');
  const onLeft = lines.filter((line) => line.axis !== 'right');
  const plotRight = onRight.length > 0 ? WIDTH - 74 : WIDTH - 28;
  const range = (
    part: typeof lines,
    coordinate: 0 | 1,
    from: number,
    to: number,
    count: number,
    tight: boolean,
  ) =>
    axis(
      part.flatMap((line) => line.finite.map((point) => point[coordinate])),
      from,
      to,
      count,
      tight,
    );
  const x = range(lines, 0, LEFT, plotRight, 8, true);
  const left = range(onLeft, 1, BOTTOM, TOP, 6, false);
  const right = range(onRight, 1, BOTTOM, TOP, 6, false);
  const label = (part: typeof lines) => part.map((line) => line.name).join(', ');

  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(lines.map(describe).join(' '))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}" rx="8"/>`,
    `<text class="title" x="24" y="32">${escapeXml(title)}</text>`,
    `<text class="subtitle" x="24" y="52">${escapeXml(subtitle)}</text>`,
    ...left.ticks.map((tick) => {
      const y = round(left.scale(tick));
      return (
        `<path class="grid" d="M${LEFT} ${y}H${plotRight}"/>` +
        `<text class="tick" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${formatTick(tick, left.ticks)}</text>`
      );
    }),
    ...(onRight.length > 0 ? right.ticks : []).map(
      (tick) =>
        `<text class="tick" x="${plotRight + 8}" y="${round(right.scale(tick)) + 4}">${formatTick(tick, right.ticks)}</text>`,
    ),
    `<path class="axis" d="M${LEFT} ${BOTTOM}H${plotRight}"/>`,
    ...x.ticks.map((tick) => {
      const at = round(x.scale(tick));
      return (
        `<path class="axis" d="M${at} ${BOTTOM}v5"/>` +
        `<text class="tick" x="${at}" y="${BOTTOM + 19}" text-anchor="middle">${formatTick(tick, x.ticks)}</text>`
      );
    }),
    `<text class="label" x="${(LEFT + plotRight) / 2}" y="${BOTTOM + 40}" text-anchor="middle">${escapeXml(xLabel)}</text>`,
    sideLabel(options.leftLabel ?? label(onLeft), 18),
    sideLabel(options.rightLabel ?? label(onRight), WIDTH - 14),
    ...lines.map((line) => drawLine(line, x, line.axis === 'right' ? right : left)),
    legend(lines, plotRight),
    '</svg>',
  ];
  return `${parts.filter(Boolean).join('\n')}\n`;
}

/** Ticks and scale over the values; a tight axis ends at the data, another at the ticks around it. */
function axis(values: readonly number[], from: number, to: number, count: number, tight: boolean): Axis {
  let low = values.reduce((a, b) => Math.min(a, b), Infinity);
  let high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (low > high) [low, high] = [0, 1];
  // Denormal differences have no tick to divide by.
  if (high - low < 1e-300) {
    low -= Math.max(Math.abs(low) * 0.1, 0.5);
    high += Math.max(Math.abs(high) * 0.1, 0.5);
  }
  // A loss or accuracy that comes near zero is read against zero.
  if (!tight && low > 0 && low < 0.5 * high) low = 0;
  const ticks = niceTicks(low, high, count);
  const [start, end] = tight ? [low, high] : [ticks[0], ticks.at(-1)!];
  return {
    ticks: ticks.filter((tick) => tick >= start && tick <= end),
    // Dividing first keeps a range as wide as all doubles finite.
    scale: (value) => from + (value / (end - start) - start / (end - start)) * (to - from),
  };
}

interface Line extends LineSeries {
  colour: number;
  finite: readonly Point[];
}

function drawLine(line: Line, x: Axis, y: Axis): string {
  const noisy = line.smooth !== false && line.finite.length > SMOOTH_FROM;
  const style = `class="line c${line.colour}`;
  const raw = `<path ${style}${noisy ? ' raw' : ''}" d="${path(thin(line.points), x, y)}"/>`;
  const smooth = noisy ? `<path ${style}" d="${path(thin(movingAverage(line.points)), x, y)}"/>` : '';
  const dots = line.smooth === false || line.finite.length > DOTS_UP_TO ? [] : line.finite;
  const circle = ([px, py]: Point) =>
    `<circle class="dot c${line.colour}" cx="${round(x.scale(px))}" cy="${round(y.scale(py))}" r="3"/>`;
  return raw + smooth + dots.map(circle).join('');
}

function path(points: readonly Point[], x: Axis, y: Axis): string {
  let drawing = false;
  let result = '';
  for (const [px, py] of points) {
    const finite = Number.isFinite(px) && Number.isFinite(py);
    if (finite) result += `${drawing ? 'L' : 'M'}${round(x.scale(px))} ${round(y.scale(py))}`;
    drawing = finite;
  }
  return result;
}

/** Keeps of each run of points the lowest and the highest, so that thinning never hides a spike or a NaN. */
function thin(points: readonly Point[]): readonly Point[] {
  if (points.length <= MAX_POINTS) return points;
  const result: Point[] = [];
  const run = Math.ceil(points.length / (MAX_POINTS / 2));
  for (let start = 0; start < points.length; start += run) {
    const part = points.slice(start, start + run);
    const bad = part.find((point) => !Number.isFinite(point[1]));
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a));
    result.push(...(bad ? [bad] : low[0] <= high[0] ? [low, high] : [high, low]));
  }
  return result;
}

/**
 * Mean over the neighbours on both sides, a fortieth of the series in all and fewer near its ends: unlike an
 * exponential average it does not lag behind a falling loss.
 */
function movingAverage(points: readonly Point[]): Point[] {
  const sums = [0];
  const counts = [0];
  for (const [, y] of points) {
    const finite = Number.isFinite(y);
    sums.push(sums.at(-1)! + (finite ? y : 0));
    counts.push(counts.at(-1)! + (finite ? 1 : 0));
  }
  const half = Math.ceil(points.length / 80);
  return points.map(([x, y], index) => {
    if (!Number.isFinite(y)) return [x, NaN];
    const reach = Math.min(half, index, points.length - 1 - index);
    const [from, to] = [index - reach, index + reach + 1];
    return [x, (sums[to] - sums[from]) / (counts[to] - counts[from])];
  });
}

function legend(lines: readonly Line[], plotRight: number): string {
  // Right-aligned in the subtitle's row; about 6.6 pixels per character.
  let right = plotRight;
  const entries = lines.toReversed().map((line) => {
    const last = line.finite.at(-1)?.[1];
    const text = `${line.name} ${last === undefined ? '(no data)' : Number(last.toPrecision(4))}`;
    const left = right - text.length * 6.6 - 22;
    right = left - 14;
    return (
      `<path class="line c${line.colour}" d="M${round(left)} 61h16"/>` +
      `<text class="legend" x="${round(left + 21)}" y="65">${escapeXml(text)}</text>`
    );
  });
  return entries.join('');
}

function sideLabel(text: string, at: number): string {
  const middle = (TOP + BOTTOM) / 2;
  return (
    text &&
    `<text class="label" transform="translate(${at} ${middle}) rotate(-90)" text-anchor="middle">${escapeXml(text)}</text>`
  );
}

function describe({ name, finite }: Line): string {
  const [first, last] = [finite[0], finite.at(-1)];
  if (!first || !last) return `${name}: no data.`;
  return `${name}: from ${first[1]} at ${first[0]} to ${last[1]} at ${last[0]}.`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  // XML 1.0 has no place for control characters, escaped or not.
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"']/g, (c) => entities[c]);
}

const colourRules = (shade: 0 | 1) =>
  COLOURS.map((pair, index) => `.c${index}{stroke:${pair[shade]}}.dot.c${index}{fill:${pair[shade]}}`).join(
    '',
  );

const STYLE =
  'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-size:12px;fill:#444}' +
  '.page{fill:#fff}.title{font-size:17px;font-weight:600;fill:#111}.subtitle,.label{fill:#666}.legend{fill:#222}' +
  '.tick{font-size:11px;font-variant-numeric:tabular-nums}.grid{stroke:#e6e6e6}.axis{stroke:#999}' +
  '.grid,.axis,.line{fill:none}.line{stroke-width:2;stroke-linejoin:round;stroke-linecap:round}' +
  `.line.raw{stroke-width:1;opacity:.3}${colourRules(0)}` +
  '@media(prefers-color-scheme:dark){text{fill:#bbb}.page{fill:#16181d}.title{fill:#f2f2f2}' +
  '.subtitle,.label{fill:#999}.legend{fill:#ddd}.grid{stroke:#2b2f37}.axis{stroke:#6b7078}' +
  `${colourRules(1)}}`;
