import { create, watchSize } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import './curves.css';

/** A curve over the axis: values from 0 to 1. */
export interface Curve {
  readonly name: string;
  /** A variable of colours.css: '--first'. */
  readonly colour: string;
  readonly dashed?: boolean;
  readonly at: (x: number) => number;
}

export interface CurvesOptions {
  readonly range: readonly [number, number];
  /** Where the axis is labelled. */
  readonly ticks: readonly number[];
  /** The position of the names of the curves and of their values at the mark. */
  readonly legend: HTMLElement;
  readonly format: (value: number) => string;
}

const [LEFT, RIGHT, TOP, BOTTOM] = [34, 10, 12, 216];
const PIECES = 120;

/** Fills `root` with curves over an axis. The answer draws them, with a mark on each at `x`, where there is one. */
export function createCurves(root: HTMLElement, { range: [from, to], ticks, legend, format }: CurvesOptions) {
  let shown: { curves: readonly Curve[]; x?: number } = { curves: [] };
  const picture = svg('svg', { class: 'curves', 'aria-hidden': 'true' });
  root.append(picture);
  watchSize(root, draw);

  function draw(width = root.clientWidth): void {
    const { curves, x } = shown;
    const across = (place: number) => LEFT + ((width - LEFT - RIGHT) * (place - from)) / (to - from);
    const up = (y: number) => BOTTOM - (BOTTOM - TOP) * y;
    const drawn = curves.map(({ colour, dashed, at }) => {
      const places = Array.from({ length: PIECES + 1 }, (_, i) => from + ((to - from) * i) / PIECES);
      const points = places.map((place) => `${across(place).toFixed(1)},${up(at(place)).toFixed(1)}`);
      const marks = x === undefined ? [] : [svg('circle', { cx: across(x), cy: up(at(x)), r: 5 })];
      const line = svg('polyline', { points: points.join(' '), ...(dashed && { class: 'dashed' }) });
      return keyed(svg('g', {}, line, ...marks), colour);
    });
    picture.setAttribute('viewBox', `0 0 ${width} 244`);
    picture.replaceChildren(
      ...[0, 0.5, 1].flatMap((y) => [
        svg('path', { d: `M${LEFT} ${up(y)}H${width - RIGHT}` }),
        text(y, LEFT - 8, up(y) + 4, 'end'),
      ]),
      ...ticks.map((tick) => text(tick, across(tick), BOTTOM + 22, 'middle')),
      ...(x === undefined ? [] : [svg('path', { class: 'place', d: `M${across(x)} ${TOP}V${BOTTOM}` })]),
      ...drawn,
    );
  }

  return (curves: readonly Curve[], x?: number): void => {
    shown = { curves, x };
    draw();
    legend.replaceChildren(
      ...curves.map(({ name, colour, dashed, at }) => {
        const value = create('b', {}, x === undefined ? '' : format(at(x)));
        return keyed(create('span', { className: dashed ? 'key dashed' : 'key' }, name, value), colour);
      }),
    );
  };
}

const text = (value: number, x: number, y: number, anchor: string) =>
  svg('text', { x, y, 'text-anchor': anchor }, String(value).replace('-', '−'));

function keyed<T extends HTMLElement | SVGElement>(element: T, colour: string): T {
  element.style.setProperty('--key', `var(${colour})`);
  return element;
}
