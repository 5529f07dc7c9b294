import type { LivePage } from '../frame/page/page.ts';
import type { Position } from '../frame/protocol.ts';
import { announce } from '../shared/announce.ts';
import { byId, create } from '../shared/dom.ts';
import type { Calls, Reading, Tells } from './protocol.ts';
import type { settings } from './settings.ts';

/** A character is written in this time at least, in milliseconds. */
const PACE_MS = 40;
/** Characters that it writes before it stops. */
const MOST = 300;
/** Where that takes longer, it writes up to so many at once. */
const PORTION = 8;
/** Characters of the beginning that the address keeps. */
const LONGEST = 200;

/** The paper: a text that the reader edits and the network continues. `onText` is told of every change. */
export function createPaper(page: LivePage<typeof settings, Calls>, onText: () => void) {
  const area = byId<HTMLTextAreaElement>('text');
  const behind = byId('behind');
  const button = byId('write');
  const unknown = byId('unknown');
  let known: ReadonlySet<string> | undefined;
  /** Characters at the beginning that the reader has typed, and at the end, which the network sees. */
  let [typed, seen] = [0, 0];
  /** The writing under way. */
  let writing: object | undefined;
  /** It has written by itself, as the page opened. */
  let hasBegun = false;

  area.value = page.values.beginning;
  typed = area.value.length;

  /** Marks behind the text what was typed, and what the network sees. */
  function mark(): void {
    const { value } = area;
    const from = value.length - seen;
    const span = (start: number, end: number, name: string) =>
      start < end ? [create('span', { className: name }, value.slice(start, end))] : [];
    behind.replaceChildren(
      ...span(0, Math.min(from, typed), 'typed'),
      ...span(Math.min(from, typed), from, ''),
      ...span(from, Math.max(from, typed), 'typed seen'),
      ...span(Math.max(from, typed), value.length, 'seen'),
      '\n', // so that a line break at the end has a line
    );
    behind.scrollTop = area.scrollTop;
  }

  function stop(): void {
    writing = undefined;
    button.textContent = 'Write';
  }

  /** The reader has changed the text, or another network reads it. */
  function changed(): void {
    typed = area.value.length;
    seen = Math.min(seen, typed);
    mark();
    onText();
  }

  /** Back to the beginning: what follows was written by a network of before. */
  function clear(): void {
    stop();
    area.value = area.value.slice(0, typed);
    changed();
  }

  /** Leaves out what the network does not know, and says so. */
  function check(): void {
    if (!known) return;
    const plain = area.value.replaceAll(/[‘’]/g, "'");
    const text = [...plain].filter((character) => known!.has(character)).join('');
    const strange = [...new Set(plain)].filter((character) => !known!.has(character));
    unknown.textContent =
      strange.length > 0 ? `It has never seen ${strange.slice(0, 5).join(' ')}: left out.` : '';
    if (text === area.value) return;
    const end = area.selectionEnd - (area.value.length - text.length);
    area.value = text;
    area.setSelectionRange(end, end);
  }

  function add(text: string): void {
    const isAtEnd = area.scrollTop + area.clientHeight > area.scrollHeight - 40;
    area.value += text;
    if (isAtEnd) area.scrollTop = area.scrollHeight;
    mark();
  }

  async function write(): Promise<void> {
    const own = (writing = {});
    button.textContent = 'Pause';
    const from = area.value.length;
    let portion = 1;
    while (area.value.length - from < MOST) {
      const began = performance.now();
      const pause = new Promise((resolve) => setTimeout(resolve, PACE_MS));
      const added = await page.call('write', area.value, portion);
      if (writing !== own) return;
      portion = Math.max(1, Math.min(PORTION, Math.round((performance.now() - began) / PACE_MS)));
      add(added);
      await pause;
      if (writing !== own) return;
    }
    stop();
    if (document.activeElement === button) announce(`Written: ${area.value.slice(from)}`);
  }

  area.addEventListener('input', () => {
    stop();
    check();
    page.set({ beginning: area.value.slice(0, LONGEST) });
    changed();
  });
  area.addEventListener('scroll', () => (behind.scrollTop = area.scrollTop));
  button.addEventListener('click', () => (writing ? stop() : void write()));
  byId('again').addEventListener('click', () => {
    stop();
    area.value = page.values.beginning;
    changed();
  });

  return {
    get text(): string {
      return area.value;
    },
    /** As if the reader had typed it at the end. */
    append(character: string): void {
      stop();
      add(character);
      onText();
    },
    /** What the network has written belongs to the network of before. */
    model({ characters }: Tells['model']): void {
      known = new Set(characters);
      area.value = area.value.slice(0, typed);
      check();
      clear();
    },
    clear,
    /** Another text is learned, and its beginning continued. */
    begin(): void {
      stop();
      area.value = page.values.beginning;
      typed = area.value.length;
    },
    reading({ seen: own }: Reading): void {
      seen = Math.min(own.join('').length, area.value.length);
      mark();
    },
    position({ state, trained }: Position): void {
      if (hasBegun || state !== 'ready') return;
      hasBegun = true;
      if (trained && !matchMedia('(prefers-reduced-motion: reduce)').matches) void write();
    },
  };
}
