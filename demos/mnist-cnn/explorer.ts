import { byId, create } from '../shared/dom.ts';
import { cssVariable, parseHex } from '../shared/palette.ts';
import type { Rgb } from '../shared/palette.ts';
import { rove } from '../shared/roving.ts';
import type { Live } from './live.ts';
import type { LayerInfo, Tells } from './protocol.ts';

type Made = Tells['channel'];

/** The window moves on so often while it slides. */
const SLIDE_MS = 140;

/** The minus sign of mathematics. */
const text = (value: number, places = 2): string => {
  const fixed = value.toFixed(places);
  return (Number(fixed) === 0 ? fixed.replace('-', '') : fixed).replace('-', '−');
};

/**
 * How one feature map of a convolution is computed: a window slides over all input channels at once; in each, what lies
 * under it is multiplied by the filter; the products of all channels are summed, the bias is added, and ReLU keeps what
 * is above 0.
 */
export function createExplorer(page: Live) {
  const panel = byId('explorer');
  const slide = byId<HTMLButtonElement>('explorer-slide');
  const output = byId<HTMLCanvasElement>('explorer-output');
  let layer: LayerInfo | undefined;
  let made: Made | undefined;
  let cards: { button: HTMLButtonElement; canvas: HTMLCanvasElement; sum: HTMLElement }[] = [];
  let at = { row: 0, column: 0 };
  let chosen = 0;
  /** Cards in a row of the page. */
  const perRow = () => cards.findIndex(({ button }) => button.offsetTop > cards[0].button.offsetTop);
  const refresh = rove(byId('explorer-channels'), () => (perRow() > 0 ? perRow() : cards.length));
  let timer: ReturnType<typeof setInterval> | undefined;

  function open(next: LayerInfo, channel: number): void {
    const isNew = next !== layer;
    layer = next;
    panel.hidden = false;
    byId('explorer-title').textContent = `How feature map ${channel + 1} of ${next.name} is computed`;
    if (isNew) at = { row: 0, column: 0 };
    void page.call('explain', { layer: next.name, channel });
    if (matchMedia('(prefers-reduced-motion: no-preference)').matches) start();
    panel.scrollIntoView({ block: 'nearest' });
    panel.focus({ preventScroll: true });
  }

  function close(): void {
    stop();
    panel.hidden = true;
    layer = made = undefined;
    void page.call('explain', undefined);
  }

  function start(): void {
    stop();
    timer = setInterval(() => step(1), SLIDE_MS);
    slide.textContent = 'Stop';
  }

  function stop(): void {
    clearInterval(timer);
    timer = undefined;
    slide.textContent = 'Slide';
  }

  /** To the next place, row by row. */
  function step(by: number): void {
    if (!made) return;
    const { width, height } = made;
    const next = (at.row * width + at.column + by + width * height) % (width * height);
    move(Math.floor(next / width), next % width);
  }

  function move(row: number, column: number): void {
    if (!made) return;
    const within = (value: number, most: number) => Math.max(0, Math.min(most - 1, value));
    at = { row: within(row, made.height), column: within(column, made.width) };
    paint();
  }

  /** The products of a channel, under the window. */
  function products(now: Made, channel: number): { inputs: number[]; weights: number[]; products: number[] } {
    const { channels, filterHeight, filterWidth, input, filter } = now;
    const inputWidth = now.width + filterWidth - 1;
    const inputs: number[] = [];
    const weights: number[] = [];
    for (let i = 0; i < filterHeight; i++) {
      for (let j = 0; j < filterWidth; j++) {
        inputs.push(input[((at.row + i) * inputWidth + at.column + j) * channels + channel]);
        weights.push(filter[(i * filterWidth + j) * channels + channel]);
      }
    }
    return { inputs, weights, products: inputs.map((value, i) => value * weights[i]) };
  }

  /** A card for each input channel: its image with the window on it, and the sum of its products. */
  function makeCards(now: Made): void {
    chosen = 0;
    cards = Array.from({ length: now.channels }, (_, channel) => {
      const canvas = create('canvas', {});
      const sum = create('span', { className: 'channel-sum' });
      const button = create('button', { type: 'button' }, canvas, sum);
      button.addEventListener('click', () => {
        chosen = channel;
        paint();
      });
      return { button, canvas, sum };
    });
    const place = byId('explorer-channels');
    place.replaceChildren(...cards.map(({ button }) => button));
    refresh();
  }

  function paint(): void {
    if (!made) return;
    const { channels, filterHeight, filterWidth, width, height, bias } = made;
    const [inputWidth, inputHeight] = [width + filterWidth - 1, height + filterHeight - 1];
    const colours = palette();
    const largest = magnitude(made.input);
    const sums = cards.map(({ button, canvas, sum }, channel) => {
      const image = Array.from(
        { length: inputWidth * inputHeight },
        (_, i) => made!.input[i * channels + channel],
      );
      draw(canvas, image, inputWidth, largest, colours, { ...at, height: filterHeight, width: filterWidth });
      const total = products(made!, channel).products.reduce((all, value) => all + value, 0);
      sum.textContent = text(total);
      button.ariaPressed = String(channel === chosen);
      button.ariaLabel = `Input channel ${channel + 1}: its products sum to ${text(total)}`;
      return total;
    });
    const own = products(made, chosen);
    numbers('explorer-inputs', own.inputs, filterWidth, largest);
    numbers('explorer-weights', own.weights, filterWidth, magnitude(made.filter));
    numbers('explorer-products', own.products, filterWidth, magnitude(own.products));
    byId('explorer-inputs-title').textContent =
      channels > 1 ? `input, channel ${chosen + 1}` : 'input under the window';
    const total = sums.reduce((all, value) => all + value, 0);
    const result = made.output[at.row * width + at.column];
    byId('explorer-sum').replaceChildren(
      ...(channels > 1
        ? [`sum of ${channels} channels `]
        : [`sum of ${filterWidth * filterHeight} products `]),
      create('b', {}, text(total, 3)),
      ` + bias ${text(bias, 3)} = ${text(total + bias, 3)}; ReLU: max(0, ${text(total + bias, 3)}) = `,
      create('strong', {}, text(Math.max(0, total + bias), 3)),
    );
    byId('explorer-gpu').textContent =
      `The GPU computed ${text(result, 3)} for row ${at.row + 1}, column ${at.column + 1}.`;
    draw(output, [...made.output], width, magnitude(made.output), colours, { ...at, height: 1, width: 1 });
  }

  /** Goes to the place of the feature map that someone points at. */
  function point({ clientX, clientY }: PointerEvent): void {
    if (!made) return;
    const { left, top, width, height } = output.getBoundingClientRect();
    move(
      Math.floor(((clientY - top) / height) * made.height),
      Math.floor(((clientX - left) / width) * made.width),
    );
  }

  output.addEventListener('pointerdown', (event) => {
    stop();
    output.setPointerCapture(event.pointerId);
    point(event);
  });
  output.addEventListener(
    'pointermove',
    (event) => output.hasPointerCapture(event.pointerId) && point(event),
  );
  output.addEventListener('keydown', (event) => {
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
    };
    const by = moves[event.key];
    if (!by) return;
    event.preventDefault();
    stop();
    move(at.row + by[0], at.column + by[1]);
  });
  slide.addEventListener('click', () => (timer ? stop() : start()));
  byId('explorer-close').addEventListener('click', close);
  panel.addEventListener('keydown', ({ key }) => key === 'Escape' && close());

  return {
    open,
    close,
    channel(next: Made): void {
      if (panel.hidden || next.layer !== layer?.name) return;
      const isNew = made?.layer !== next.layer;
      made = next;
      if (isNew) makeCards(next);
      move(at.row, at.column);
    },
  };
}

