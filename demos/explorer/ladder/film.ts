import { cssVariable } from '../../shared/palette.ts';
import { pictureOf } from './record.ts';
import type { Memory, Recording } from './record.ts';

/** Pixels of a cell, and between two tensors; of the line above with a name. */
const CELL = 11;
const GAP = 18;
const NAME = 16;
/** A taller picture goes on beside itself, and a wider one below. */
const TALLEST = 16;
const WIDEST = 32;
/** Moments that an access stays visible. */
const FADE = 4;

interface Placed {
  readonly name: string;
  readonly left: number;
  /** Top left corner of each element. */
  readonly corners: ReadonlyMap<number, readonly [x: number, y: number]>;
}

interface Mark {
  readonly strength: number;
  readonly writes: boolean;
  readonly isWatched: boolean;
}

/** A film of what a workgroup reads (fading) and writes (staying), on a canvas; one invocation is followed. */
export class Film {
  readonly width: number;
  readonly height: number;
  /** The invocation that is followed. */
  watched = 0;
  readonly #recording: Recording;
  readonly #placed: readonly Placed[];

  constructor(recording: Recording) {
    this.#recording = recording;
    let [x, height] = [0, 0];
    this.#placed = recording.memories.map((memory) => {
      const placed = place(memory, x);
      x = placed.right + GAP;
      height = Math.max(height, placed.bottom);
      return placed;
    });
    this.width = x - GAP;
    this.height = height;
  }

  get moments(): number {
    return this.#recording.moments.length;
  }

  /** Follows the invocation that writes the element at a place of the picture. */
  watchAt(x: number, y: number): boolean {
    for (const { name, corners } of this.#placed)
      for (const [element, [left, top]] of corners) {
        if (x < left || x >= left + CELL || y < top || y >= top + CELL) continue;
        const touches = this.#recording.moments.flat();
        const isIt = (own: (typeof touches)[number]) =>
          own.variable === name && own.word <= element && element < own.word + own.words;
        const writer = touches.findLast((own) => isIt(own) && own.how !== 'read') ?? touches.find(isIt);
        if (!writer) return false;
        this.watched = writer.lane;
        return true;
      }
    return false;
  }

  #marksAt(moment: number): Map<string, Map<number, Mark>> {
    const { moments, memories } = this.#recording;
    const stays = new Set(memories.filter(({ kind }) => kind === 'written').map(({ name }) => name));
    const marks = new Map<string, Map<number, Mark>>();
    for (let at = 0; at <= Math.min(moment, moments.length - 1); at++)
      for (const { variable, word, words, how, lane } of moments[at]) {
        const writes = how !== 'read';
        const isLasting = writes && stays.has(variable);
        if (!isLasting && at <= moment - FADE) continue;
        const own = marks.get(variable) ?? new Map<number, Mark>();
        marks.set(variable, own);
        const strength = isLasting ? 1 : 1 - (moment - at) / FADE;
        for (let i = word; i < word + words; i++) {
          // of several invocations at one element, the one that is followed counts
          if (own.get(i)?.isWatched && at === moment && lane !== this.watched) continue;
          own.set(i, { strength, writes, isWatched: lane === this.watched });
        }
      }
    return marks;
  }

  /** Draws a moment: what was read lately, and all that was written so far. */
  draw(context: CanvasRenderingContext2D, moment: number): void {
    const [still, watched, read, ink, muted] = ['tile', 'first', 'third', 'ink', 'muted'].map((name) =>
      cssVariable(`--${name}`),
    );
    const marks = this.#marksAt(moment);
    context.clearRect(0, 0, this.width, this.height);
    context.font = `11px ${cssVariable('--numbers')}`;
    context.textBaseline = 'top';
    for (const { name, left, corners } of this.#placed) {
      context.fillStyle = muted;
      context.fillText(name, left, 0);
      for (const [element, [x, y]] of corners) {
        context.fillStyle = still;
        context.fillRect(x, y, CELL - 1, CELL - 1);
        const own = marks.get(name)?.get(element);
        if (!own) continue;
        context.globalAlpha = own.strength;
        context.fillStyle = own.isWatched ? watched : own.writes ? ink : read;
        context.fillRect(x, y, CELL - 1, CELL - 1);
        context.globalAlpha = 1;
      }
    }
  }
}

/** Places the pictures of a memory from x on. */
function place(memory: Memory, x: number) {
  const { rows: lines, columns: length, pictures } = pictureOf(memory);
  const columns = Math.min(length, WIDEST);
  const folds = Math.ceil(length / columns);
  const rows = lines * folds;
  const corners = new Map<number, readonly [number, number]>();
  const across = Math.ceil(Math.sqrt(pictures.length));
  const blocks = rows > 1.5 * TALLEST ? Math.ceil(rows / TALLEST) : 1;
  const tall = Math.ceil(rows / blocks);
  const [wide, high] = [columns * CELL + CELL / 2, tall * CELL + CELL / 2];
  pictures.forEach(({ elements }, i) => {
    const left = x + (i % across) * blocks * wide;
    const top = NAME + Math.floor(i / across) * high;
    elements.forEach((element, at) => {
      const [line, place] = [Math.floor(at / length), at % length];
      const [row, column] = [line * folds + Math.floor(place / columns), place % columns];
      const block = Math.floor(row / tall);
      corners.set(element, [left + block * wide + column * CELL, top + (row % tall) * CELL]);
    });
  });
  const right = x + Math.max(across * blocks * wide - CELL / 2, memory.name.length * 7);
  const bottom = NAME + Math.ceil(pictures.length / across) * high - CELL / 2;
  return { name: memory.name, left: x, corners, right, bottom };
}
