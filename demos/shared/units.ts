import { figures } from './dom.ts';

const scaled = (value: number, step: number, units: readonly string[]): string => {
  const power =
    value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(step) + 1e-9));
  return `${figures(value / step ** power)} ${units[power]}`;
};

/** 1.5 MiB */
export const bytesText = (bytes: number): string => scaled(bytes, 1024, ['bytes', 'KiB', 'MiB', 'GiB']);
/** 12.3 MFLOP */
export const flopsText = (flops: number): string =>
  scaled(flops, 1000, ['FLOP', 'kFLOP', 'MFLOP', 'GFLOP', 'TFLOP']);
/** 3.2 GFLOP/s */
export const rateText = (perSecond: number, unit: 'FLOP' | 'B'): string =>
  scaled(
    perSecond,
    1000,
    ['', 'k', 'M', 'G', 'T', 'P'].map((prefix) => `${prefix}${unit}/s`),
  );
/** 12.3 µs, 1.2 ms */
export const timeText = (microseconds: number): string => scaled(microseconds, 1000, ['µs', 'ms', 's']);
