import { codeAspect } from '../drawing/codes.ts';
import { byId, create } from '../shared/dom.ts';
import { createDigitPad } from '../widgets/digitPad.ts';
import { createImageRows, heading } from '../widgets/imageRows.ts';
import type { Live } from './live.ts';
import { DRAWS, PIXELS } from './protocol.ts';
import type { Reading } from './protocol.ts';

/** The page writes this when it opens. */
const FIRST_DIGIT = 3;
/** Numbers of a code that are written out. */
const WRITTEN = 4;

/** The reader's own digit: what the encoder says of it, the noise, the codes that these make, and what they are decoded to. */
export function createDraws(page: Live) {
  let latent: number = page.values.latent;
  const { row, strip, arrange } = createImageRows(page.handOver);
  const aspect = () => codeAspect(latent);
  byId('seen').append(strip({ panel: 'yours', label: 'Your digit as the encoder sees it', count: 1 }));

  const again = create('button', { type: 'button' }, 'Draw again');
  again.addEventListener('click', () => void page.call('again'));
  byId('draws').append(
    row(heading('noise ε', again), {
      panel: 'noise',
      label: 'Noise: eight draws of normal numbers',
      count: DRAWS,
      aspect,
    }),
    row(heading('code z = μ + σ ε'), { panel: 'codes', label: 'The codes', count: DRAWS, aspect }),
    row(heading('decoded'), {
      panel: 'draws',
      label: 'What the decoder makes of the eight codes of your digit',
      count: DRAWS,
    }),
  );

  const draw = (pixels: Uint8Array) => void page.call('draw', pixels);
  const pad = createDigitPad({ onInk: draw, onClear: () => draw(new Uint8Array(PIXELS)) });
  pad.write(FIRST_DIGIT);

  return {
    model(model: { readonly latent: number }): void {
      ({ latent } = model);
      arrange();
    },
    /** The first numbers of the first draw, written out. */
    reading({ mean, deviation, noise }: Reading): void {
      const lines = Array.from({ length: Math.min(WRITTEN, mean.length) }, (_, i) => {
        const [mu, sigma, epsilon] = [mean[i], deviation[i], noise[i]];
        const [m, s, e, z] = [mu, sigma, epsilon, mu + sigma * epsilon].map(number);
        return create(
          'tr',
          {},
          create('th', { scope: 'row' }, String(i + 1)),
          ...[m, s, e, z].map((text) => create('td', {}, text)),
        );
      });
      byId('numbers').replaceChildren(...lines);
      byId('more').textContent = mean.length > WRITTEN ? `, ${WRITTEN} of its ${mean.length} numbers` : '';
    },
  };
}

const number = (value: number): string => value.toFixed(2).replace('-', '−');
