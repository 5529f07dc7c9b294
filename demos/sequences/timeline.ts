import type { LivePage } from '../frame/page/page.ts';
import { byId, create, watchSize } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import { monthName } from './months.ts';
import { FIRST, GATE_TEXELS, MONTHS, TRAINING_MONTHS } from './protocol.ts';
import type { Calls, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

/** Of the axis: its upper end, and where it is labelled. */
const MOST = 700;
const MARKS = [0, 200, 400, 600];
/** Around the curves; the pictures below begin where the curves do. */
const [LEFT_PX, TOP_PX, BOTTOM_PX] = [72, 6, 20];
const YEAR = 12;
/** Years are labelled this far from each other at least. */
const YEAR_PX = 44;

/** The pictures below the curves, from top to bottom, and how they are called. */
const PICTURES = {
  lstm: [
    ['forget', 'forget gate'],
    ['input', 'input gate'],
    ['candidate', 'candidate'],
    ['cell', 'cell'],
    ['output', 'output gate'],
    ['state', 'state'],
  ],
  gru: [
    ['update', 'update gate'],
    ['reset', 'reset gate'],
    ['candidate', 'candidate'],
    ['state', 'state'],
  ],
} as const;

/** The series with the forecasts, and below it the gates of each month: one slider, whose value is a month. */
export function createTimeline(page: LivePage<typeof settings, Calls>) {
  const root = byId('timeline');
  const chart = byId('forecast');
  const cursor = byId('cursor');
  const plot = svg('svg', { 'aria-hidden': 'true' });
  chart.append(plot);
  let size: readonly [number, number] = [0, 0];
  let series: Tells['series'] | undefined;
  let forecasts: readonly number[] = [];
  let units = 1;

  const chosen = () => Math.max(FIRST, Math.min(MONTHS - 1, page.values.month));
  const across = () => (size[0] - LEFT_PX) / MONTHS;
  const x = (month: number) => LEFT_PX + (month + 0.5) * across();
  const y = (value: number) => TOP_PX + (1 - value / MOST) * (size[1] - TOP_PX - BOTTOM_PX);
  const path = (values: readonly number[], from: number, name: string) => {
    const points = values.map((value, i) => `${x(from + i).toFixed(1)} ${y(value).toFixed(1)}`);
    return svg('path', { d: `M${points.join('L')}`, class: name });
  };
  const line = (x1: number, y1: number, x2: number, y2: number, name: string) =>
    svg('line', { x1, y1, x2, y2, class: name });
  const text = (words: string, at: Record<string, string | number>) => svg('text', at, words);

  /** Axes, years, and the part of the test. */
  function ground(year: number): SVGElement[] {
    const [width, height] = size;
    const every = Math.ceil(YEAR_PX / (YEAR * across()));
    const split = x(TRAINING_MONTHS - 0.5);
    return [
      svg('rect', { x: split, y: TOP_PX, width: width - split, height: y(0) - TOP_PX, class: 'test-part' }),
      ...MARKS.flatMap((mark) => [
        line(LEFT_PX, y(mark), width, y(mark), 'grid'),
        text(String(mark), { x: LEFT_PX - 6, y: y(mark) + 4, class: 'end' }),
      ]),
      ...Array.from({ length: Math.ceil(MONTHS / YEAR / every) }, (_, i) =>
        text(String(year + i * every), { x: x(i * every * YEAR), y: height - 5 }),
      ),
      text('test', { x: split + 5, y: TOP_PX + 12, class: 'test-text' }),
    ];
  }

  function draw(): void {
    if (size[0] === 0 || !series) return;
    const { values, year } = series;
    plot.setAttribute('viewBox', `0 0 ${size[0]} ${size[1]}`);
    plot.replaceChildren(
      ...ground(year),
      path(values.slice(0, TRAINING_MONTHS), 0, 'known training'),
      path(values.slice(TRAINING_MONTHS - 1), TRAINING_MONTHS - 1, 'known test'),
      ...(forecasts.length > 0 ? [path(forecasts, FIRST, 'forecasts first')] : []),
      ...dots(values),
    );
  }

  function dots(values: readonly number[]): SVGElement[] {
    const month = chosen();
    const dot = (value: number, name: string) =>
      svg('circle', { cx: x(month), cy: y(value), r: 4.5, class: name });
    const part = month < TRAINING_MONTHS ? 'training' : 'test';
    return [
      dot(values[month], part),
      ...(forecasts.length > 0 ? [dot(forecasts[month - FIRST], 'first')] : []),
    ];
  }

  /** Puts the mark at the chosen month, and says what is there. */
  function place(): void {
    const month = chosen();
    // Of the width, so that it stays within a window that becomes narrower.
    const width = `(100% - ${LEFT_PX}px)`;
    cursor.style.left = `calc(${LEFT_PX}px + ${width} * ${(month + 0.5) / MONTHS})`;
    cursor.style.width = `max(2px, ${width} / ${MONTHS})`;
    root.setAttribute('aria-valuenow', String(month - FIRST));
    if (!series) return;
    const forecast = forecasts[month - FIRST];
    const value = series.values[month];
    const parts = [`${monthName(series.year, month)}: ${value} thousand passengers`];
    if (forecast !== undefined) {
      const off = Math.round(forecast) - value;
      const verdict = off === 0 ? 'as it was' : `${Math.abs(off)} too ${off > 0 ? 'many' : 'few'}`;
      parts.push(`forecast ${Math.round(forecast)}, ${verdict}`);
    }
    byId('month-text').textContent = parts.join(', ');
    root.setAttribute('aria-valuetext', parts.join(', '));
    draw();
  }

  const choose = (month: number) => {
    const within = Math.max(FIRST, Math.min(MONTHS - 1, Math.round(month)));
    if (within !== page.values.month) page.set({ month: within });
  };
  const chooseAt = ({ clientX }: PointerEvent) =>
    choose((clientX - root.getBoundingClientRect().left - LEFT_PX) / across() - 0.5);
  /** The unit whose line in a picture is pressed. */
  function chooseUnit({ target, clientY }: PointerEvent): void {
    const box = (target as Element).closest('.tiles');
    if (!box) return;
    const { top, height } = box.getBoundingClientRect();
    const line = Math.floor(((clientY - top) / height) * units);
    page.set({ unit: 1 + Math.max(0, Math.min(units - 1, line)) });
  }
  function markUnit(): void {
    byId('gates').style.setProperty('--unit', String(Math.min(units, page.values.unit) - 1));
  }
  root.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    root.focus({ preventScroll: true });
    root.setPointerCapture(event.pointerId);
    chooseAt(event);
    chooseUnit(event);
  });
  // A mouse shows what it is over; a finger, what it is moved to.
  root.addEventListener('pointermove', (event) => {
    if (event.pointerType === 'mouse' || root.hasPointerCapture(event.pointerId)) chooseAt(event);
  });
  root.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = event.shiftKey ? YEAR : 1;
    const moves: Record<string, number> = {
      ArrowLeft: chosen() - by,
      ArrowDown: chosen() - by,
      ArrowRight: chosen() + by,
      ArrowUp: chosen() + by,
      PageDown: chosen() - YEAR,
      PageUp: chosen() + YEAR,
      Home: FIRST,
      End: MONTHS - 1,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    choose(moves[event.key]);
  });
  watchSize(chart, (width, height) => {
    size = [width, height];
    place();
  });

  return {
    place,
    markUnit,
    series(own: Tells['series']): void {
      series = own;
      place();
    },
    forecasts(own: Tells['forecasts']): void {
      forecasts = own;
      place();
    },
    /** Another network has other gates. */
    model({ cell, units: own }: Tells['model']): void {
      forecasts = [];
      units = own;
      byId('gates').style.setProperty('--units', String(units));
      markUnit();
      byId('gates').replaceChildren(
        ...PICTURES[cell].map(([panel, title]) => {
          const label = `The ${title} of each of ${units} units, month by month`;
          const canvas = create('canvas', { role: 'img', 'aria-label': label });
          const box = create('div', { className: 'tiles' }, canvas);
          const plan = (width: number) => ({
            columns: 1,
            rows: 1,
            gap: 0,
            width,
            aspect: GATE_TEXELS / MONTHS,
          });
          page.handOver(panel, canvas, plan, { ofNetwork: true });
          return create('div', { className: 'gate' }, create('span', {}, title), box);
        }),
      );
    },
  };
}
