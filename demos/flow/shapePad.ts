import type { LivePage } from '../frame/page/page.ts';
import { announce } from '../shared/announce.ts';
import { byId } from '../shared/dom.ts';
import { DrawingPad } from '../widgets/drawingPad.ts';
import type { Stroke } from '../widgets/digitRaster.ts';
import type { Calls } from './protocol.ts';
import { alongStrokes } from './strokes.ts';
import type { settings } from './settings.ts';

/** The pad for a shape of the reader's own, which is learned when the button is pressed. */
export function createShapePad(page: LivePage<typeof settings, Calls>): void {
  const [learn, clear] = [byId<HTMLButtonElement>('learn'), byId<HTMLButtonElement>('clear')];
  let strokes: readonly Stroke[] = [];
  const pad = new DrawingPad(byId<HTMLCanvasElement>('pad'), {
    onChange(next) {
      strokes = next;
      byId('pad-hint').hidden = next.length > 0;
      learn.disabled = alongStrokes(next).length === 0;
    },
  });
  clear.addEventListener('click', () => pad.clear());
  learn.addEventListener('click', async () => {
    await page.call('draw', alongStrokes(strokes));
    page.set({ toy: 'drawn', drawing: page.values.drawing + 1 });
    page.transport.play();
    announce('The flow learns your drawing.');
  });
}
