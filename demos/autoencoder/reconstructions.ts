import { byId, create } from '../shared/dom.ts';
import { codeAspect } from '../drawing/codes.ts';
import { createDigitPad } from '../widgets/digitPad.ts';
import { digitWalk } from '../widgets/digitWalk.ts';
import { createImageRows, heading } from '../widgets/imageRows.ts';
import type { Live } from './live.ts';
import { BETWEEN, PIXELS, SHOWN } from './protocol.ts';
import type { Tells } from './protocol.ts';
import { titleOf, VERSIONS } from './settings.ts';

/** The page writes this when it opens. */
const FIRST_DIGIT = 3;

/** The reader's own digit on its way through the networks, ten test digits, and the walk between two of these eleven. */
export function createReconstructions(page: Live) {
  let bottleneck: number = page.values.bottleneck;
  const aspect = () => codeAspect(bottleneck);
  const { row, strip, arrange } = createImageRows(page.handOver);
  const keyed = <T extends HTMLElement>(element: T, colour: string): T => {
    element.classList.add('version');
    element.style.setProperty('--key', `var(${colour})`);
    return element;
  };

  // The reader's own digit: one hourglass for each network.
  const sizes = VERSIONS.map(() => create('span'));
  byId('yours').append(
    create(
      'figure',
      { className: 'seen' },
      strip({ panel: 'yours:input', label: 'What the encoders see', count: 1 }),
      create('figcaption', {}, '784 pixels'),
    ),
    ...VERSIONS.map(({ name, title, colour }, i) =>
      keyed(
        create(
          'figure',
          { className: 'hourglass' },
          create('span', { className: 'encoder' }, 'encoder'),
          create(
            'div',
            { className: 'waist' },
            create('figcaption', {}, title),
            strip({
              panel: `yours:code:${name}`,
              label: `The code of your digit in ${title}`,
              count: 1,
              aspect,
            }),
            sizes[i],
          ),
          create('span', { className: 'decoder' }, 'decoder'),
          strip({ panel: `yours:${name}`, label: `What ${title} makes of your digit`, count: 1 }),
        ),
        colour,
      ),
    ),
  );
  const draw = (pixels: Uint8Array) => void page.call('draw', pixels);
  const pad = createDigitPad({ onInk: draw, onClear: () => draw(new Uint8Array(PIXELS)) });
  pad.write(FIRST_DIGIT);

  const explored = create('span');
  const { originals, walk, ...ends } = digitWalk(page, row, {
    count: SHOWN,
    steps: BETWEEN,
    panel: 'original',
    words: create('span', {}, 'One turns into the other (', explored, ').'),
  });
  const noisy = row(heading('with noise', create('small', {}, 'what the encoders see')), {
    panel: 'noisy',
    label: 'The noisy images that the encoders see',
    count: SHOWN,
  });
  const versions = VERSIONS.map(({ name, title, colour }) => {
    const error = create('b', {}, '–');
    const head = keyed(heading(title, create('small', {}, 'test error ', error)), colour);
    const images = { panel: `image:${name}`, label: `What ${title} makes of the test images`, count: SHOWN };
    const code = { panel: `code:${name}`, label: `Codes of ${title}`, count: SHOWN, aspect };
    return { name, error, head, row: row(head, images, code) };
  });
  byId('rows').append(originals, noisy, ...versions.map((version) => version.row));

  byId('walk').append(...walk);

  function changed(): void {
    explored.textContent = titleOf(page.values.version);
    ends.changed();
  }
  changed();

  return {
    changed,
    shown: ends.shown,
    model(model: Tells['model']): void {
      ({ bottleneck } = model);
      noisy.hidden = !model.noisy;
      for (const size of sizes) size.textContent = `${bottleneck} numbers`;
      arrange();
    },
    evaluated(values: Readonly<Record<string, number>>): void {
      const errors = versions.map(({ name }) => values[`${name}Test`]);
      versions.forEach(({ error, head }, i) => {
        error.textContent = errors[i].toFixed(4);
        head.classList.toggle('best', errors[i] === Math.min(...errors));
      });
    },
  };
}
