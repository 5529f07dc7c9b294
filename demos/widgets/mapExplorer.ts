import type { ExplainedMap, MadeMap } from '../drawing/layerViews.ts';
import { create } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import { drawNumbers, magnitude } from './numberImage.ts';
import { bindPlacing } from './placing.ts';
import './mapExplorer.css';

/** Time between two positions of the window while it slides. */
const SLIDE_MS = 140;

/**
 * Shows in `panel` how one feature map of a convolution is computed: a window slides over all input channels at once; in
 * each, what lies under it is multiplied by the filter; the products of all channels are summed, the bias is added, and
 * ReLU keeps what is above 0. `explain` asks the worker for a map's numbers, from now on; they come by `made`.
 */
export function createMapExplorer(panel: HTMLElement, explain: (map: ExplainedMap | undefined) => void) {
  const title = create('h2', { id: `${panel.id}-title` });
  const slide = create('button', { type: 'button' }, 'Slide');
  const shut = create('button', { type: 'button' }, 'Close');
  const channels = create('div', { className: 'channels', role: 'toolbar', 'aria-label': 'Input channels' });
  const [inputs, weights, products] = [numberGrid(''), numberGrid('filter'), numberGrid('products')];
  const output = create('canvas', {
    tabIndex: 0,
    role: 'application',
    'aria-label': 'The feature map: point at a place, or move with the arrow keys',
  });
  const sum = create('p', { className: 'sum' });
  const computed = create('p', { className: 'hint computed' });
  const sign = (text: string) => create('span', { className: 'sign', 'aria-hidden': 'true' }, text);
  panel.classList.add('map-explorer');
  panel.tabIndex = -1;
  panel.role = 'region';
  panel.setAttribute('aria-labelledby', title.id);
  panel.append(
    create('div', { className: 'head' }, title, slide, shut),
    create(
      'div',
      { className: 'flow' },
      channels,
      inputs.figure,
      sign('×'),
      weights.figure,
      sign('='),
      products.figure,
      sign('→'),
      create('figure', { className: 'output' }, output, create('figcaption', {}, 'feature map')),
    ),
    sum,
    computed,
  );
  /** The map that is explained, and its numbers once they are there. */
  let map: ExplainedMap | undefined;
  let made: MadeMap | undefined;
  let cards: { button: HTMLButtonElement; canvas: HTMLCanvasElement; sum: HTMLElement }[] = [];
  let at = { row: 0, column: 0 };
  let chosen = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  /** Cards in a row of the page. */
  const perRow = () => cards.findIndex(({ button }) => button.offsetTop > cards[0].button.offsetTop);
  const refresh = rove(channels, () => (perRow() > 0 ? perRow() : cards.length));

  function open(layer: string, channel: number): void {
    if (layer !== map?.layer) at = { row: 0, column: 0 };
    map = { layer, channel };
    title.textContent = `How feature map ${channel + 1} of ${layer} is computed`;
    panel.hidden = false;
    explain(map);
    if (matchMedia('(prefers-reduced-motion: no-preference)').matches) start();
    panel.scrollIntoView({ block: 'nearest' });
    panel.focus({ preventScroll: true });
  }

  function close(): void {
    stop();
    panel.hidden = true;
    map = made = undefined;
    explain(undefined);
  }

  function start(): void {
    stop();
    timer = setInterval(step, SLIDE_MS);
    slide.textContent = 'Stop';
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    slide.textContent = 'Slide';
  }

  /** To the next place, row by row. */
  function step(): void {
    if (!made) return;
    const { width, height } = made;
    const next = (at.row * width + at.column + 1) % (width * height);
    move(Math.floor(next / width), next % width);
  }

  function move(row: number, column: number): void {
    if (!made) return;
    const within = (value: number, most: number) => Math.max(0, Math.min(most - 1, value));
    at = { row: within(row, made.height), column: within(column, made.width) };
    paint(made);
  }

  /** A card for each input channel: its image with the window on it, and the sum of its products. */
  function makeCards(count: number): void {
    chosen = 0;
    cards = Array.from({ length: count }, (_, channel) => {
      const [canvas, total] = [create('canvas', {}), create('span', {})];
      const button = create('button', { type: 'button' }, canvas, total);
      button.addEventListener('click', () => {
        chosen = channel;
        if (made) paint(made);
      });
      return { button, canvas, sum: total };
    });
    channels.replaceChildren(...cards.map(({ button }) => button));
    refresh();
  }

  function paint(now: MadeMap): void {
    const { filterHeight, filterWidth, width, bias, input, output: result } = now;
    const largest = magnitude(input);
    const inputWidth = width + filterWidth - 1;
    const frame = { ...at, height: filterHeight, width: filterWidth };
    const sums = cards.map(({ button, canvas, sum: total }, channel) => {
      const own = input.filter((_, i) => i % now.channels === channel);
      drawNumbers(canvas, own, { width: inputWidth, largest, frame });
      const value = add(underWindow(now, at, channel).products);
      total.textContent = text(value);
      button.ariaPressed = String(channel === chosen);
      button.ariaLabel = `Input channel ${channel + 1}: its products sum to ${text(value)}`;
      return value;
    });
    const own = underWindow(now, at, chosen);
    inputs.show(own.inputs, filterWidth, largest);
    weights.show(own.weights, filterWidth, magnitude(now.filter));
    products.show(own.products, filterWidth, magnitude(own.products));
    const many = cards.length > 1;
    inputs.caption.textContent = many ? `input, channel ${chosen + 1}` : 'input under the window';
    const total = add(sums);
    sum.replaceChildren(
      many ? `sum of ${cards.length} channels ` : `sum of ${filterWidth * filterHeight} products `,
      create('b', {}, text(total, 3)),
      ` + bias ${text(bias, 3)} = ${text(total + bias, 3)}; ReLU: max(0, ${text(total + bias, 3)}) = `,
      create('strong', {}, text(Math.max(0, total + bias), 3)),
    );
    const there = text(result[at.row * width + at.column], 3);
    computed.textContent = `The GPU computed ${there} for row ${at.row + 1}, column ${at.column + 1}.`;
    drawNumbers(output, result, { width, largest: magnitude(result), frame: { ...at, height: 1, width: 1 } });
  }

  bindPlacing(output, {
    place: () => (made ? [(at.column + 0.5) / made.width, (at.row + 0.5) / made.height] : [0, 0]),
    step: () => (made ? [1 / made.width, 1 / made.height] : [0, 0]),
    onPlace([x, y]) {
      stop();
      if (made) move(Math.floor(y * made.height), Math.floor(x * made.width));
    },
  });
  slide.addEventListener('click', () => (timer ? stop() : start()));
  shut.addEventListener('click', close);
  panel.addEventListener('keydown', ({ key }) => key === 'Escape' && close());

  return {
    open,
    close,
    /** The numbers of the map have come, or have changed. */
    made(next: MadeMap): void {
      if (next.layer !== map?.layer) return;
      const isNew = made?.layer !== next.layer;
      made = next;
      if (isNew) makeCards(next.channels);
      move(at.row, at.column);
    },
  };
}