const magnitude = (values: ArrayLike<number>): number =>
  Math.max(
    1e-12,
    Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
  );

type Colours = Readonly<Record<'negative' | 'zero' | 'positive' | 'mark', Rgb>>;

const palette = (): Colours => {
  const colour = (name: string) => parseHex(cssVariable(name));
  return {
    negative: colour('--negative'),
    zero: colour('--tile'),
    positive: colour('--positive'),
    mark: colour('--ink'),
  };
};

/** An image of numbers in the colours of the site, each a square of some pixels, with a frame around a part of it. */
function draw(
  canvas: HTMLCanvasElement,
  values: readonly number[],
  width: number,
  largest: number,
  colours: Colours,
  window: { row: number; column: number; height: number; width: number },
): void {
  const scale = 8;
  const height = values.length / width;
  Object.assign(canvas, { width: width * scale, height: height * scale });
  const context = canvas.getContext('2d')!;
  const css = (colour: Rgb) => `rgb(${colour.map((part) => Math.round(part * 255)).join(' ')})`;
  values.forEach((value, i) => {
    const share = Math.min(1, Math.abs(value) / largest) ** 0.7;
    const end = value < 0 ? colours.negative : colours.positive;
    context.fillStyle = css(colours.zero.map((part, c) => part + (end[c] - part) * share) as unknown as Rgb);
    context.fillRect((i % width) * scale, Math.floor(i / width) * scale, scale, scale);
  });
  context.strokeStyle = css(colours.mark);
  context.lineWidth = 3;
  const { row, column } = window;
  context.strokeRect(
    column * scale + 1,
    row * scale + 1,
    window.width * scale - 2,
    window.height * scale - 2,
  );
}

/** A small table of numbers, coloured by their signs. */
function numbers(id: string, values: readonly number[], width: number, largest: number): void {
  const place = byId(id);
  place.style.setProperty('--width', String(width));
  place.replaceChildren(
    ...values.map((value) => {
      const cell = create('span', { className: value < 0 ? 'negative' : '' }, text(value));
      cell.style.setProperty('--share', String(Math.min(1, Math.abs(value) / largest)));
      return cell;
    }),
  );
}
