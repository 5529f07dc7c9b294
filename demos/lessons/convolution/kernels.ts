import { ops } from '../../../src/index.ts';
import type { Gpu, Program } from '../../../src/index.ts';
import { outputs } from '../common/lab.ts';
import type { Lab } from '../common/lab.ts';
import { outputSide, paddedSide, ringOf, SIDE, TAPS, windowOf } from './geometry.ts';
import type { Geometry } from './geometry.ts';

const OUTPUTS = ['padded', 'windows', 'products', 'map'] as const;
/** For each output: the pixels that meet the filter, their products with it, and the sum, computed by conv2d. */
export type Convolved = Record<(typeof OUTPUTS)[number], number[]>;

const GEOMETRIES: readonly Geometry[] = ([1, 2] as const).flatMap((stride) =>
  (['valid', 'same'] as const).map((padding): Geometry => ({ stride, padding })),
);

export async function create(gpu: Gpu) {
  const programs: Program[] = [];
  for (const geometry of GEOMETRIES) programs.push(await compile(geometry));

  function compile(geometry: Geometry): Promise<Program> {
    const places = Array.from({ length: outputSide(geometry) ** 2 }, (_, i) => windowOf(geometry, i));
    return gpu.compile(
      () => {
        const [image, filter] = [
          ops.input('image', [1, SIDE, SIDE, 1]),
          ops.input('filter', [TAPS, TAPS, 1, 1]),
        ];
        const ring = ringOf(geometry);
        const padded = ops.pad(image, [
          [0, 0],
          [ring, ring],
          [ring, ring],
          [0, 0],
        ]);
        const pixels = ops.reshape(padded, [paddedSide(geometry) ** 2, 1]);
        const windows = ops.reshape(ops.gather(pixels, ops.constant(Int32Array.from(places.flat()))), [
          places.length,
          TAPS * TAPS,
        ]);
        return {
          padded,
          windows,
          products: ops.multiply(windows, ops.reshape(filter, [1, TAPS * TAPS])),
          map: ops.conv2d(image, filter, geometry),
        };
      },
      { label: `stride ${geometry.stride}, ${geometry.padding}`, variants: { conv2d: 'naive' } },
    );
  }

  return {
    programs,
    calls: {
      async convolve(
        { stride, padding }: Geometry,
        image: readonly number[],
        filter: readonly number[],
      ): Promise<Convolved> {
        const program =
          programs[GEOMETRIES.findIndex((each) => each.stride === stride && each.padding === padding)];
        program.write('image', Float32Array.from(image));
        program.write('filter', Float32Array.from(filter));
        await program.step();
        return outputs(gpu, program, OUTPUTS);
      },
    },
  } satisfies Lab;
}

export type Kernels = Awaited<ReturnType<typeof create>>['calls'];
