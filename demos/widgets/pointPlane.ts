import type { HandOver } from '../drawing/panels.ts';
import { single } from '../drawing/panels.ts';
import { announce } from '../shared/announce.ts';
import { count, create } from '../shared/dom.ts';
import type { PlanePoint } from '../shared/planePoints.ts';
import { svg } from '../shared/svg.ts';
import { bindPlacing } from './placing.ts';
import type { Place } from './placing.ts';
import './pointPlane.css';

export interface PointPlaneOptions {
  /** Shows the panel below the points: a value for each of side × side places. */
  readonly canvas: HTMLCanvasElement;
  readonly panel: string;
  readonly side: number;
  readonly handOver: HandOver;
  /** What the panel shows, for those who hear the page. */
  readonly label: string;
  /** A click, or Enter at the mark that arrow keys move; from −1 to 1 to the right and up. */
  readonly onEdit: (x: number, y: number) => void;
}

/** Makes `plane` a plane of blue and orange points over a picture, where a click adds or removes one; the answer shows points. */
export function createPointPlane(plane: HTMLElement, options: PointPlaneOptions) {
  const { canvas, panel, side, handOver, label, onEdit } = options;
  const dots = svg('svg', { viewBox: '-1 -1 2 2', 'aria-hidden': 'true' });
  const cursor = create('span', { className: 'cursor' });
  let place: Place = [0.5, 0.5];
  plane.append(dots, cursor);
  // A pixel for each place: the browser enlarges them smoothly.
  handOver(panel, canvas, () => single(side / devicePixelRatio));

  bindPlacing(plane, {
    place: () => place,
    step: 0.02,
    large: 0.1,
    onPlace(to) {
      const within = (share: number) => Math.max(0, Math.min(1, share));
      place = [within(to[0]), within(to[1])];
      Object.assign(cursor.style, { left: `${100 * place[0]}%`, top: `${100 * place[1]}%` });
    },
  });
  const edit = () => onEdit(2 * place[0] - 1, 1 - 2 * place[1]);
  plane.addEventListener('click', edit);
  plane.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    edit();
  });
  let before: number | undefined;

  return (points: readonly PlanePoint[]): void => {
    dots.replaceChildren(
      ...points.map(({ x, y, blue }) =>
        svg('circle', { cx: x, cy: -y, r: 0.022, class: blue ? 'positive' : 'negative' }),
      ),
    );
    const blue = points.filter((point) => point.blue).length;
    // A lost GPU replaces the canvas: look for the present one.
    plane.querySelector('canvas')!.ariaLabel =
      `${label}: blue or orange. ${count(blue)} blue and ${count(points.length - blue)} orange points lie on it.`;
    if (before !== undefined && Math.abs(points.length - before) < 5)
      announce(`${count(points.length)} points.`);
    before = points.length;
  };
}
