import { single } from '../drawing/panels.ts';
import type { LivePage } from '../frame/page/page.ts';
import { byId, create, percent } from '../shared/dom.ts';
import { rove } from '../shared/roving.ts';
import { glyphOf, nameOf } from './glyphs.ts';
import type { Calls, Reading, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

/** Characters that are named as those that are looked at most. */
const NAMED = 3;
/** Between the small maps, in pixels. */
const GAP = 6;
/** A large map of more characters has none beside it. */
const MOST_LETTERS = 40;

/**
 * Who looks at whom: the characters that the network sees, shaded by how much the chosen one looks at each, and the maps of
 * all heads, which the worker draws.
 */
export function createAttention(page: LivePage<typeof settings, Calls>, onChoose: (back: number) => void) {
  const strip = byId('seen');
  const row = byId('row');
  const buttons = byId('head-buttons');
  let model: Tells['model'] | undefined;
  let last: Reading | undefined;

  const heads = () => (model ? model.blocks * model.heads : 8);
  const chosen = () => Math.min(page.values.head, heads() - 1);
  const plan = (width: number) => {
    const { blocks: rows, heads: columns } = model ?? { blocks: 2, heads: 4 };
    return { columns, rows, gap: GAP, width };
  };
  const arrange = page.handOver('heads', byId<HTMLCanvasElement>('heads'), plan);
  const arrangeRows = page.handOver('rows', byId<HTMLCanvasElement>('rows'), (width) => ({
    ...single(width),
    aspect: heads() / (model?.context ?? 32),
  }));
  page.handOver('head', byId<HTMLCanvasElement>('head'), single);
  const refresh = rove(buttons, () => model?.heads ?? 1);

  const headName = (head: number) => {
    const own = model?.heads ?? 1;
    return `block ${Math.floor(head / own) + 1}, head ${(head % own) + 1}`;
  };

  /** Marks the chosen head. */
  function markHead(): void {
    const own = chosen();
    [...buttons.children].forEach((button, i) => button.setAttribute('aria-pressed', String(i === own)));
    byId('head-title').textContent = `The map of ${headName(own)}`;
    byId('head').setAttribute(
      'aria-label',
      `How much each character, a row, looks at each before it, a column, in ${headName(own)}`,
    );
  }

  /** Shades the characters, and says which are looked at most. */
  function show(): void {
    if (!last || !model) return;
    const { seen, place, weights } = last;
    const { context } = model;
    const own = weights.subarray(chosen() * context, chosen() * context + seen.length);
    const share = (i: number) => percent(own[i], 0);
    [...strip.children].forEach((cell, i) => {
      const element = cell as HTMLElement;
      const character = seen[i];
      const text = character === undefined ? '' : glyphOf(character);
      if (element.textContent !== text) element.textContent = text;
      element.style.setProperty('--share', (own[i] ?? 0).toFixed(3));
      element.classList.toggle('chosen', i === place);
      element.classList.toggle('later', i > place);
      element.title = i <= place ? `${share(i)} of its attention` : '';
    });
    row.style.setProperty('--place', String(place));
    const most = Array.from(own.keys())
      .toSorted((a, b) => own[b] - own[a])
      .slice(0, Math.min(NAMED, place + 1));
    const who = (i: number) => `${nameOf(seen[i])} ${i === place ? '(itself)' : `${place - i} before`}`;
    const words = `In ${headName(chosen())}, ${nameOf(seen[place])} looks at ${most.map((i) => `${who(i)}: ${share(i)}`).join(', ')}`;
    byId('looks').textContent = words;
    strip.setAttribute('aria-valuemax', String(seen.length));
    strip.setAttribute('aria-valuenow', String(place + 1));
    strip.setAttribute('aria-valuetext', words);
    for (const id of ['keys', 'queries']) {
      const letters = context > MOST_LETTERS ? [] : seen;
      [...byId(id).children].forEach((letter, i) => {
        const text = letters[i] === undefined ? '' : glyphOf(letters[i]);
        if (letter.textContent !== text) letter.textContent = text;
        letter.classList.toggle('chosen', id === 'queries' && i === place);
      });
    }
  }

  const choose = (place: number) => {
    if (!last) return;
    const end = last.seen.length - 1;
    const within = Math.max(0, Math.min(end, place));
    if (within !== last.place) onChoose(end - within);
  };
  /** The place of a child of an element, by the pointer. */
  const under = (root: HTMLElement, { target }: Event) => [...root.children].indexOf(target as Element);
  strip.addEventListener('pointermove', (event) => {
    const place = under(strip, event);
    if (place >= 0) choose(place);
  });
  strip.addEventListener('pointerdown', (event) => {
    const place = under(strip, event);
    if (place >= 0) choose(place);
  });
  strip.addEventListener('keydown', (event) => {
    if (!last || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves: Record<string, number> = {
      ArrowLeft: last.place - 1,
      ArrowDown: last.place - 1,
      ArrowRight: last.place + 1,
      ArrowUp: last.place + 1,
      PageUp: last.place + 8,
      PageDown: last.place - 8,
      Home: 0,
      End: last.seen.length - 1,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    choose(moves[event.key]);
  });
  const map = byId('head').parentElement!;
  const chooseRow = ({ clientY }: PointerEvent) => {
    const { top, height } = map.getBoundingClientRect();
    if (model) choose(Math.floor(((clientY - top) / height) * model.context));
  };
  map.addEventListener('pointermove', chooseRow);
  map.addEventListener('pointerdown', chooseRow);

  return {
    model(own: Tells['model']): void {
      model = own;
      last = undefined;
      const { context, blocks, heads: columns } = own;
      const empty = (length: number) => Array.from({ length }, () => create('span', {}));
      strip.replaceChildren(...empty(context));
      for (const id of ['keys', 'queries']) byId(id).replaceChildren(...empty(context));
      byId('map').style.setProperty('--steps', String(context));
      strip.style.setProperty('--steps', String(context));
      buttons.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
      buttons.replaceChildren(
        ...Array.from({ length: blocks * columns }, (_, i) => {
          const button = create('button', { type: 'button', title: headName(i), ariaLabel: headName(i) });
          button.addEventListener('click', () => page.set({ head: i }));
          return button;
        }),
      );
      refresh();
      arrange();
      arrangeRows();
      markHead();
    },
    reading(own: Reading): void {
      last = own;
      show();
    },
    changed(): void {
      markHead();
      show();
    },
  };
}
