import { create, percent } from '../shared/dom.ts';
import type { Reading } from './protocol.ts';

/** A share of the embedding at which a bar fills the height, at least. */
const LEAST = 0.15;

/** Fills `root` with a bar for each frequency: its share of the embedding. A click chooses its circle. */
export function createSpectrum(root: HTMLElement, onChoose: (frequency: number) => void) {
  let bars: readonly HTMLElement[] = [];
  root.addEventListener('click', ({ target }) => {
    const frequency = bars.findIndex((bar) => bar.contains(target as Node)) + 1;
    if (frequency > 0) onChoose(frequency);
  });

  function renew(length: number): void {
    bars = Array.from({ length }, (_, i) =>
      create('span', {}, create('i', {}), create('b', {}, String(i + 1))),
    );
    root.replaceChildren(...bars);
  }

  return ({ shares, frequency }: Reading): void => {
    if (bars.length !== shares.length) renew(shares.length);
    const most = Math.max(LEAST, ...shares);
    bars.forEach((bar, i) => {
      (bar.firstElementChild as HTMLElement).style.height = `${(100 * shares[i]) / most}%`;
      bar.classList.toggle('first', i + 1 === frequency);
      bar.title = `frequency ${i + 1}: ${percent(shares[i])}`;
    });
    const order = Array.from(shares, (share, i) => [share, i + 1] as const).toSorted(([a], [b]) => b - a);
    const strongest = order.slice(0, 3).map(([share, i]) => `${i} with ${percent(share, 0)}`);
    root.ariaLabel = `The share of each frequency in the embedding. The strongest: ${strongest.join(', ')}`;
  };
}
