import { announce } from '../../shared/announce.ts';
import { byId } from '../../shared/dom.ts';

/** Where the reader keeps it that keys do nothing. */
const KEYS_OFF = 'wgrad-keys-off';

/** What each key does, and the button that does it. `#help` lists them. */
const KEYS: Readonly<Record<string, string>> = {
  ' ': 'play',
  k: 'play',
  s: 'step-once',
  r: 'reset',
  '?': 'help-open',
};

/** Wakes up what every page has around its own: sharing, and, where the page has them, help and keys. */
export function bindShell(): void {
  byId('share').addEventListener('click', () => void share());
  const help = document.querySelector<HTMLDialogElement>('#help');
  if (!help) return;
  byId('help-open').addEventListener('click', () => help.showModal());
  byId('help-close').addEventListener('click', () => help.close());
  help.addEventListener('click', ({ target }) => target === help && help.close());
  bindKeys();
}

function bindKeys(): void {
  let areOn = stored((storage) => storage.getItem(KEYS_OFF)) !== '1';
  const keys = document.querySelector<HTMLInputElement>('#keys-on');
  if (keys) keys.checked = areOn;
  keys?.addEventListener('change', () => {
    areOn = keys.checked;
    stored((storage) => (areOn ? storage.removeItem(KEYS_OFF) : storage.setItem(KEYS_OFF, '1')));
  });
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    const isOff = key !== '?' && !areOn;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented || isOff)
      return;
    const button = document.getElementById(KEYS[key] ?? '') as HTMLButtonElement | null;
    if (!button || document.querySelector('dialog[open]') || needsKey(target as Element, key)) return;
    event.preventDefault();
    button.click();
  });
}

/** What the browser keeps for the site. Where that is forbidden, reading `localStorage` throws: nothing is kept then. */
function stored<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(localStorage);
  } catch {
    return undefined;
  }
}

/** Whether the element in focus wants the key for itself: it is typed into, or the space bar presses it. */
function needsKey(element: Element, key: string): boolean {
  if (element.matches('select, textarea, [contenteditable]')) return true;
  if (element.matches('input:not([type=range], [type=checkbox], [type=radio])')) return true;
  return key === ' ' && element.matches('a, button, input, summary, [role=application], [tabindex]');
}

/** Hands the page's address to the system's own sharing where there is one, else to the clipboard. */
async function share(): Promise<void> {
  const { title } = document;
  try {
    if (navigator.share && matchMedia('(pointer: coarse)').matches) {
      return await navigator.share({ title, url: location.href });
    }
    await navigator.clipboard.writeText(location.href);
    answer('Copied', 'The link to this page with these settings is in the clipboard.');
  } catch (error) {
    if ((error as Error).name !== 'AbortError')
      answer('Not copied', 'The link could not be copied: copy it from the address bar.');
  }
}

/** Says for a moment on the button what became of it, and in a sentence to screen-reader users. */
function answer(short: string, sentence: string): void {
  const button = byId('share');
  button.querySelector('.done')!.textContent = short;
  button.dataset.done = 'true';
  announce(sentence);
  setTimeout(() => delete button.dataset.done, 2000);
}
