import { create } from './dom.ts';

let region: HTMLElement | undefined;

/**
 * Announces something to screen-reader users. For what they have asked for themselves: a page in training changes ten
 * times a second, which is too often to announce.
 */
export function announce(text: string): void {
  if (!region) {
    region = create('p', { className: 'heard', 'aria-live': 'polite' });
    document.body.append(region);
  }
  region.textContent = text;
}
