import { create } from './dom.ts';

let region: HTMLElement | undefined;

/**
 * Says something to people who hear the page. For what they have asked for themselves: a page in training changes ten
 * times a second, and nobody wants to hear all of it.
 */
export function announce(text: string): void {
  if (!region) {
    region = create('p', { className: 'heard', 'aria-live': 'polite' });
    document.body.append(region);
  }
  region.textContent = text;
}
