import type { LivePage } from '../frame/page/page.ts';
import { byId } from '../shared/dom.ts';
import { hashOf } from '../shared/hash.ts';
import { problemOf } from './problem.ts';
import type { Calls } from './protocol.ts';
import { settings } from './settings.ts';

/** Characters of the reader's text that the network is to continue at first. */
const BEGINNING = 12;

/** A text of the reader's own in place of Shakespeare: it is checked, kept by the worker, and trained on. */
export function bindOwnText(page: LivePage<typeof settings, Calls>) {
  const area = byId<HTMLTextAreaElement>('own-text');
  const said = byId('own-said');
  const back = byId<HTMLButtonElement>('own-back');

  byId('own-train').addEventListener('click', () => void train());
  back.addEventListener('click', () => {
    page.set({ own: '', beginning: settings.beginning.initial as string, start: 'trained' });
    said.textContent = 'It has Shakespeare again.';
  });

  async function train(): Promise<void> {
    const text = area.value.replaceAll(/\r\n?/g, '\n');
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

  const show = () => (back.hidden = page.values.own === '');
  show();
  return show;
}
