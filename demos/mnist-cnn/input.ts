import { single } from '../drawing/panels.ts';
import { byId } from '../shared/dom.ts';
import { createDigitPad } from '../widgets/digitPad.ts';
import type { Live } from './live.ts';

/** The page writes this when it opens. */
const FIRST_DIGIT = 3;

/** The network's input: a drawing on the pad, or a test image. */
export function createInput(page: Live, onNew: () => void) {
  const look = (input: number | Uint8Array) => {
    void page.call('look', input);
    onNew();
  };
  const pad = createDigitPad({ onInk: look, onClear: () => look(page.values.image) });
  page.handOver('input', byId('input'), single);
  // A picture to show while the test images load, unless the address names one of them.
  if (page.values.image === 0 && page.values.start === 'trained') pad.write(FIRST_DIGIT);
  else look(page.values.image);

  return {
    /** Sends a test image through the layers. */
    choose(image: number): void {
      pad.clear();
      page.set({ image });
      look(image);
    },
    seen(image: number | undefined): void {
      byId('seen-caption').textContent = image === undefined ? 'your drawing' : `test image ${image}`;
    },
  };
}
