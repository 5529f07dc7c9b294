import { watchSize } from '../../shared/dom.ts';
import { svg } from '../../shared/svg.ts';
import { number } from './numbers.ts';

export type Point = readonly [x: number, y: number];

export interface Axis {
  readonly range: readonly [number, number];
  readonly label?: string;
  readonly ticks?: readonly number[];
  readonly format?: (value: number) => string;
  readonly scale?: 'linear' | 'log';
}

/** What a plot shows. `name` is its class, which gives it its colour. */
export type Mark =
  | { readonly kind: 'line' | 'area'; readonly points: readonly Point[]; readonly name: string }
  | { readonly kind: 'path'; readonly lines: readonly (readonly Point[])[]; readonly name: string }
  | { readonly kind: 'dot'; readonly at: Point; readonly name: string; readonly radius?: number }
  | { readonly kind: 'arrow'; readonly from: Point; readonly to: Point; readonly name: string }
  | {
      readonly kind: 'text';
      readonly at: Point;
      readonly text: string;
      readonly name?: string;
      /** In pixels, from the point to the right and down. */
      readonly by?: Point;
      readonly anchor?: 'start' | 'middle' | 'end';
    }
  /** A picture over the whole area of the axes. */
  | { readonly kind: 'picture'; readonly href: string };

export const line = (points: readonly Point[], name: string): Mark => ({ kind: 'line', points, name });
export const area = (points: readonly Point[], name: string): Mark => ({ kind: 'area', points, name });
export const path = (lines: readonly (readonly Point[])[], name: string): Mark => ({
  kind: 'path',
  lines,
  name,
});
export const dot = (at: Point, name: string, radius?: number): Mark => ({ kind: 'dot', at, name, radius });
export const arrow = (from: Point, to: Point, name: string): Mark => ({ kind: 'arrow', from, to, name });
export const text = (
  at: Point,
  text: string,
  more: Partial<Omit<Extract<Mark, { kind: 'text' }>, 'kind' | 'at' | 'text'>> = {},
): Mark => ({ kind: 'text', at, text, ...more });

/** Points of two lists of equal length. */
export const points = (xs: readonly number[], ys: readonly number[]): Point[] => xs.map((x, i) => [x, ys[i]]);

const MARGIN = { left: 44, right: 14, top: 26, bottom: 36 };
let clips = 0;

/**
 * A figure with two axes, as SVG that fills `root` and is drawn again whenever its size or its marks change. It is one
 * picture to a screen reader: `describe` gives its words.
 */
export class Plot {
  readonly #root: HTMLElement;
  readonly #svg: SVGElement;
  readonly #clip = `plot-clip-${clips++}`;
  #axes: { x: Axis; y: Axis };
  #marks: readonly Mark[] = [];
  #width = 0;
  #height = 0;
  #frame = 0;

