import { cssVariable, parseHex } from '../shared/palette.ts';
import type { Rgb } from '../shared/palette.ts';

/** Side of a number's square, in pixels of the canvas. */
const SCALE = 8;

export interface Frame {
  readonly row: number;
  readonly column: number;
  readonly height: number;
  readonly width: number;
}

/** Draws the page's numbers as an image in the colours of positive and negative, with a frame around some of them. */
export function drawNumbers(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number>,
  { width, largest, frame }: { width: number; largest: number; frame: Frame },
): void {
  const colour = (name: string) => parseHex(cssVariable(name));
  const [zero, positive, negative] = ['--tile', '--positive', '--negative'].map(colour);
  const css = (rgb: Rgb) => `rgb(${rgb.map((part) => Math.round(part * 255)).join(' ')})`;
  Object.assign(canvas, { width: width * SCALE, height: (values.length / width) * SCALE });
  const context = canvas.getContext('2d')!;
  for (let i = 0; i < values.length; i++) {
    const share = Math.min(1, Math.abs(values[i]) / largest) ** 0.7;
    const end = values[i] < 0 ? negative : positive;
    context.fillStyle = css(zero.map((part, c) => part + (end[c] - part) * share) as unknown as Rgb);
    context.fillRect((i % width) * SCALE, Math.floor(i / width) * SCALE, SCALE, SCALE);
  }
  context.strokeStyle = cssVariable('--ink');
  context.lineWidth = 3;
  const [x, y] = [frame.column * SCALE + 1, frame.row * SCALE + 1];
  context.strokeRect(x, y, frame.width * SCALE - 2, frame.height * SCALE - 2);
}

/** The largest magnitude, for the full colour. */
export const magnitude = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
