import { count, create, figures } from '../../../shared/dom.ts';
import type { StepNode } from '../stepGraph.ts';

/** 64×12×12×8 */
export const shapeText = (shape: readonly number[]): string =>
  shape.length === 0 ? 'scalar' : shape.join('×');

/** What a dispatch does, without the layer that it does it for: `conv2dGradFilter.partial` */
export const titleOf = ({ label }: StepNode): string => label.slice(label.lastIndexOf('/') + 1);

/** The same, with places where a line may break: it is one long word. */
export const breakable = (title: string): (Node | string)[] =>
  title
    .split(/(?<=[a-z\d])(?=[A-Z])|(?<=[._])/)
    .flatMap((part, i) => (i === 0 ? [part] : [create('wbr'), part]));

/** 64, 8 × 4 */
export const workgroupsText = ([x, y, z]: StepNode['workgroups']): string =>
  (z > 1 ? [x, y, z] : y > 1 ? [x, y] : [x]).map(count).join(' × ');

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
