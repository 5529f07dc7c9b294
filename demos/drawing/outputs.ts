import type { Program } from '../../src/index.ts';
import { codeWidth } from './codes.ts';
import type { TensorSource } from './tiles.ts';

/** Which rows of an output are drawn. */
interface Rows {
  readonly count: number;
  readonly first?: number;
}

/** Images of a program's output [n, height, width, 1], from 0, paper, to 1, ink; its output 'one' is a 1. */
export function pictures(program: Program, output: string, rows: Rows): TensorSource {
  const [, height, width] = program.build.outputs[output].shape;
  return { ...tiling(program, output, 'one', width, height), ...rows, picture: true };
}

/** Codes [n, size] as small images in the colours of positive and negative; `largest` is the output of the magnitude. */
export function codes(program: Program, output: string, largest: string, rows: Rows): TensorSource {
  const size = program.build.outputs[output].shape[1];
  const width = codeWidth(size);
  return { ...tiling(program, output, largest, width, size / width), ...rows, gamma: 0.8 };
}

function tiling(program: Program, output: string, largest: string, width: number, height: number) {
  return {
    kind: 'tensor',
    values: program.location(output),
    largest: program.location(largest),
    width,
    height,
    tileStride: width * height,
    rowStride: width,
    columnStride: 1,
  } as const;
}
