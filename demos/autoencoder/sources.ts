import type { Program } from '../../src/index.ts';
import type { TensorSource } from '../drawing/tiles.ts';
import { codeWidth, PIXELS, SIDE } from './protocol.ts';

/** Images of a program's output, from 0, paper, to 1, ink; the program's output 'one' is a 1. */
export function picture(program: Program, output: string, count: number, first = 0): TensorSource {
  return {
    kind: 'tensor',
    picture: true,
    values: program.location(output),
    largest: program.location('one'),
    width: SIDE,
    height: SIDE,
    count,
    first,
    tileStride: PIXELS,
    rowStride: SIDE,
    columnStride: 1,
  };
}

/** Codes as small images, in the colours of positive and negative. */
export function codes(
  program: Program,
  { output, largest, count, first = 0 }: { output: string; largest: string; count: number; first?: number },
): TensorSource {
  const size = program.build.outputs[output].shape[1];
  const width = codeWidth(size);
  return {
    kind: 'tensor',
    gamma: 0.8,
    values: program.location(output),
    largest: program.location(largest),
    width,
    height: size / width,
    count,
    first,
    tileStride: size,
    rowStride: width,
    columnStride: 1,
  };
}
