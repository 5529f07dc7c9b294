import { encodePng, imageGrid } from '../../io/png.ts';
import { normalQuantile } from '../../models/normalDistribution.ts';
import { drawCodes, VAE_CLASSES } from '../../models/vae.ts';
import type { Vae } from '../../models/vae.ts';
import { constant } from '../../ops/core/leaves.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { randomNormal } from '../../ops/random/random.ts';
import type { TrainContext } from './command.ts';

/** Images of a column and of a row. */
const SAMPLES = 8;
const PLANE = 20;

/** Digits drawn from codes N(0, 1); with labels each column is a class. */
export function samplesPng(context: TrainContext, vae: Vae): Promise<Uint8Array> {
  const columns = vae.labels ? VAE_CLASSES : SAMPLES;
  const count = SAMPLES * columns;
  const classes = Int32Array.from({ length: count }, (_, i) => i % VAE_CLASSES);
  return gridPng(context, vae, { columns, classes, codes: () => randomNormal([count, vae.latent]) });
}

/**
 * The sheet of digits of a code of two numbers: the first to the right, the second upwards, both as dense as N(0, 1). With
 * labels each row is a class, along the first number, where the second is 0.
 */
export function planePng(context: TrainContext, vae: Vae): Promise<Uint8Array> {
  const rows = vae.labels ? VAE_CLASSES : PLANE;
  const places = Array.from({ length: PLANE }, (_, i) => normalQuantile((i + 0.5) / PLANE));
  const cells = Array.from({ length: rows * PLANE }, (_, i) => [Math.floor(i / PLANE), i % PLANE] as const);
  const codes = cells.flatMap(([row, column]) => [places[column], vae.labels ? 0 : places[PLANE - 1 - row]]);
  return gridPng(context, vae, {
    columns: PLANE,
    classes: Int32Array.from(cells, ([row]) => row),
    codes: () => constant(Float32Array.from(codes), [cells.length, 2]),
  });
}

/** The pictures of codes [N, latent] in a grid, as a PNG file; `classes` count with labels alone. */
async function gridPng(
  { gpu, settings: { seed, precision } }: TrainContext,
  vae: Vae,
  { columns, classes, codes }: { columns: number; classes: Int32Array; codes: () => Tensor },
): Promise<Uint8Array> {
  const wanted = vae.labels ? constant(classes, [classes.length]) : undefined;
  const program = await gpu.compile(() => ({ images: drawCodes(vae, codes(), wanted) }), {
    label: 'vae/draw',
    seed,
    precision,
  });
  try {
    await program.step();
    const images = (await program.read('images')) as Float32Array;
    const data = Uint8Array.from(images, (value) => Math.round(255 * value));
    return await encodePng(imageGrid({ width: 28, height: 28, channels: 1, data, columns }));
  } finally {
    program.destroy();
  }
}
