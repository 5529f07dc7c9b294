import { GLYPHS } from '../../src/data/digitStrokes.ts';
import { rasterizeDigit } from './digitRaster.ts';
import { byId, create } from '../shared/dom.ts';
import { DrawingPad } from './drawingPad.ts';

export interface DigitPadOptions {
  /** What is written, as MNIST would hold it: 28 × 28 bytes of ink. */
  readonly onInk: (pixels: Uint8Array) => void;
  /** Someone has cleared the pad. */
  readonly onClear: () => void;
}

/** Wakes up <digit-pad>: the pad itself, a button for each digit that writes a sample, and one that clears. */
export function createDigitPad({ onInk, onClear }: DigitPadOptions) {
  const written = GLYPHS.map(() => 0);
  const pad = new DrawingPad(byId('pad'), {
    onChange: (strokes) => {
      byId('pad-hint').hidden = strokes.length > 0;
      if (strokes.length > 0) onInk(rasterizeDigit(strokes));
    },
    onDigit: write,
  });

  /** Writes a sample of a digit: another one each time. */
  function write(digit: number): void {
    pad.write(GLYPHS[digit][written[digit]++ % GLYPHS[digit].length]);
  }

  byId('samples').append(
    ...GLYPHS.map((_, digit) => {
      const button = create('button', { type: 'button', 'aria-label': `Write a ${digit}` }, String(digit));
      button.addEventListener('click', () => write(digit));
      return button;
    }),
  );
  byId('clear').addEventListener('click', () => {
    pad.clear();
    onClear();
  });
  return { write, clear: () => pad.clear() };
}
