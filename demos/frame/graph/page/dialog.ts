import { create } from '../../../shared/dom.ts';

/** Opens a large dialog over the page; `onClose` is told when the reader closes it. */
export function openDialog(title: string, content: HTMLElement, onClose: () => void): HTMLDialogElement {
  const close = create('button', { type: 'button' }, 'Close');
  const name = create('strong', { id: 'graph-dialog-title' }, title);
  const dialog = create(
    'dialog',
    { className: 'graph-dialog', 'aria-labelledby': name.id },
    create('article', {}, create('header', {}, name, close), content),
  );
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener('close', () => {
    dialog.remove();
    onClose();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
