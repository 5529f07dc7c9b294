import type uPlot from 'uplot';
import { create, watchSize } from '../shared/dom.ts';
import { onSchemeChange } from '../shared/palette.ts';
import type { ChartOptions, ChartSeries } from './chartOptions.ts';
import type { makePlot } from './plot.ts';

export type { ChartOptions, ChartSeries } from './chartOptions.ts';

/** Above this many points neighbours are merged in pairs: a chart has no more pixels anyway. */
const MAX_POINTS = 4000;
/** The smoothed line is a mean over about the last fifth of the steps, but over no more than these. */
const MEMORY_SHARE = 5;
const MOST_MEMORY = 60;

/** Values by their series' names. */
export type ChartValues = Readonly<Record<string, number | undefined>>;

/** The training set's value at each step, and the test set's from time to time. */
const TRAINING: readonly ChartSeries[] = [
  { name: 'training', colour: '--training', style: 'line' },
  { name: 'test', colour: '--test', style: 'dots' },
];

interface Column extends ChartSeries {
  readonly raw: (number | null)[];
  /** What stands for the series: the smoothed line, or the dots themselves. */
  readonly shown: (number | null)[];
  average: number;
  pushed: number;
}

/**
 * Values by training step: faint raw points, their smoothed lines, and dots on top. It fills `root`, which needs a
 * size of its own (class `plot`).
 */
export class LiveChart {
  readonly #options: ChartOptions;
  readonly #root: HTMLElement;
  #plot: uPlot | undefined;
  /** What draws it: another script, wanted as soon as there is a curve. */
  #makePlot: typeof makePlot | undefined;
  #loads = false;
  #steps: number[] = [];
  readonly #columns: readonly Column[];
  #frame = 0;

  constructor(root: HTMLElement, options: ChartOptions) {
    this.#root = root;
    this.#options = options;
    this.#columns = (options.series ?? TRAINING).map((series) => ({
      ...series,
      raw: [],
      shown: [],
      average: 0,
      pushed: 0,
    }));
    this.#describe();
    watchSize(root, (width, height) => this.#plot?.setSize({ width, height }));
    onSchemeChange(() => this.#plot && this.#create());
  }

  /** Adds the values of a step, smoothed with those before unless they are means already; those of dots alone may be of a step that is already there. */
  push(after: number, values: ChartValues, { smooth = true } = {}): void {
    const step = this.#options.logSteps ? Math.max(1, after) : after;
    const given = this.#columns.filter(({ name }) => values[name] !== undefined);
    const last = this.#steps.length - 1;
    if (last < 0 || this.#steps[last] < step || given.some(({ style }) => style === 'line')) {
      this.#begin(step);
    }
    for (const column of given) {
      const value = values[column.name]!;
      const at = this.#steps.length - 1;
      if (column.style === 'dots') {
        column.shown[at] = value;
        continue;
      }
      const memory = smooth ? Math.min(MOST_MEMORY, 1 + column.pushed++ / MEMORY_SHARE) : 1;
      column.average += (value - column.average) / memory;
      column.raw[at] = value;
      column.shown[at] = column.average;
    }
    if (this.#steps.length > MAX_POINTS) this.#thin();
    this.#draw();
  }

  clear(): void {
    for (const list of this.#lists) list.length = 0;
    for (const column of this.#columns) column.pushed = 0;
    this.#draw();
  }

  get #lists(): (number | null)[][] {
    return [this.#steps, ...this.#columns.flatMap(({ raw, shown }) => [raw, shown])];
  }

  /** A new row, in which nothing stands yet. */
  #begin(step: number): void {
    // Training that was set back a few steps writes its last points again.
    while (this.#steps.length > 0 && this.#steps[this.#steps.length - 1] >= step) {
      for (const list of this.#lists) list.pop();
    }
    for (const list of this.#lists) list.push(null);
    this.#steps[this.#steps.length - 1] = step;
  }

  /** Keeps every second point, and all dots. */
  #thin(): void {
    const dots = this.#columns.filter(({ style }) => style === 'dots');
    const keep = this.#steps.map((_, i) => i % 2 === 1 || dots.some(({ shown }) => shown[i] !== null));
    for (const list of this.#lists) list.splice(0, list.length, ...list.filter((_, i) => keep[i]));
  }

  #draw(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#steps.length > 1 && !this.#loads) void this.#load();
      this.#plot?.setData(this.#data());
      this.#describe();
    });
  }

  /** Faint lines first, so that no series' noise covers another's smoothed line. */
  #data(): uPlot.AlignedData {
    return [this.#steps, ...this.#columns.map(({ raw }) => raw), ...this.#columns.map(({ shown }) => shown)];
  }

  /** The values at `index`, or the latest. */
  #describe(index?: number | null): void {
    const { title, format, formatValue = format, legend } = this.#options;
    const until = index ?? this.#steps.length - 1;
    const values = this.#columns.map(
      ({ shown }) => shown.findLast((value, i) => i <= until && value !== null) ?? undefined,
    );
    const texts = values.map((value) => (value === undefined ? undefined : formatValue(value)));
    const entries = this.#columns.map(({ name, colour }, i) => {
      const entry = create('span', { className: `key ${name}` }, name, create('b', {}, texts[i] ?? '–'));
      entry.style.setProperty('--key', `var(${colour})`);
      return entry;
    });
    legend?.replaceChildren(...entries);
    const spoken = this.#columns.map(({ name }, i) =>
      texts[i] === undefined ? '' : `, ${name} ${texts[i]}`,
    );
    const step = this.#steps[until] ?? 0;
    this.#root.setAttribute('aria-label', `${title} by training step: step ${step}${spoken.join('')}`);
  }

  /** The axis: all smoothed values and dots, and the raw ones as far as they fit. */
  #range(): [number, number] {
    const { range, limits, scale } = this.#options;
    let [low, high] = range;
    for (const { shown } of this.#columns) {
      for (const value of shown) {
        if (value === null) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    const margin = (scale.forward(high) - scale.forward(low)) * 0.06;
    const widen = (value: number, by: number) => scale.backward(scale.forward(value) + by);
    return [Math.max(limits[0], widen(low, -margin)), Math.min(limits[1], widen(high, margin))];
  }

  async #load(): Promise<void> {
    this.#loads = true;
    try {
      ({ makePlot: this.#makePlot } = await import('./plot.ts'));
      this.#create();
    } catch {
      this.#loads = false; // the next value tries again; until then the legend tells the values
    }
  }

  #create(): void {
    this.#plot?.destroy();
    this.#plot = this.#makePlot!({
      root: this.#root,
      options: this.#options,
      columns: this.#columns,
      data: this.#data(),
      range: () => this.#range(),
      onPoint: (index) => this.#describe(index),
    });
  }
}
