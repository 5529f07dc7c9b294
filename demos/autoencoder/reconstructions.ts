import { announce } from '../shared/announce.ts';
import { byId, create } from '../shared/dom.ts';
import { handOver } from '../shared/panels.ts';
import type { TilePlan } from '../shared/panels.ts';
import type { Port } from '../shared/port.ts';
import { rove } from '../shared/roving.ts';
import type { LooksState } from './looks.ts';
import { SHOWN } from './protocol.ts';
import type { FromWorker, ToWorker } from './protocol.ts';
import { VERSIONS } from './settings.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

/** Originals, codes and what comes back, digit by digit, with a row for each version. */
export function createReconstructions(port: Port<FromWorker, ToWorker>, looks: LooksState) {
  /** Height of a code's picture by its width; codes of n numbers are laid out as in views.ts. */
  let codeAspect = 0.25;
  const gap = (width: number) => (width < 480 ? 3 : 8);
  const row = (width: number, aspect = 1): TilePlan => ({
    columns: SHOWN,
    rows: 1,
    gap: gap(width),
    width,
    aspect,
  });

  const picture = (name: string, label: string, aspect?: (width: number) => number) => {
    const canvas = create('canvas', { role: 'img', 'aria-label': label });
    const box = create('div', { className: 'tiles' }, canvas);
    return { box, arrange: handOver(port, name, canvas, (width) => row(width, aspect?.(width))) };
  };
  const line = (title: HTMLElement, ...boxes: HTMLElement[]) =>
    create('div', { className: 'row' }, title, create('div', { className: 'strips' }, ...boxes));
  const head = (text: string, ...more: HTMLElement[]) => {
    return create('div', { className: 'head' }, create('h3', {}, text), ...more);
  };

  // Originals are buttons too: the last two that were chosen are the ends of the walk below.
  const cells = create('div', { className: 'cells', role: 'group', 'aria-label': 'Digits to walk between' });
  const buttons = Array.from({ length: SHOWN }, (_, place) => {
    const button = create('button', { type: 'button' });
    button.addEventListener('click', () => {
      const [, last] = looks.now.pair;
      if (place === last) return;
      looks.change({ pair: [last, place] });
      announce(`Walking from ${looks.digit(last)} to ${looks.digit(place)}.`);
    });
    return button;
  });
  cells.append(...buttons);
  const refresh = rove(cells, () => SHOWN);
  const originals = picture('original', 'The original test images', (width) => {
    cells.style.gap = `${gap(width)}px`;
    return 1;
  });
  originals.box.append(cells);
  const other = create('button', { type: 'button' }, 'Other digits');
  other.addEventListener('click', () => looks.nextSet());

  const noisy = picture('noisy', 'The noisy images that the encoders see');
  const noisyLine = line(
    head('with noise', create('small', {}, 'what the encoders see; the targets stay clean')),
    noisy.box,
  );
  noisyLine.hidden = true;

  const versions = VERSIONS.map(({ name, title, colour }) => {
    const error = create('b', {}, '–');
    const note = create('small', {}, 'test error ', error);
    const heading = head(title, note);
    heading.classList.add('version');
    heading.style.setProperty('--key', `var(${colour})`);
    const images = picture(`image:${name}`, `What ${title} gives back`);
    const code = picture(`code:${name}`, `The codes of ${title}`, () => codeAspect);
    code.box.classList.add('code-strip');
    return { name, error, heading, code, line: line(heading, images.box, code.box) };
  });
  byId('rows').append(
    line(head('originals', other), originals.box),
    noisyLine,
    ...versions.map((version) => version.line),
  );

  function showPair(): void {
    const { pair } = looks.now;
    buttons.forEach((button, place) => {
      const end = pair.indexOf(place);
      const role = end < 0 ? '' : end === 0 ? ', the start of the walk' : ', the end of the walk';
      button.ariaLabel = `A ${looks.digit(place)}${role}`;
      button.textContent = end < 0 ? '' : end === 0 ? 'A' : 'B';
      button.classList.toggle('end', end >= 0);
    });
  }
  looks.onChange(showPair);
  showPair();
  refresh();

  return {
    /** Whether the encoders see noise. */
    noise(value: number): void {
      noisyLine.hidden = value === 0;
    },
    model({ bottleneck }: Of<'model'>): void {
      const width = bottleneck >= 32 ? 16 : Math.min(bottleneck, 8);
      codeAspect = bottleneck / width / width;
      for (const { code } of versions) code.arrange();
    },
    evaluated({ values }: Of<'evaluated'>): void {
      const best = Math.min(...VERSIONS.map(({ name }) => values[name].error));
      for (const { name, error, heading } of versions) {
        error.textContent = values[name].error.toFixed(4);
        heading.classList.toggle('best', values[name].error === best);
      }
    },
  };
}