/** What the window covers in a channel, the filter's numbers there, and the products of both. */
function underWindow(made: MadeMap, at: { row: number; column: number }, channel: number) {
  const { channels, filterHeight, filterWidth, width, input, filter } = made;
  const inputWidth = width + filterWidth - 1;
  const taps = Array.from({ length: filterHeight * filterWidth }, (_, tap) => tap);
  const inputs = taps.map((tap) => {
    const [i, j] = [Math.floor(tap / filterWidth), tap % filterWidth];
    return input[((at.row + i) * inputWidth + at.column + j) * channels + channel];
  });
  const weights = taps.map((tap) => filter[tap * channels + channel]);
  return { inputs, weights, products: inputs.map((value, tap) => value * weights[tap]) };
}

/** A small table of numbers, coloured by their signs. */
function numberGrid(title: string) {
  const cells = create('div', { className: 'numbers' });
  const caption = create('figcaption', {}, title);
  return {
    figure: create('figure', {}, cells, caption),
    caption,
    show(values: readonly number[], width: number, largest: number): void {
      cells.style.setProperty('--width', String(width));
      cells.replaceChildren(
        ...values.map((value) => {
          const cell = create('span', { className: value < 0 ? 'negative' : 'positive' }, text(value));
          cell.style.setProperty('--share', String(Math.min(1, Math.abs(value) / largest)));
          return cell;
        }),
      );
    },
  };
}

const add = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

/** With the minus sign of mathematics; 0 has none. */
const text = (value: number, places = 2): string => {
  const fixed = value.toFixed(places);
  return (Number(fixed) === 0 ? fixed.replace('-', '') : fixed).replace('-', '−');
};
