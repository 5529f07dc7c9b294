import { ArgumentError } from '../errors.ts';
import { dataset } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { dense } from '../nn/layers/dense.ts';
import { gru } from '../nn/layers/gru.ts';
import { lstm } from '../nn/layers/lstm.ts';
import { sequential } from '../nn/sequential.ts';
import type { Model } from '../nn/model.ts';

export type AirlineCell = 'lstm' | 'gru';

/** How a series is forecast: from how many months, and as what. */
export interface ForecastPlan {
  /** Months that the network sees, one after the other. */
  readonly lookBack: number;
  /** Learn the change of the logarithm over a year, instead of the value. */
  readonly logChange: boolean;
}

const YEAR = 12;
/** The first part of the months is for training. */
const TRAINING_SHARE = 0.8;
export const AIRLINE_UNITS = 16;
export const AIRLINE_STEPS = { plain: 600, logChange: 100 } as const;

/** A recurrent layer of 16 units over the months of a window, and a dense layer of its last state. */
export function airlineNetwork(cell: AirlineCell, { lookBack }: ForecastPlan, seed: number): Model {
  const layer = { lstm, gru }[cell]({ units: AIRLINE_UNITS });
  return sequential([layer, dense({ units: 1 })], { inputShape: [lookBack, 1], seed, name: 'airline' });
}

/** Months that are for training; the others are for the test. */
export const trainingMonths = (series: readonly number[]): number =>
  Math.floor(series.length * TRAINING_SHARE);

/** Windows of a series as a network sees them, and the way back to passengers. */
export interface Forecast {
  /** Windows whose month to be forecast is in the training part. */
  readonly train: Dataset;
  /** The same of the test part; the first windows reach back into the training part. */
  readonly test: Dataset;
  /** The months that are forecast, counted from the first, in the order of `train`, then `test`. */
  readonly months: readonly number[];
  /** What the network's outputs say, in passengers. */
  readonly passengers: (outputs: ArrayLike<number>, firstMonth: number) => number[];
}

/**
 * Cuts a series into windows [lookBack, 1] and their next month. Values (or their logarithms) are scaled to 0 … 1 by the
 * training part alone, so that nothing of the test part is known. With `logChange` the network gives what is added to the
 * scaled logarithm of the month a year before.
 *
 * @throws ArgumentError if no month of the training part has a window before it
 */
export function forecastData(series: readonly number[], plan: ForecastPlan): Forecast {
  const { lookBack, logChange } = plan;
  const split = trainingMonths(series);
  const own = logChange ? series.map(Math.log) : series;
  const known = own.slice(0, split);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const scaled = own.map((value) => (value - low) / (high - low));
  const first = logChange ? Math.max(lookBack, YEAR) : lookBack;
  if (first >= split) {
    throw new ArgumentError(
      `The first ${split} of ${series.length} months are for training, too few for windows of ${first} and the month after it; look back less far, or give a longer series`,
    );
  }
  const months = Array.from({ length: series.length - first }, (_, i) => first + i);
  const base = (month: number) => (logChange ? scaled[month - YEAR] : 0);
  const windows = (name: string, targets: readonly number[]) =>
    dataset({
      name,
      x: Float32Array.from(targets.flatMap((month) => scaled.slice(month - lookBack, month))),
      y: Float32Array.from(targets, (month) => scaled[month] - base(month)),
      inputShape: [lookBack, 1],
      targetShape: [1],
    });
  return {
    train: windows(
      'training months',
      months.filter((month) => month < split),
    ),
    test: windows(
      'test months',
      months.filter((month) => month >= split),
    ),
    months,
    passengers: (outputs, firstMonth) =>
      Array.from(outputs, (output, i) => {
        const value = (output + base(firstMonth + i)) * (high - low) + low;
        return logChange ? Math.exp(value) : value;
      }),
  };
}

/** The root of the mean squared difference between forecasts and the last months of a series. */
export function rootMeanSquaredError(series: readonly number[], forecasts: readonly number[]): number {
  const begin = series.length - forecasts.length;
  const squares = forecasts.map((forecast, i) => (forecast - series[begin + i]) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / forecasts.length);
}

/** Errors of forecasts that need no network, over the months of the test. */
export interface Baselines {
  /** As the month before. */
  readonly persistenceRmse: number;
  /** As the same month of the year before. */
  readonly yearlyRmse: number;
  /** That, times what the month before has grown in a year. */
  readonly yearlyGrowthRmse: number;
  /** The mean of the training part. */
  readonly trainingMeanRmse: number;
  /** A linear regression on the window, fitted to the training part. */
  readonly regressionRmse: number;
}

export function baselines(series: readonly number[], lookBack: number): Baselines {
  const split = trainingMonths(series);
  const errorOf = (forecast: (month: number) => number) =>
    rootMeanSquaredError(
      series,
      series.slice(split).map((_, i) => forecast(split + i)),
    );
  const mean = series.slice(0, split).reduce((sum, value) => sum + value, 0) / split;
  const weights = regression(series, lookBack, split);
  return {
    persistenceRmse: errorOf((month) => series[month - 1]),
    yearlyRmse: errorOf((month) => series[month - YEAR]),
    yearlyGrowthRmse: errorOf(
      (month) => (series[month - YEAR] * series[month - 1]) / series[month - 1 - YEAR],
    ),
    trainingMeanRmse: errorOf(() => mean),
    regressionRmse: errorOf((month) => dot(weights, [1, ...series.slice(month - lookBack, month)])),
  };
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Least squares, by the normal equations and Gaussian elimination with pivots: the intercept, then a weight for each month. */
function regression(series: readonly number[], lookBack: number, split: number): number[] {
  const rows = series.slice(lookBack, split).map((value, i) => ({
    x: [1, ...series.slice(i, i + lookBack)],
    y: value,
  }));
  const size = lookBack + 1;
  const equations = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (__, j) => rows.reduce((sum, { x }) => sum + x[i] * x[j], 0)),
    rows.reduce((sum, { x, y }) => sum + x[i] * y, 0),
  ]);
  for (let column = 0; column < size; column++) {
    const rest = equations.slice(column).map((row) => Math.abs(row[column]));
    const pivot = column + rest.indexOf(Math.max(...rest));
    [equations[column], equations[pivot]] = [equations[pivot], equations[column]];
    for (let row = 0; row < size; row++) {
      if (row === column) continue;
      const factor = equations[row][column] / equations[column][column];
      equations[row] = equations[row].map((value, j) => value - factor * equations[column][j]);
    }
  }
  return equations.map((row, i) => row[size] / row[i]);
}
