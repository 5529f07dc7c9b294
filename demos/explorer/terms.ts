import { byId, create } from '../shared/dom.ts';
import { GLOSSARY, TERMS, termOf } from './glossary.ts';
import type { Term } from './glossary.ts';

/**
 * Marks the glossary's words in an element.
 *
 * @param focusable the keyboard comes to the first of each too, as it should in prose; in code the words are listed beside
 */
export function markTerms(element: HTMLElement, focusable = false, known = new Set<Term>()): void {
  const texts: Text[] = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) texts.push(walker.currentNode as Text);
  for (const text of texts) {
    if (text.parentElement?.closest('.term, pre, a, button') && focusable) continue;
    const parts: (Node | string)[] = [];
    let end = 0;
    for (const match of text.data.matchAll(TERMS)) {
      const term = termOf(match);
      if (focusable && known.has(term)) continue;
      known.add(term);
      parts.push(text.data.slice(end, match.index), marked(match[0], term, focusable));
      end = match.index + match[0].length;
    }
    if (parts.length > 0) text.replaceWith(...parts, text.data.slice(end));
  }
}

function marked(text: string, term: Term, focusable: boolean): HTMLElement {
  const properties = { className: 'term', 'data-term': String(GLOSSARY.indexOf(term)) };
  if (!focusable) return create('span', properties, text);
  return create('button', { ...properties, type: 'button', 'aria-describedby': 'term' }, text);
}

/** The terms of the glossary in a text, in the glossary's order. */
export function termsIn(text: string): readonly Term[] {
  const found = new Set([...text.matchAll(TERMS)].map(termOf));
  return GLOSSARY.filter((term) => found.has(term));
}

/** Shows the text of a word that is pointed at or in focus; Escape hides it. */
export function explainTerms(): void {
  const note = byId('term');
  const hide = () => note.removeAttribute('data-open');
  const show = (word: HTMLElement) => {
    const { name, text } = GLOSSARY[Number(word.dataset.term)];
    note.replaceChildren(create('b', {}, name), ` ${text}`);
    note.dataset.open = 'true';
    const [own, box] = [word.getBoundingClientRect(), note.getBoundingClientRect()];
    const left = Math.max(8, Math.min(own.left, innerWidth - box.width - 8));
    const below = own.bottom + 6 + box.height < innerHeight;
    note.style.left = `${left}px`;
    note.style.top = `${below ? own.bottom + 6 : own.top - box.height - 6}px`;
  };
  const wordOf = (target: EventTarget | null) => (target as Element | null)?.closest?.<HTMLElement>('.term');
  for (const kind of ['mouseover', 'focusin', 'click'] as const)
    document.addEventListener(kind, ({ target }) => {
      const word = wordOf(target);
      if (word) show(word);
      else if (kind !== 'focusin') hide();
    });
  document.addEventListener('focusout', hide);
  document.addEventListener('keydown', ({ key }) => key === 'Escape' && hide());
  addEventListener('scroll', hide, { capture: true, passive: true });
}
