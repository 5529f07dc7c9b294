import type { Picture } from './recorder.ts';

/** Shades of grey: more are hardly seen, and make the file larger. */
const LEVELS = 32;

/** A picture on which smaller ones are laid. */
export class Collage implements Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;

  /** @param background where nothing is laid: 0 paper to 1 ink */
  constructor(width: number, height: number, background = 0) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height).fill(255 * background);
  }

  /**
   * Lays an image with its top left corner at (x, y).
   *
   * @param values row by row, 0 paper to 1 ink; beyond that they are cut off
   * @param magnify pixels that a value takes, across and down
   */
  lay(x: number, y: number, width: number, values: ArrayLike<number>, magnify = 1): void {
    const height = values.length / width;
    for (let row = 0; row < height * magnify; row++) {
      for (let column = 0; column < width * magnify; column++) {
        const value = values[Math.floor(row / magnify) * width + Math.floor(column / magnify)];
        const level = Math.round((LEVELS - 1) * Math.min(1, Math.max(0, value)));
        this.data[(y + row) * this.width + x + column] = (255 * level) / (LEVELS - 1);
      }
    }
  }
}
