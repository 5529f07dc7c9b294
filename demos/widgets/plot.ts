import { language } from '../shared/locale.ts'; // before uPlot, which it lets load
import uPlot from 'uplot';
import { cssVariable } from '../shared/palette.ts';
import type { ChartOptions, ChartSeries } from './chartOptions.ts';
import { labelsApart, powersWithin, rangeOfSteps, ticksWithin } from './ticks.ts';

/** Distances of labels on the axis of steps, which are whole numbers. */
const STEPS = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((times) => times * 10 ** i)).flat();
/** Height of a label; width of a digit of it, and what lies between two at least. */
const [LABEL_PX, DIGIT_PX, APART_PX] = [13, 7, 6];
/** Height of what is above and below the curves, and width of what is beside them. */
const [AROUND, BESIDE] = [42, 64];

/** What a chart draws. */
export interface Plotted {
  readonly root: HTMLElement;
  readonly options: ChartOptions;
  readonly columns: readonly ChartSeries[];
  readonly data: uPlot.AlignedData;
  /** Of the axis of values. */
  readonly range: () => [number, number];
  /** The pointer is at this step, by its index, or at none. */
  readonly onPoint: (index: number | null | undefined) => void;
}

/** Draws a chart into its root: faint lines, smoothed ones, dots. */
export function makePlot({ root, options, columns, data, range, onPoint }: Plotted): uPlot {
  const { scale, ticks, format, syncKey, logSteps } = options;
  const [muted, rule] = ['--muted', '--rule'].map(cssVariable);
  const axis: uPlot.Axis = {
    stroke: muted,
    font: `11px ${getComputedStyle(root).fontFamily}`,
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
  function labels(values: readonly number[], { height, scales: { y } }: uPlot): string[] {
    const [low, high] = [scale.forward(y.min!), scale.forward(y.max!)];
    const at = (value: number) => ((scale.forward(value) - low) / (high - low)) * (height - AROUND);
    return labelsApart(values.map((value) => ({ text: format(value), at: at(value), size: LABEL_PX })));
  }
  /** Those of the logarithmic axis, which begins at 1. */
  function powers(values: readonly number[], { width, scales: { x } }: uPlot): string[] {
    const at = (value: number) => (Math.log(value) / Math.log(x.max!)) * (width - BESIDE);
    return labelsApart(
      values.map((value) => {
        const text = value.toLocaleString(language);
        return { text, at: at(value), size: text.length * DIGIT_PX + APART_PX };
      }),
    );
  }

  return new uPlot(
    {
      width: root.clientWidth || 300,
      height: root.clientHeight || 180,
      legend: { show: false },
      padding: [8, 20, 0, 0], // half a number of steps is right of its place
      cursor: {
        drag: { x: false, y: false },
        y: false,
        points: { size: 7 },
        ...(syncKey && { sync: { key: syncKey } }),
      },
      scales: {
        x: {
          time: false,
          distr: logSteps ? 3 : 1,
          range: (_, low, high) =>
            logSteps ? [1, Math.max(20, high ?? 0)] : rangeOfSteps(low ?? 0, high ?? 0),
        },
        y: { distr: 100, fwd: scale.forward, bwd: scale.backward, range: () => range() },
      },
      axes: [
        {
          ...axis,
          size: 22,
          gap: 5,
          label: 'training step',
          labelFont: axis.font,
          labelSize: 14,
          labelGap: 0,
          grid: { show: false },
          space: 56,
          incrs: STEPS,
          ...(logSteps && {
            splits: (_plot: uPlot, _axis: number, low: number, high: number) => powersWithin(low, high),
            filter: (_plot: uPlot, all: number[]) => all,
          }),
          values: (plot, all) => (logSteps ? powers(all, plot) : all.map((v) => v.toLocaleString(language))),
        },
        {
          ...axis,
          size: 44,
          gap: 4,
          filter: (_, all) => all, // uPlot's own keeps round powers only
          splits: (_plot, _axis, low, high) => ticksWithin(ticks, low, high),
          values: (plot, all) => labels(all, plot),
        },
      ],
      series: [
        {},
        ...columns.map(({ colour }) => line(`${cssVariable(colour)}38`, 1)),
        ...columns.map(({ colour, style }) => {
          const stroke = cssVariable(colour);
          const points = { show: true, size: 5, fill: stroke, stroke };
          return style === 'line' ? line(stroke, 2) : line(stroke, 1.5, { points });
        }),
      ],
      hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx)] },
    },
    data,
    root,
  );
}
