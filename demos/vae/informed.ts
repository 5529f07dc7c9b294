import { byId, create } from '../shared/dom.ts';
import type { Cloud } from './protocol.ts';

/** A number of the code with less of the KL, in nats, says next to nothing: its σ² is above 0.9. */
const IN_USE = 0.05;

/** A bar for each number of the code: its mean KL, how much it says about an image. */
export function createInformed() {
  const root = byId('informed');
  return ({ kl }: Cloud): void => {
    const largest = Math.max(...kl, 1);
    const used = kl.filter((own) => own >= IN_USE).length;
    const bars = Array.from(kl, (own, i) => {
      const bar = create('i');
      bar.style.height = `${(100 * own) / largest}%`;
      const value = create('small', {}, own.toFixed(own < 0.95 ? 2 : 1));
      return create(
        'span',
        { className: own >= IN_USE ? 'used' : 'collapsed' },
        value,
        bar,
        create('b', {}, String(i + 1)),
      );
    });
    root.replaceChildren(...bars);
    const total = kl.reduce((sum, own) => sum + own, 0);
    const text = `${total.toFixed(1)} nats in all. ${used} of ${kl.length} numbers are in use${used < kl.length ? `; ${kl.length - used} collapsed to the prior` : ''}.`;
    byId('informed-text').textContent = text;
    root.ariaLabel = `The KL of each number of the code: ${text}`;
  };
}
