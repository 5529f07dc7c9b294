import { cssVariable } from '../../shared/palette.ts';
import { layoutOf } from '../../widgets/step/layout.ts';
import type { Recording } from './record.ts';

/** Pixels of a cell, and between two tensors. */
const CELL = 11;
const GAP = 14;
/** Moments that a read stays visible. */
const FADE = 4;

interface Placed {
  readonly name: string;
  readonly writes: boolean;
  /** Top left corner of each element. */
  readonly corners: ReadonlyMap<number, readonly [x: number, y: number]>;
}

/** A film of what a workgroup reads (fading) and writes (staying), on a canvas. */
export class Film {
  readonly width: number;
  readonly height: number;
  readonly #recording: Recording;
  readonly #placed: readonly Placed[];

  constructor(recording: Recording) {
    this.#recording = recording;
    let [x, height] = [0, 0];
    this.#placed = recording.buffers.map(({ name, shape, writes }) => {
      const { rows, columns, pictures } = layoutOf(shape, name === 'weights');
      const corners = new Map<number, readonly [number, number]>();
      const across = Math.ceil(Math.sqrt(pictures.length));
      pictures.forEach(({ elements }, i) => {
        const left = x + (i % across) * (columns * CELL + CELL / 2);
        const top = Math.floor(i / across) * (rows * CELL + CELL / 2);
        elements.forEach((element, at) =>
          corners.set(element, [left + (at % columns) * CELL, top + Math.floor(at / columns) * CELL]),
        );
        height = Math.max(height, top + rows * CELL);
      });
      x += across * (columns * CELL + CELL / 2) - CELL / 2 + GAP;
      return { name, writes, corners };
    });
    this.width = x - GAP;
    this.height = height;
  }

  get moments(): number {
    return this.#recording.moments.length;
  }

  /** Draws a moment: what was read lately, and all that was written so far. */
  draw(context: CanvasRenderingContext2D, moment: number): void {
    const { moments } = this.#recording;
    const colours = {
      still: cssVariable('--tile'),
      read: cssVariable('--third'),
      written: cssVariable('--ink'),
    };
    const strength = new Map<string, number>();
    for (let at = 0; at <= Math.min(moment, moments.length - 1); at++)
      for (const { variable, word, words, writes } of moments[at]) {
        if (!writes && at <= moment - FADE) continue;
        for (let i = word; i < word + words; i++)
          strength.set(`${variable} ${i}`, writes ? 1 : 1 - (moment - at) / FADE);
      }
    context.clearRect(0, 0, this.width, this.height);
    for (const { name, writes, corners } of this.#placed)
      for (const [element, [x, y]] of corners) {
        context.globalAlpha = 1;
        context.fillStyle = colours.still;
        context.fillRect(x, y, CELL - 1, CELL - 1);
        const own = strength.get(`${name} ${element}`);
        if (own === undefined) continue;
        context.globalAlpha = own;
        context.fillStyle = writes ? colours.written : colours.read;
        context.fillRect(x, y, CELL - 1, CELL - 1);
      }
    context.globalAlpha = 1;
  }
}
