import type { LivePage } from '../frame/page/page.ts';
import { byId } from '../shared/dom.ts';
import type { Calls } from './protocol.ts';
import { settings } from './settings.ts';

/** A text of the reader's own in place of Shakespeare. What checks it is loaded when there is one. */
export function bindOwnText(page: LivePage<typeof settings, Calls>) {
  const said = byId('own-said');
  const back = byId<HTMLButtonElement>('own-back');

  byId('own-train').addEventListener('click', () => {
    import('./trainOwnText.ts').then(
      ({ trainOwnText }) => trainOwnText(page),
      () => {
        said.classList.add('wrong');
        said.textContent =
          'The script for it could not be loaded: check the connection, and press the button again.';
      },
    );
  });
  back.addEventListener('click', () => {
    page.set({ own: '', beginning: settings.beginning.initial as string, start: 'trained' });
    said.textContent = 'It has Shakespeare again.';
  });

  const show = () => (back.hidden = page.values.own === '');
  show();
  return show;
}
