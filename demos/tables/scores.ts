import { byId, watchSize } from '../shared/dom.ts';
import { svg } from '../shared/svg.ts';
import { END, logitOf, probabilityOf, probabilityText } from './threshold.ts';

/** Probabilities with a mark on the axis. */
const MARKS = [0.0001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999];
const NARROW_MARKS = [0.001, 0.1, 0.5, 0.9, 0.999];
const NARROW_PX = 420;
/** Of the dots, the words at the ends, and the axis. */
const [DOT_PX, SIDE_PX, AXIS_PX] = [9, 10, 20];

/**
 * A dot for each row at its score, benign ones above the axis and malignant ones below it, and the threshold, which a slider
 * or a pointer moves. The axis is one of logits, with probabilities written on it.
 */
export function createScores(onChoose: (threshold: number) => void) {
  const root = byId('scores');
  const slider = byId<HTMLInputElement>('threshold-slider');
  const output = byId('threshold-value');
  let size = [0, 0];
  let shown: { labels: ArrayLike<number>; logits: ArrayLike<number> } | undefined;
  let threshold = 0;
  const plot = svg('svg', { role: 'img' });
  root.append(plot);

  /** A place on the axis, whose ends stand for all that is beyond them. */
  const chooseLogit = (logit: number) =>
    onChoose(Math.abs(logit) < END ? probabilityOf(logit) : Number(logit > 0));
  const within = (logit: number) => Math.max(-END, Math.min(END, logit));
  const placeOf = (logit: number) => SIDE_PX + ((within(logit) + END) / (2 * END)) * (size[0] - 2 * SIDE_PX);

  function draw(): void {
    const [width, height] = size;
    if (width === 0) return;
    const middle = (height - AXIS_PX) / 2;
    const marks = (width < NARROW_PX ? NARROW_MARKS : MARKS).map((probability) => {
      const logit = logitOf(probability);
      const text = svg(
        'text',
        { x: placeOf(logit), y: height - 5 },
        `${Number((100 * probability).toPrecision(6))} %`,
      );
      return svg('g', { class: 'mark' }, line(placeOf(logit), 0, height - AXIS_PX, 'grid'), text);
    });
    const axis = svg('line', { x1: 0, x2: width, y1: middle, y2: middle, class: 'axis' });
    const at = placeOf(threshold);
    const called = svg('rect', { x: at, y: 0, width: width - at, height: height - AXIS_PX, class: 'called' });
    const handle = svg('rect', { x: at - 5, y: middle - 11, width: 10, height: 22, rx: 5, class: 'handle' });
    plot.setAttribute('viewBox', `0 0 ${width} ${height}`);
    plot.replaceChildren(
      called,
      ...marks,
      axis,
      ...dots(middle),
      line(at, 0, height - AXIS_PX, 'threshold-line'),
      handle,
    );
  }

  const line = (x: number, y1: number, y2: number, name: string) =>
    svg('line', { x1: x, x2: x, y1, y2, class: name });

  /** Dots of one place stand on each other, closer where there are many. */
  function dots(middle: number): SVGElement[] {
    if (!shown) return [];
    const { labels, logits } = shown;
    const stacks = new Map<string, number[]>();
    for (let row = 0; row < labels.length; row++) {
      const key = `${labels[row]} ${Math.round(placeOf(logits[row]) / DOT_PX)}`;
      stacks.set(key, [...(stacks.get(key) ?? []), row]);
    }
    const tallest = Math.max(...[...stacks.values()].map(({ length }) => length));
    const pitch = Math.min(DOT_PX, (middle - 1.5 * DOT_PX) / tallest);
    return [...stacks].flatMap(([key, rows]) => {
      const [label, bin] = key.split(' ').map(Number);
      return rows.map((row, i) => {
        const away = DOT_PX * 0.8 + i * pitch;
        const isCalled = logits[row] >= threshold;
        const name = `${label === 1 ? 'third' : 'first'}${isCalled === (label === 1) ? '' : ' mistaken'}`;
        const cy = label === 1 ? middle + away : middle - away;
        return svg('circle', { cx: bin * DOT_PX, cy, r: 0.42 * DOT_PX, class: name });
      });
    });
  }

  const chooseAt = ({ clientX }: PointerEvent) => {
    const { left, width } = root.getBoundingClientRect();
    const share = (clientX - left - SIDE_PX) / (width - 2 * SIDE_PX);
    chooseLogit((2 * share - 1) * END);
  };
  root.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    root.setPointerCapture(event.pointerId);
    slider.focus({ preventScroll: true });
    chooseAt(event);
  });
  root.addEventListener('pointermove', (event) => {
    if (root.hasPointerCapture(event.pointerId)) chooseAt(event);
  });
  slider.addEventListener('input', () => chooseLogit(Number(slider.value)));
  watchSize(root, (width, height) => {
    size = [width, height];
    draw();
  });

  function place(now: number, words = ''): void {
    threshold = now;
    const text = probabilityText(now);
    output.textContent = text;
    slider.value = String(within(now));
    slider.setAttribute('aria-valuetext', words ? `${text}: ${words}` : text);
  }

  return {
    place,
    /** @param words what it means at this threshold */
    show(labels: ArrayLike<number>, logits: ArrayLike<number>, now: number, words: string): void {
      shown = { labels, logits };
      place(now, words);
      plot.setAttribute('aria-label', `The scores of ${labels.length} test rows. ${words}`);
      draw();
    },
  };
}
