import { byId, notice } from '../../shared/dom.ts';

/** Says in the header what computes, and warns where that is no GPU. */
export function showAdapter({ description, software }: { description: string; software: boolean }): void {
  const adapter = byId('adapter');
  adapter.textContent = software ? `${description} (software)` : description;
  adapter.classList.toggle('software', software);
  if (!software) return;
  const text = 'No GPU was found: the CPU emulates one. The results are the same, but slower.';
  byId('notices').append(notice(text, 'warning'));
}
