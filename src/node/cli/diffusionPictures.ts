import { encodePng, imageGrid } from '../../io/png.ts';
import { DIFFUSION_CLASSES } from '../../models/diffusion.ts';
import type { Diffusion } from '../../models/diffusion.ts';
import type { TrainContext } from './command.ts';
import { openDrawer } from './diffusionScore.ts';
import type { Drawing } from './diffusionScore.ts';

/** Digits of each class, and moments on their way that are shown. */
const [ROWS, MOMENTS] = [8, 9];
const PIXELS = 28 * 28;

/**
 * `samples.png`: a column of digits for each class. `denoising.png`: its first row on the way from noise, from top to bottom.
 */
export async function diffusionPictures(
  context: TrainContext,
  model: Diffusion,
  drawing: Drawing,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const { signal } = context.interrupt;
  const count = ROWS * DIFFUSION_CLASSES;
  const drawer = await openDrawer(context, model, count, drawing);
  try {
    const classes = Int32Array.from({ length: count }, (_, i) => i % DIFFUSION_CLASSES);
    drawer.start({ ...drawing, classes, seed: context.settings.seed });
    const moments: Float32Array[] = [];
    for (let moment = 0; moment < MOMENTS && drawer.left > 0; moment++) {
      await drawer.run(Math.ceil(drawer.left / (MOMENTS - moment)), { signal });
      moments.push((await drawer.read()).subarray(0, DIFFUSION_CLASSES * PIXELS));
    }
    return {
      'samples.png': await gridPng(await drawer.read()),
      'denoising.png': await gridPng(Float32Array.from(moments.flatMap((own) => [...own]))),
    };
  } finally {
    drawer.destroy();
  }
}

function gridPng(images: Float32Array): Promise<Uint8Array> {
  const data = Uint8Array.from(images, (value) => Math.round(255 * value));
  return encodePng(imageGrid({ width: 28, height: 28, channels: 1, data, columns: DIFFUSION_CLASSES }));
}
