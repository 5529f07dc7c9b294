import type { LivePage } from '../frame/page/page.ts';
import { byId } from '../shared/dom.ts';
import { hashOf } from '../shared/hash.ts';
import { problemOf } from './problem.ts';
import type { Calls } from './protocol.ts';
import type { settings } from './settings.ts';

/** Characters of the reader's text that the network is to continue at first. */
const BEGINNING = 12;

/** Checks the reader's text, has the worker keep it, and trains a new network on it. */
export async function trainOwnText(page: LivePage<typeof settings, Calls>): Promise<void> {
  const said = byId('own-said');
  const text = byId<HTMLTextAreaElement>('own-text').value.replaceAll(/\r\n?/g, '\n');
  const problem = problemOf(text);
  said.classList.toggle('wrong', problem !== undefined);
  if (problem !== undefined) {
    said.textContent = problem;
    return;
  }
  const name = hashOf(text);
  said.textContent = `${text.length.toLocaleString('en-US')} characters, ${new Set(text).size} different ones. A new network learns them.`;
  await page.call('keep', name, text);
  page.set({ own: name, beginning: text.trimStart().slice(0, BEGINNING), start: 'scratch' });
  page.transport.play();
}
