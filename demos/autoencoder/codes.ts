import { byId, count, create } from '../shared/dom.ts';
import { handOver } from '../shared/panels.ts';
import type { TilePlan } from '../shared/panels.ts';
import type { Port } from '../shared/port.ts';
import type { LooksState } from './looks.ts';
import { BETWEEN, MOST_AXES, REACH, SHOWN } from './protocol.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { VERSIONS } from './settings.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

const CLASSES = 10;
const DIGITS = Array.from({ length: CLASSES }, (_, digit) => String(digit));

/** "+1.2 σ", with the minus sign of mathematics. */
const sigmas = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} σ`;

/** The map of codes, the code that the reader shapes, and the walk from one digit to another. */
export function createCodes(port: Port<FromWorker, ToWorker>, looks: LooksState) {
  let axes = MOST_AXES;
  let latest: Of<'centres'> | undefined;
  let codeAspect = 0.25;

  const versions = VERSIONS.map(({ name, title }) => {
    const input = create('input', { type: 'radio', name: 'explored', value: name });
    input.checked = looks.now.version === name;
    input.addEventListener('change', () => looks.change({ version: name }));
    return create('label', {}, input, create('span', {}, title));
  });
  byId('explored').append(...versions);

  // The map
  const map = byId('map');
  handOver(port, 'map', byId('map-canvas'), (width) => square(width));
  const labels = DIGITS.map((digit) => create('span', { className: 'class-name' }, digit));
  labels.forEach((label, digit) => label.style.setProperty('--class', `var(--class-${digit})`));
  const handle = create('span', { className: 'handle' });
  byId('map-labels').append(...labels, handle);
  /** Puts something where two scores are on the map. */
  const place = (element: HTMLElement, x: number, y: number) => {
    const inside = (value: number) => Math.max(-1, Math.min(1, value / REACH));
    element.style.left = `${50 + 50 * inside(x)}%`;
    element.style.top = `${50 - 50 * inside(y)}%`;
  };
  const point = (event: PointerEvent) => {
    const { left, top, width, height } = map.getBoundingClientRect();
    const limit = (value: number) => Math.max(-REACH, Math.min(REACH, value));
    const x = limit(REACH * (((event.clientX - left) / width) * 2 - 1));
    const y = limit(REACH * (1 - ((event.clientY - top) / height) * 2));
    shape([x, y, ...looks.now.scores.slice(2)]);
  };
  map.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    map.setPointerCapture(event.pointerId);
    event.preventDefault();
    point(event);
  });
  map.addEventListener('pointermove', (event) => map.hasPointerCapture(event.pointerId) && point(event));

  // The code that is shaped
  handOver(port, 'decoded', byId('decoded'), (width) => square(width));
  const arrangeCode = handOver(port, 'decoded-code', byId('decoded-code'), (width) => ({
    ...square(width),
    aspect: codeAspect,
  }));
  const sliders = Array.from({ length: MOST_AXES }, (_, axis) => {
    const name = create('span', {});
    const value = create('output', {});
    const input = create('input', {
      type: 'range',
      min: String(-REACH),
      max: String(REACH),
      step: '0.1',
      value: '0',
    });
    const label = create('label', {}, create('span', {}, name, value), input);
    input.addEventListener('input', () => {
      const scores = [...looks.now.scores];
      scores[axis] = Number(input.value);
      shape(scores);
    });
    return { name, value, input, label };
  });
  byId('sliders').append(...sliders.map(({ label }) => label));
  const chips = DIGITS.map((digit, own) => {
    const chip = create('button', { type: 'button', 'aria-label': `The mean code of the ${digit}s` }, digit);
    chip.style.setProperty('--class', `var(--class-${digit})`);
    chip.addEventListener('click', () => latest && shape(centreOf(latest, own)));
    return chip;
  });
  byId('chips').append(...chips);
  byId('mean').addEventListener('click', () => shape([]));
  byId('random').addEventListener('click', () => shape(Array.from({ length: axes }, normal)));

  function shape(values: readonly number[]): void {
    const scores = Float32Array.from({ length: MOST_AXES }, (_, axis) =>
      axis < axes ? (values[axis] ?? 0) : 0,
    );
    looks.change({ scores });
  }

  // The walk
  const walk = (width: number): TilePlan => ({ columns: BETWEEN, rows: 1, gap: width < 480 ? 3 : 6, width });
  handOver(port, 'pixels', byId('walk-pixels'), walk);
  handOver(port, 'between', byId('walk-codes'), walk);
  const ends = (['walk-from', 'walk-to'] as const).map((id, end) => {
    const select = byId<HTMLSelectElement>(id);
    select.append(...Array.from({ length: SHOWN }, (_, at) => create('option', { value: String(at) })));
    select.addEventListener('change', () => {
      const pair: [number, number] = [...looks.now.pair];
      pair[end] = Number(select.value);
      looks.change({ pair });
    });
    return select;
  });

  function show(): void {
    const { scores, pair, version } = looks.now;
    sliders.forEach(({ input, value }, axis) => {
      input.value = String(scores[axis]);
      value.textContent = sigmas(scores[axis]);
      input.setAttribute('aria-valuetext', `${scores[axis].toFixed(1)} standard deviations`);
    });
    place(handle, scores[0], scores[1]);
    ends.forEach((select, end) => {
      [...select.options].forEach((option, at) => (option.textContent = String(looks.digit(at))));
      select.value = String(pair[end]);
    });
    const title = VERSIONS.find(({ name }) => name === version)!.title;
    byId('decoded').setAttribute('aria-label', `What ${title} draws for the code of the sliders`);
  }
  looks.onChange(show);
  show();

  return {
    model({ bottleneck }: Of<'model'>): void {
      axes = Math.min(bottleneck, MOST_AXES);
      const own = bottleneck <= 2;
      const width = bottleneck >= 32 ? 16 : Math.min(bottleneck, 8);
      codeAspect = bottleneck / width / width;
      arrangeCode();
      sliders.forEach(({ name, label }, axis) => {
        label.hidden = axis >= axes;
        const arrow = ['→', '↑'][axis] ?? '';
        name.textContent = `${own ? 'number' : 'direction'} ${axis + 1} ${arrow}`;
      });
      byId('map-note').textContent = own
        ? 'Right and up: the two numbers of the code themselves, in standard deviations.'
        : `Right and up: the two directions in which the ${bottleneck} numbers vary most. Sliders move along the first ${axes}.`;
      shape([...looks.now.scores]);
    },
    /** The classes have moved on the map. */
    centres(message: Of<'centres'>): void {
      latest = message;
      labels.forEach((label, digit) => {
        const [x, y] = centreOf(message, digit);
        place(label, x, y);
      });
      const { title } = VERSIONS.find(({ name }) => name === message.version)!;
      const what = `Map of the codes that ${title} gives ${count(message.images)} test images`;
      byId('map-canvas').setAttribute('aria-label', what);
    },
  };
}

const square = (width: number): TilePlan => ({ columns: 1, rows: 1, gap: 0, width });

/** The mean of a class, in standard deviations. */
const centreOf = ({ centres, axes }: Of<'centres'>, digit: number): number[] => [
  ...centres.subarray(digit * axes, (digit + 1) * axes),
];

/** A number of the normal distribution (Box & Muller 1958). */
function normal(): number {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return Math.max(-REACH, Math.min(REACH, radius * Math.cos(2 * Math.PI * Math.random())));
}
