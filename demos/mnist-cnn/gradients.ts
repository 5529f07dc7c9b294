import { byId, create } from '../shared/dom.ts';
import type { Live } from './live.ts';
import type { Tells } from './protocol.ts';

/** The switch between pictures of values and of gradients, with the digit that the loss is measured against. */
export function createGradients(page: Live) {
  const note = byId('gradient-note');
  const target = byId<HTMLSelectElement>('target');
  let labels: Uint8Array = new Uint8Array();
  let isOn = false;
  /** What the network looks at, and whether the reader has chosen the digit: another image has its own. */
  let input: number | undefined;
  let isChosen = false;

  target.append(
    ...Array.from({ length: 10 }, (_, digit) => create('option', { value: String(digit) }, String(digit))),
  );
  const tell = () => void page.call('gradients', isOn ? Number(target.value) : undefined);
  target.addEventListener('change', () => {
    isChosen = true;
    tell();
  });
  byId('pictured').addEventListener('change', ({ target: radio }) => {
    isOn = (radio as HTMLInputElement).value === 'gradients';
    note.hidden = !isOn;
    tell();
  });

  return {
    labels(own: Uint8Array): void {
      labels = own;
    },
    seen({ input: now, probabilities }: Tells['seen']): void {
      if (now !== input) isChosen = false;
      input = now;
      const best = probabilities.indexOf(Math.max(...probabilities));
      const own = String(now === undefined ? best : (labels[now] ?? best));
      if (!isChosen && own !== target.value) {
        target.value = own;
        if (isOn) tell();
      }
      byId('target-loss').textContent = (-Math.log(probabilities[Number(target.value)])).toFixed(3);
    },
  };
}
