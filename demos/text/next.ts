import { byId, create, percent } from '../shared/dom.ts';
import { glyphOf, nameOf } from './glyphs.ts';
import type { Reading, Tells } from './protocol.ts';

/** Characters that have a line. */
const LINES = 10;

/** Fills the list with the likeliest next characters: a bar for how likely each is drawn. A click takes one of them. */
export function createNext(onTake: (character: string) => void) {
  let characters: readonly string[] = [];
  let shown: readonly string[] = [];
  const lines = Array.from({ length: LINES }, (_, i) => {
    const [name, spoken, fill, mark, share] = [
      create('b', { 'aria-hidden': 'true' }, '–'),
      create('span', { className: 'heard' }),
      create('i', { className: 'first' }),
      create('u', {}),
      create('span', {}, '–'),
    ];
    const button = create(
      'button',
      { type: 'button' },
      name,
      spoken,
      create('span', { className: 'track' }, fill, mark),
      share,
    );
    button.addEventListener('click', () => {
      if (shown[i] !== undefined) onTake(shown[i]);
    });
    return { name, spoken, fill, mark, share, button };
  });
  byId('next').append(...lines.map(({ button }) => create('li', {}, button)));
  const rest = byId('rest');

  return {
    model(own: Tells['model']): void {
      ({ characters } = own);
    },
    reading({ seen, place, order, given, drawn }: Reading): void {
      const isLast = place === seen.length - 1;
      byId('next-title').textContent = isLast
        ? 'What comes next'
        : `What could have come after ${glyphOf(seen[place])}, where ${glyphOf(seen[place + 1])} stands`;
      shown = Array.from(order.subarray(0, LINES), (at) => characters[at]);
      lines.forEach(({ name, spoken, fill, mark, share, button }, i) => {
        const character = shown[i];
        button.disabled = character === undefined || !isLast;
        name.textContent = character === undefined ? '–' : glyphOf(character);
        fill.style.width = `${100 * (drawn[i] ?? 0)}%`;
        mark.style.left = `${100 * (given[i] ?? 0)}%`;
        share.textContent = character === undefined ? '–' : percent(drawn[i]);
        spoken.textContent = character === undefined ? '' : nameOf(character);
        button.classList.toggle('taken', !isLast && character === seen[place + 1]);
      });
      const others = drawn.subarray(LINES).reduce((sum, own) => sum + own, 0);
      rest.textContent = `All others together: ${percent(others)}`;
    },
  };
}
