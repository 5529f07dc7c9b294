import { announce } from '../shared/announce.ts';
import { createDigitPad } from '../widgets/digitPad.ts';
import { byId, create } from '../shared/dom.ts';
import type { TilePlan } from '../drawing/panels.ts';
import { rove } from '../shared/roving.ts';
import type { Live } from './live.ts';
import type { Looks } from './looks.ts';
import { codeWidth, PIXELS, SHOWN } from './protocol.ts';
import type { Tells } from './protocol.ts';
import { VERSIONS } from './settings.ts';

/** The page writes this when it opens. */
const FIRST_DIGIT = 3;

/** The reader's own digit and ten test digits: originals, codes and what comes back from each version. */
export function createReconstructions(page: Live, looks: Looks) {
  /** Height of a code's picture by its width. */
  let codeAspect = 0.25;
  const gap = (width: number) => (width < 480 ? 3 : 8);
  const arrangements: (() => void)[] = [];

  function picture(panel: string, label: string, columns: number, aspect?: (width: number) => number) {
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const plan = (width: number): TilePlan => {
      return { columns, rows: 1, gap: gap(width), width, aspect: aspect?.(width) };
    };
    const box = create('div', { className: 'tiles' }, canvas);
    arrangements.push(page.handOver(panel, canvas, plan));
    return box;
  }
  const code = (panel: string, label: string, columns: number) =>
    picture(panel, label, columns, () => codeAspect);
  const strips = (...boxes: HTMLElement[]) => create('div', { className: 'strips' }, ...boxes);
  const line = (head: HTMLElement, ...boxes: HTMLElement[]) =>
    create('div', { className: 'row' }, head, strips(...boxes));
  const head = (text: string, ...more: HTMLElement[]) =>
    create('div', { className: 'head' }, create('h3', {}, text), ...more);
  const keyed = <T extends HTMLElement>(element: T, colour: string): T => {
    element.classList.add('version');
    element.style.setProperty('--key', `var(${colour})`);
    return element;
  };

  // The reader's own digit
  byId('yours').append(
    create(
      'figure',
      {},
      create('figcaption', {}, 'input'),
      picture('yours:input', 'What the encoders see', 1),
    ),
    ...VERSIONS.map(({ name, title, colour }) =>
      create(
        'figure',
        {},
        keyed(create('figcaption', {}, title), colour),
        strips(
          picture(`yours:${name}`, `What ${title} makes of your digit`, 1),
          code(`yours:code:${name}`, `The code of your digit in ${title}`, 1),
        ),
      ),
    ),
  );
  const draw = (pixels: Uint8Array) => void page.call('draw', pixels);
  const pad = createDigitPad({ onInk: draw, onClear: () => draw(new Uint8Array(PIXELS)) });
  pad.write(FIRST_DIGIT);

  // Originals are buttons too: the last two that were chosen are the ends of the walk below.
  const buttons = Array.from({ length: SHOWN }, (_, place) => {
    const button = create('button', { type: 'button' });
    button.addEventListener('click', () => {
      const { b: last } = page.values;
      if (place === last) return;
      page.set({ a: last, b: place });
      announce(`The walk goes from ${looks.nameOf(last)} to ${looks.nameOf(place)}.`);
    });
    return button;
  });
  const cells = create('div', { className: 'cells', role: 'group', 'aria-label': 'Ends of the walk' });
  cells.append(...buttons);
  const refresh = rove(cells, () => SHOWN);
  const originals = picture('original', 'The original test images', SHOWN, (width) => {
    cells.style.gap = `${gap(width)}px`;
    return 1;
  });
  originals.append(cells);
  const other = create('button', { type: 'button' }, 'Other digits');
  other.addEventListener('click', () => page.set({ set: (page.values.set + 1) % 1000 }));

  const noisy = line(
    head('with noise', create('small', {}, 'what the encoders see')),
    picture('noisy', 'The noisy images that the encoders see', SHOWN),
  );
  noisy.hidden = !page.values.denoise;

  const versions = VERSIONS.map(({ name, title, colour }) => {
    const error = create('b', {}, '–');
    const heading = keyed(head(title, create('small', {}, 'test error ', error)), colour);
    const images = picture(`image:${name}`, `What ${title} makes of the test images`, SHOWN);
    return {
      name,
      error,
      heading,
      line: line(heading, images, code(`code:${name}`, `Codes of ${title}`, SHOWN)),
    };
  });
  byId('rows').append(
    line(head('originals', other), originals),
    noisy,
    ...versions.map((version) => version.line),
  );

  function showPair(): void {
    const { a, b } = page.values;
    buttons.forEach((button, place) => {
      const end = [a, b].indexOf(place);
      const role = end < 0 ? '' : end === 0 ? ', the start of the walk' : ', the end of the walk';
      button.ariaLabel = looks.nameOf(place).replace('a', 'A') + role;
      button.textContent = end < 0 ? '' : 'AB'[end];
      button.classList.toggle('end', end >= 0);
    });
  }
  looks.onChange(showPair);
  showPair();
  refresh();

  return {
    model({ bottleneck, noisy: isNoisy }: Tells['model']): void {
      const width = codeWidth(bottleneck);
      codeAspect = bottleneck / width / width;
      noisy.hidden = !isNoisy;
      for (const arrange of arrangements) arrange();
    },
    evaluated(values: Readonly<Record<string, number>>): void {
      const errors = versions.map(({ name }) => values[`${name}Test`]);
      versions.forEach(({ error, heading }, i) => {
        error.textContent = errors[i].toFixed(4);
        heading.classList.toggle('best', errors[i] === Math.min(...errors));
      });
    },
  };
}
