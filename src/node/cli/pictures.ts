import { encodePng, imageGrid } from '../../io/png.ts';

/**
 * Grey pictures of `side` × `side` pixels in a grid, as a PNG file.
 *
 * @param images one after the other, 0 black to 1 white; what is outside is clipped
 */
export function picturesPng(images: Float32Array, side: number, columns: number): Promise<Uint8Array> {
  const data = Uint8Array.from(images, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return encodePng(imageGrid({ width: side, height: side, channels: 1, data, columns }));
}
