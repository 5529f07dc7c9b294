import { encodePng, imageGrid } from '../../io/png.ts';
import type { GanSampler } from '../../nn/gan/index.ts';

/** Draws with the sampler's latent vectors: the images in a grid, as a PNG file. */
export async function sampleGrid(sampler: GanSampler): Promise<Uint8Array> {
  await sampler.draw();
  const [, height, width, channels] = sampler.shape;
  const data = Uint8Array.from(await sampler.readImages(), toByte);
  return encodePng(imageGrid({ width, height, channels: channels as 1 | 3, data }));
}

/** 0 … 1 to 0 … 255; networks without a bounded activation may overshoot. */
const toByte = (value: number): number => Math.round(255 * Math.min(1, Math.max(0, value)));
