/** One of a chart's values. */
export interface ChartSeries {
  readonly name: string;
  /** A variable of style.css: '--training'. */
  readonly colour: string;
  /** `line`: a value at each step, faint, under its smoothed line; `dots`: a value from time to time. */
  readonly style: 'line' | 'dots';
}

export interface ChartOptions {
  /** What is shown, for screen-reader users: 'Loss'. */
  readonly title: string;
  readonly format: (value: number) => string;
  /** How values read in the legend; default `format`, which labels the axis. */
  readonly formatValue?: (value: number) => string;
  /** Strictly increasing map from values to places on the axis. */
  readonly scale: { forward: (value: number) => number; backward: (place: number) => number };
  /** Where the axis may be labelled; those outside its range are left out. */
  readonly ticks: readonly number[];
  /** The axis runs at least over this range, and never beyond `limits`. */
  readonly range: readonly [number, number];
  readonly limits: readonly [number, number];
  /** Equal distances for equal factors along the axis of steps, which then begins at step 1. */
  readonly logSteps?: boolean;
  /** Charts of the same key show the same step under the pointer. */
  readonly syncKey?: string;
  /** Default: `training` as a line, `test` as dots. */
  readonly series?: readonly ChartSeries[];
  /** Where the names of the series and their values stand: those under the pointer, or the latest ones. */
  readonly legend?: HTMLElement;
}
