import type { Ceilings } from './rates.ts';

/** What a kernel computes, moves and reaches. */
export interface Reached {
  readonly flops: number;
  readonly bytes: number;
  readonly gflops: number;
}

export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

type Range = readonly [low: number, high: number];

export interface RooflineScale {
  readonly x: Range;
  readonly y: Range;
  toX(flopsPerByte: number): number;
  toY(gflops: number): number;
  /** The roof as the data of an SVG path. */
  readonly roof: string;
}

/** Whole powers of ten around all values. */
export function decades(values: readonly number[]): Range {
  const logs = values.filter((value) => value > 0).map(Math.log10);
  const [low, high] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))];
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}

/** Logarithmic axes that hold every kernel and the ridge of the roof, where the copy's slope meets the flat part. */
export function rooflineOf(
  { gflops, gbs }: Ceilings,
  results: readonly Reached[],
  { left, right, top, bottom }: Area,
): RooflineScale {
  const ridge = gflops / gbs;
  const x = decades([ridge / 2, ridge * 2, ...results.map((result) => result.flops / result.bytes)]);
  const y = decades([gflops, gflops / 100, ...results.map((result) => result.gflops)]);
  const share = (value: number, [low, high]: Range) => Math.log10(value / low) / Math.log10(high / low);
  const toX = (value: number) => Math.round(10 * (left + share(value, x) * (right - left))) / 10;
  const toY = (value: number) => Math.round(10 * (bottom - share(value, y) * (bottom - top))) / 10;
  // The slope may leave the picture at its left edge or at its lower one.
  const start = Math.max(x[0], y[0] / gbs);
  const roof = `M${toX(start)} ${toY(start * gbs)}L${toX(ridge)} ${toY(gflops)}L${toX(x[1])} ${toY(gflops)}`;
  return { x, y, toX, toY, roof };
}

/** The powers of ten of an axis. */
export function ticks([low, high]: Range): number[] {
  const [from, to] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}
