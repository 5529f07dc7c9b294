import type { RocCurve, RocPoint } from '../../src/models/rocCurve.ts';
import { create, percent, watchSize } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import { probabilityOf } from './threshold.ts';
import type { Counts } from './verdicts.ts';

/** Around the square: room for the handle and the words. */
const [LEFT, BOTTOM, EDGE] = [52, 36, 12];
const MARKS = [0, 0.5, 1];

/** The ROC curve, whose point of the present threshold a pointer or arrow keys move from one threshold to the next. */
export function createRoc(root: HTMLElement, onChoose: (threshold: number) => void) {
  const plot = svg('svg', { 'aria-hidden': 'true' });
  const handle = create('div', {
    className: 'roc-handle',
    tabIndex: 0,
    role: 'slider',
    'aria-label': 'Point of the ROC curve',
    'aria-valuemin': '0',
  });
  root.append(plot, handle);
  let size = 0;
  let curve: RocCurve | undefined;
  /** Which point of the curve is the threshold's. */
  let chosen = 0;

  const side = () => size - LEFT - EDGE;
  const x = (share: number) => LEFT + share * side();
  const y = (share: number) => EDGE + (1 - share) * side();

  function draw(): void {
    if (size === 0 || !curve) return;
    const { points, area } = curve;
    const corners = points.map((own) => `${x(own.falsePositives)} ${y(own.truePositives)}`).join(' L');
    const text = (of: string, at: Record<string, string | number>) => svg('text', at, of);
    const height = size - LEFT + BOTTOM;
    const now = points[chosen];
    plot.setAttribute('viewBox', `0 0 ${size} ${height}`);
    plot.replaceChildren(
      ...MARKS.flatMap((share) => [
        svg('line', { x1: x(0), x2: x(1), y1: y(share), y2: y(share), class: 'grid' }),
        svg('line', { x1: x(share), x2: x(share), y1: y(0), y2: y(1), class: 'grid' }),
        text(percent(share, 0), { x: x(share), y: y(0) + 14, class: share === 1 ? 'end' : 'middle' }),
        ...(share > 0 ? [text(percent(share, 0), { x: LEFT - 5, y: y(share) + 4, class: 'end' })] : []),
      ]),
      svg('path', { d: `M${corners} L${x(1)} ${y(0)} L${x(0)} ${y(0)} Z`, class: 'area' }),
      svg('line', { x1: x(0), x2: x(1), y1: y(0), y2: y(1), class: 'guessing' }),
      svg('path', { d: `M${corners}`, class: 'curve test' }),
      svg('line', {
        x1: x(now.falsePositives),
        x2: x(now.falsePositives),
        y1: y(0),
        y2: y(now.truePositives),
        class: 'guide',
      }),
      svg('line', {
        x1: x(0),
        x2: x(now.falsePositives),
        y1: y(now.truePositives),
        y2: y(now.truePositives),
        class: 'guide',
      }),
      text(`area ${area.toFixed(4)}`, { x: x(0.97), y: y(0.12), class: 'end area-text' }),
      text('guessing', { x: x(0.52), y: y(0.44), class: 'middle' }),
      text('false alarms, of the benign', { x: x(0.5), y: height - 4, class: 'middle' }),
      svg(
        'text',
        { transform: `translate(11 ${y(0.5)}) rotate(-90)`, class: 'middle' },
        'found, of the malignant',
      ),
    );
    // Of the width, so that it stays within a window that becomes narrower.
    const share = (length: number) => `${(100 * length) / size}%`;
    Object.assign(handle.style, { left: share(x(now.falsePositives)), top: share(y(now.truePositives)) });
  }

  /** Between the score of a point and the next lower one, so that small changes of the scores change nothing. */
  function choose(index: number): void {
    if (!curve) return;
    const { points } = curve;
    const at = Math.max(0, Math.min(points.length - 1, index));
    const [own, next] = [points[at].threshold, points[at + 1]?.threshold ?? -Infinity];
    // The first threshold is Infinity, and nothing is below the last.
    const between = own === Infinity ? Infinity : next === -Infinity ? -Infinity : (own + next) / 2;
    onChoose(probabilityOf(between));
  }

  function nearest({ clientX, clientY }: PointerEvent): number {
    const { left, top } = root.getBoundingClientRect();
    const away = curve!.points.map((own) =>
      Math.hypot(clientX - left - x(own.falsePositives), clientY - top - y(own.truePositives)),
    );
    return away.indexOf(Math.min(...away));
  }

  root.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !curve) return;
    event.preventDefault();
    root.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    choose(nearest(event));
  });
  root.addEventListener('pointermove', (event) => {
    if (curve && root.hasPointerCapture(event.pointerId)) choose(nearest(event));
  });
  handle.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !curve) return;
    const far = event.shiftKey ? 10 : 1;
    const last = curve.points.length - 1;
    const moves: Record<string, number> = {
      ArrowRight: chosen + far,
      ArrowUp: chosen + far,
      ArrowLeft: chosen - far,
      ArrowDown: chosen - far,
      PageUp: chosen + 10,
      PageDown: chosen - 10,
      Home: 0,
      End: last,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    choose(moves[event.key]);
  });
  watchSize(root, (width) => {
    size = width;
    draw();
  });

  return {
    /** @param words what the chosen point means */
    show(now: RocCurve, { found, missed, alarms, cleared }: Counts, words: string): void {
      curve = now;
      const { points } = now;
      // Rows called at a point: each point has another number of them.
      const calledAt = (own: RocPoint) =>
        Math.round(own.truePositives * (found + missed) + own.falsePositives * (alarms + cleared));
      chosen = points.findIndex((own) => calledAt(own) === found + alarms);
      handle.setAttribute('aria-valuemax', String(points.length - 1));
      handle.setAttribute('aria-valuenow', String(chosen));
      handle.setAttribute('aria-valuetext', words);
      draw();
    },
  };
}
