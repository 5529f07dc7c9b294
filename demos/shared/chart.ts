import { language } from './locale.ts';
import uPlot from 'uplot';
import { watchSize } from './dom.ts';
import { cssVariable, onSchemeChange } from './palette.ts';

/** Above this many points neighbours are merged in pairs: a chart has no more pixels anyway. */
const MAX_POINTS = 4000;
/** The smoothed line is a mean over about the last fifth of the steps, but over no more than these. */
const MEMORY_SHARE = 5;
const MOST_MEMORY = 60;

export interface ChartOptions {
  /** What is shown, for people who hear the chart: 'Loss'. */
  readonly title: string;
  readonly format: (value: number) => string;
  /** Strictly increasing map from values to places on the axis. */
  readonly scale: { forward: (value: number) => number; backward: (place: number) => number };
  /** Where the axis may be labelled; those outside its range are left out. */
  readonly ticks: readonly number[];
  /** The axis runs at least over this range, and never beyond `limits`. */
  readonly range: readonly [number, number];
  readonly limits: readonly [number, number];
  /** Charts of the same key show the same step under the pointer. */
  readonly syncKey?: string;
  /** Told the values under the pointer, or the latest ones. */
  readonly onValues?: (values: { step: number; training?: number; test?: number }) => void;
}

/**
 * A value by training step: faint raw points, their smoothed line, and the test set's values on top. It fills `root`,
 * which needs a size of its own (class `plot`).
 */
export class LiveChart {
  readonly #options: ChartOptions;
  readonly #root: HTMLElement;
  #plot!: uPlot;
  #steps: number[] = [];
  #raw: (number | null)[] = [];
  #smooth: (number | null)[] = [];
  #test: (number | null)[] = [];
  #average = 0;
  #pushed = 0;
  #frame = 0;

  constructor(root: HTMLElement, options: ChartOptions) {
    this.#root = root;
    this.#options = options;
    this.#create();
    watchSize(root, (width, height) => this.#plot.setSize({ width, height }));
    onSchemeChange(() => this.#create());
  }

  /** Adds a training step's value. */
  push(step: number, value: number): void {
    const memory = Math.min(MOST_MEMORY, 1 + this.#pushed++ / MEMORY_SHARE);
    this.#average += (value - this.#average) / memory;
    this.#append(step, value, this.#average, null);
  }

  /** Adds the test set's value at a step. */
  pushTest(step: number, value: number): void {
    const last = this.#steps.length - 1;
    if (last >= 0 && this.#steps[last] >= step) this.#test[last] = value;
    else this.#append(step, null, null, value);
    this.#draw();
  }

  clear(): void {
    [this.#steps, this.#raw, this.#smooth, this.#test] = [[], [], [], []];
    this.#pushed = 0;
    this.#draw();
  }

  #append(step: number, raw: number | null, smooth: number | null, test: number | null): void {
    // Training that was set back a few steps writes its last points again.
    while (this.#steps.length > 0 && this.#steps[this.#steps.length - 1] >= step) {
      for (const list of [this.#steps, this.#raw, this.#smooth, this.#test]) list.pop();
    }
    this.#steps.push(step);
    this.#raw.push(raw);
    this.#smooth.push(smooth);
    this.#test.push(test);
    if (this.#steps.length > MAX_POINTS) this.#thin();
    this.#draw();
  }

  /** Keeps every second point; what the test set said is kept in any case. */
  #thin(): void {
    const keep = this.#steps.map((_, i) => i % 2 === 1 || this.#test[i] !== null);
    const filter = <T>(list: T[]) => list.filter((_, i) => keep[i]);
    this.#steps = filter(this.#steps);
    this.#raw = filter(this.#raw);
    this.#smooth = filter(this.#smooth);
    this.#test = filter(this.#test);
  }

  #draw(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#plot.setData(this.#data());
      this.#describe();
    });
  }

  #data(): uPlot.AlignedData {
    return [this.#steps, this.#raw, this.#smooth, this.#test];
  }

  /** The values at `index`, or the latest. */
  #describe(index?: number | null): void {
    const { title, format, onValues } = this.#options;
    const latest = (list: (number | null)[]) => list.findLast((value) => value !== null) ?? undefined;
    const at = (list: (number | null)[]) =>
      index === undefined || index === null ? latest(list) : latest(list.slice(0, index + 1));
    const step = this.#steps[index ?? this.#steps.length - 1] ?? 0;
    const [training, test] = [at(this.#smooth), at(this.#test)];
    onValues?.({ step, training, test });
    const text = (name: string, value?: number) => (value === undefined ? '' : `, ${name} ${format(value)}`);
    const label = `${title} by training step: step ${step}${text('training', training)}${text('test', test)}`;
    this.#root.setAttribute('aria-label', label);
  }

  /** The axis: all smoothed and test values, and the raw ones as far as they fit. */
  #range(): [number, number] {
    const { range, limits, scale } = this.#options;
    let [low, high] = range;
    for (const list of [this.#smooth, this.#test]) {
      for (const value of list) {
        if (value === null) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    const margin = (scale.forward(high) - scale.forward(low)) * 0.06;
    const widen = (value: number, by: number) => scale.backward(scale.forward(value) + by);
    return [Math.max(limits[0], widen(low, -margin)), Math.min(limits[1], widen(high, margin))];
  }

  #create(): void {
    this.#plot?.destroy();
    const { scale, ticks, format, syncKey } = this.#options;
    const [blue, orange, muted, rule] = ['--blue', '--orange', '--muted', '--rule'].map(cssVariable);
    const axis: uPlot.Axis = {
      stroke: muted,
      font: `11px ${getComputedStyle(this.#root).fontFamily}`,
      grid: { stroke: rule, width: 1 },
      ticks: { show: false },
    };
    const line = (stroke: string, width: number, more: uPlot.Series = {}): uPlot.Series => ({
      stroke,
      width,
      spanGaps: true,
      points: { show: false },
      ...more,
    });
    this.#plot = new uPlot(
      {
        width: this.#root.clientWidth || 300,
        height: this.#root.clientHeight || 180,
        legend: { show: false },
        padding: [8, 16, 0, 0],
        cursor: {
          drag: { x: false, y: false },
          y: false,
          points: { size: 7 },
          ...(syncKey && { sync: { key: syncKey } }),
        },
        scales: {
          x: { time: false, range: (_, low, high) => [low ?? 0, Math.max(high ?? 0, (low ?? 0) + 20)] },
          y: { distr: 100, fwd: scale.forward, bwd: scale.backward, range: () => this.#range() },
        },
        axes: [
          {
            ...axis,
            size: 24,
            gap: 2,
            grid: { show: false },
            space: 70,
            values: (_, all) => all.map((v) => v.toLocaleString(language)),
          },
          {
            ...axis,
            size: 44,
            gap: 4,
            filter: (_, all) => all, // uPlot's own keeps round powers only
            splits: (_plot, _axis, low, high) => ticks.filter((tick) => tick >= low && tick <= high),
            values: (_, all) => all.map((value) => format(value)),
          },
        ],
        series: [
          {},
          line(`${blue}38`, 1),
          line(blue, 2),
          line(orange, 1.5, { points: { show: true, size: 5, fill: orange, stroke: orange } }),
        ],
        hooks: { setCursor: [({ cursor }) => this.#describe(cursor.idx)] },
      },
      this.#data(),
      this.#root,
    );
  }
}
