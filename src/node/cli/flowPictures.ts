import { encodePng, imageGrid } from '../../io/png.ts';
import { logDensity } from '../../models/flow.ts';
import type { Flow } from '../../models/flow.ts';
import { pixelsOf } from '../../models/imageFlow.ts';
import type { PixelStatistics } from '../../models/imageFlow.ts';
import { constant } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { exp, scale } from '../../ops/elementwise/elementwise.ts';
import { randomNormal } from '../../ops/random/random.ts';
import type { TrainContext } from './command.ts';

/** Pixels of a side of a picture of the plane, and how far it reaches from the middle. */
const SIDE = 360;
const REACH = 2.6;
const SAMPLES = 6000;
/** Lines of the grid, and points of each. */
const LINES = 25;
const LINE_POINTS = 1600;

/** How far from the middle of z the grid's lines are drawn, in deviations. */
const GRID_REACH = 3;

/**
 * The density that a flow gives the plane, points that it draws, and a grid of squares of z as the flow bends it over the plane;
 * `points` of the data lie above the density's picture as a second one.
 */
export async function planePngs(
  context: TrainContext,
  flow: Flow,
  points: Float32Array,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const at = (i: number) => ((i + 0.5) / SIDE) * 2 * REACH - REACH;
  const places = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) =>
    i % 2 === 0 ? at((i >> 1) % SIDE) : -at(Math.floor((i >> 1) / SIDE)),
  );
  const grid = gridPlaces();
  const { density, samples, bent } = await compute(context, {
    density: () => exp(logDensity(flow, constant(places, [SIDE * SIDE, 2]))),
    samples: () => flow.inverse.call(randomNormal([SAMPLES, 2])),
    bent: () => flow.inverse.call(constant(grid, [grid.length / 2, 2])),
  });
  const highest = density.reduce((a, b) => Math.max(a, b), 0);
  const shades = Uint8Array.from(density, (value) => Math.round(255 * Math.sqrt(value / highest)));
  return {
    'density.png': await encodePng({ width: SIDE, height: SIDE, channels: 1, data: shades }),
    'samples.png': await dotsPng(samples),
    'data.png': await dotsPng(points),
    'grid.png': await dotsPng(bent),
  };
}

/** Digits of the flow, drawn of noise of deviation 0.7 and of 1. */
export async function digitsPng(
  context: TrainContext,
  flow: Flow,
  statistics: PixelStatistics,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const drawn = (temperature: number) => () =>
    pixelsOf(flow.inverse.call(scale(randomNormal([64, flow.dimensions]), temperature)), statistics);
  const { cool, warm } = await compute(context, { cool: drawn(0.7), warm: drawn(1) });
  const png = (pixels: Float32Array) => {
    const data = Uint8Array.from(pixels, (value) => Math.round(255 * value));
    return encodePng(imageGrid({ width: 28, height: 28, channels: 1, data, columns: 8 }));
  };
  return { 'samples.png': await png(cool), 'samples-warm.png': await png(warm) };
}

/** Points along the lines of a grid of squares, x and y of each. */
function gridPlaces(): Float32Array {
  const places = new Float32Array(2 * 2 * LINES * LINE_POINTS);
  let at = 0;
  for (let line = 0; line < LINES; line++) {
    const across = (line / (LINES - 1)) * 2 * GRID_REACH - GRID_REACH;
    for (let i = 0; i < LINE_POINTS; i++) {
      const along = (i / (LINE_POINTS - 1)) * 2 * GRID_REACH - GRID_REACH;
      places.set([across, along, along, across], at);
      at += 4;
    }
  }
  return places;
}

/** White dots on black, brighter where there are several. */
function dotsPng(points: Float32Array): Promise<Uint8Array> {
  const data = new Uint8Array(SIDE * SIDE);
  for (let i = 0; i < points.length; i += 2) {
    const x = Math.floor(((points[i] + REACH) / (2 * REACH)) * SIDE);
    const y = Math.floor(((REACH - points[i + 1]) / (2 * REACH)) * SIDE);
    if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) continue;
    data[y * SIDE + x] = Math.min(255, data[y * SIDE + x] + 110);
  }
  return encodePng({ width: SIDE, height: SIDE, channels: 1, data });
}

/** The values of graph functions, each as one program of one step. */
async function compute<Name extends string>(
  { gpu, settings: { seed, precision } }: TrainContext,
  functions: Readonly<Record<Name, () => Tensor>>,
): Promise<Readonly<Record<Name, Float32Array>>> {
  const values: Partial<Record<Name, Float32Array>> = {};
  for (const name of Object.keys(functions) as Name[]) {
    const program = await gpu.compile(() => ({ [name]: functions[name]() }), {
      label: `flow/${name}`,
      seed,
      precision,
    });
    try {
      await program.step();
      values[name] = (await program.read(name)) as Float32Array;
    } finally {
      program.destroy();
    }
  }
  return values as Record<Name, Float32Array>;
}
