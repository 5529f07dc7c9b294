import { announce } from '../../shared/announce.ts';
import { byId, create } from '../../shared/dom.ts';

/** The panels are seen once there is a network, and facts about its data (frame.css). */
function arePanelsSeen(): boolean {
  const { state, synthetic } = document.body.dataset;
  return state !== undefined && synthetic !== undefined;
}

const late = create('div', { className: 'late' });

/** Shows a notice, or what went wrong, above the panels; once these are seen, over them, so that nothing moves. */
export function showNotice(element: HTMLElement): void {
  if (!arePanelsSeen()) {
    byId('notices').append(element);
    return;
  }
  if (element.matches('.notice')) {
    announce(element.textContent);
    const close = create('button', { type: 'button', 'aria-label': 'Close this notice' }, '×');
    close.addEventListener('click', () => element.remove());
    element.append(' ', close);
  }
  late.append(element);
  byId('notices').append(late);
}