  constructor(root: HTMLElement, axes: { x: Axis; y: Axis }) {
    this.#root = root;
    this.#axes = axes;
    this.#svg = svg('svg', { class: 'axes', 'aria-hidden': 'true' });
    root.setAttribute('role', 'img');
    root.append(this.#svg);
    watchSize(root, (width, height) => {
      [this.#width, this.#height] = [width, height];
      this.#paint();
    });
  }

  /** Shows these marks, later ones above earlier ones, from the next frame on. */
  draw(marks: readonly Mark[], axes = this.#axes): void {
    this.#marks = marks;
    this.#axes = axes;
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  /** What the figure shows, in words. */
  describe(words: string): void {
    this.#root.setAttribute('aria-label', words);
  }

  /** Where on the axes a pointer is. */
  at({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }): Point {
    const { left, top } = this.#svg.getBoundingClientRect();
    const { x, y } = this.#scales();
    return [x.back(clientX - left), y.back(clientY - top)];
  }

  #scales(): { x: Scale; y: Scale } {
    const { x, y } = this.#axes;
    return {
      x: scaleOf(x, MARGIN.left, this.#width - MARGIN.right),
      y: scaleOf(y, this.#height - MARGIN.bottom, MARGIN.top),
    };
  }

  #paint(): void {
    const [width, height] = [this.#width, this.#height];
    if (width === 0) return;
    const scales = this.#scales();
    const place = ([x, y]: Point): Point => [round(scales.x.to(x)), round(scales.y.to(y))];
    const [left, top] = [MARGIN.left, MARGIN.top];
    const inner = { width: width - left - MARGIN.right, height: height - top - MARGIN.bottom };
    const clip = svg('clipPath', { id: this.#clip }, svg('rect', { x: left, y: top, ...inner }));
    const shapes = this.#marks.map((mark) => drawn(mark, place, { x: left, y: top, ...inner }));
    const clipped = this.#marks.map(({ kind }) => kind !== 'text' && kind !== 'dot');
    this.#svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#svg.replaceChildren(
      svg('defs', {}, clip),
      ...this.#grid(scales, inner),
      svg('g', { 'clip-path': `url(#${this.#clip})` }, ...shapes.filter((_, i) => clipped[i])),
      svg('g', {}, ...shapes.filter((_, i) => !clipped[i])),
    );
  }

  #grid({ x, y }: { x: Scale; y: Scale }, inner: { width: number; height: number }): SVGElement[] {
    const [left, top, bottom] = [MARGIN.left, MARGIN.top, MARGIN.top + inner.height];
    const { x: xAxis, y: yAxis } = this.#axes;
    const vertical = ticksOf(xAxis).flatMap((tick) => [
      svg('line', { class: 'grid', x1: x.to(tick), x2: x.to(tick), y1: top, y2: bottom }),
      svg(
        'text',
        { class: 'tick', x: x.to(tick), y: bottom + 15, 'text-anchor': 'middle' },
        formatted(xAxis, tick),
      ),
    ]);
    const horizontal = ticksOf(yAxis).flatMap((tick) => [
      svg('line', { class: 'grid', x1: left, x2: left + inner.width, y1: y.to(tick), y2: y.to(tick) }),
      svg(
        'text',
        { class: 'tick', x: left - 7, y: y.to(tick) + 4, 'text-anchor': 'end' },
        formatted(yAxis, tick),
      ),
    ]);
    const titles = [
      svg(
        'text',
        { class: 'title', x: left + inner.width, y: bottom + 30, 'text-anchor': 'end' },
        xAxis.label ?? '',
      ),
      svg('text', { class: 'title', x: 6, y: 13 }, yAxis.label ?? ''),
    ];
    return [...vertical, ...horizontal, ...titles];
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;
const formatted = ({ format = (value) => number(value) }: Axis, tick: number): string => format(tick);

interface Scale {
  /** Pixels of a value. */
  readonly to: (value: number) => number;
  /** The value at a pixel. */
  readonly back: (place: number) => number;
}

function scaleOf({ range, scale = 'linear' }: Axis, from: number, to: number): Scale {
  const [forward, backward] =
    scale === 'log' ? [Math.log10, (v: number) => 10 ** v] : [(v: number) => v, (v: number) => v];
  const [low, high] = range.map(forward);
  const factor = (to - from) / (high - low);
  // Far outside, where SVG would lose its way, places are cut off.
  const limited = (place: number) => Math.max(-1e5, Math.min(1e5, place));
  return {
    to: (value: number) => limited(from + (forward(value) - low) * factor),
    back: (place: number) => backward(low + (place - from) / factor),
  };
}

/** Some four round numbers in the range, or powers of ten. */
export function ticksOf({ range: [low, high], ticks, scale }: Axis): readonly number[] {
  if (ticks) return ticks.filter((tick) => tick >= low && tick <= high);
  if (scale === 'log') {
    const first = Math.ceil(Math.log10(low) - 1e-9);
    const last = Math.floor(Math.log10(high) + 1e-9);
    const every = Math.ceil((last - first + 1) / 6);
    return Array.from(
      { length: Math.floor((last - first) / every) + 1 },
      (_, i) => 10 ** (first + i * every),
    );
  }
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999)! * power;
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function drawn(
  mark: Mark,
  place: (point: Point) => Point,
  frame: { x: number; y: number; width: number; height: number },
): SVGElement {
  const route = (points: readonly Point[]) =>
    points
      .filter(([, y]) => Number.isFinite(y))
      .map((point, i) => `${i === 0 ? 'M' : 'L'}${place(point).join(' ')}`)
      .join('');
  switch (mark.kind) {
    case 'picture':
      return svg('image', { ...frame, href: mark.href, preserveAspectRatio: 'none' });
    case 'dot': {
      const [cx, cy] = place(mark.at);
      return svg('circle', { class: `dot ${mark.name}`, cx, cy, r: mark.radius ?? 5 });
    }
    case 'text': {
      const [x, y] = place(mark.at);
      const [dx, dy] = mark.by ?? [0, 0];
      const anchor = mark.anchor ?? 'start';
      return svg(
        'text',
        { class: `note ${mark.name ?? ''}`, x: x + dx, y: y + dy, 'text-anchor': anchor },
        mark.text,
      );
    }
    case 'arrow':
      return arrowShape(place(mark.from), place(mark.to), mark.name);
    case 'path':
      return svg('path', { class: `line ${mark.name}`, d: mark.lines.map(route).join('') });
    case 'line':
      return svg('path', { class: `line ${mark.name}`, d: route(mark.points) });
    case 'area':
      return svg('path', { class: `area ${mark.name}`, d: `${route(mark.points)}Z` });
  }
}

/** A line with a head, which shrinks with it. */
function arrowShape([x1, y1]: Point, [x2, y2]: Point, name: string): SVGElement {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const shaft = svg('path', { class: `line ${name}`, d: `M${x1} ${y1}L${x2} ${y2}` });
  if (length < 2) return svg('g', {}, shaft);
  const size = Math.min(9, length);
  const [dx, dy] = [((x2 - x1) / length) * size, ((y2 - y1) / length) * size];
  const [bx, by] = [x2 - dx, y2 - dy];
  const d = `M${x2} ${y2}L${bx - dy * 0.45} ${by + dx * 0.45}L${bx + dy * 0.45} ${by - dx * 0.45}Z`;
  return svg('g', {}, shaft, svg('path', { class: `head ${name}`, d }));
}
