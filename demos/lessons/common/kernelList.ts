import type { DispatchInfo, KernelCode } from '../../shared/dispatches.ts';
import { byId, create } from '../../shared/dom.ts';
import { showKernel } from '../../widgets/kernels.ts';

/** Fills #kernels with the kernels that computed the figure's numbers; each opens its source in a dialog. */
export function showKernels(kernels: readonly KernelCode[], dispatches: readonly DispatchInfo[]): void {
  const dialog = createDialog();
  const items = kernels
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map((kernel) => {
      const own = dispatches.filter(({ kernel: name }) => name === kernel.name);
      const title = `Used for ${[...new Set(own.map(({ label }) => label))].slice(0, 6).join(', ')}`;
      const button = create('button', { type: 'button', className: 'kernel', title }, `${kernel.name}.wgsl`);
      button.addEventListener('click', () => dialog(kernel));
      return create('li', {}, button);
    });
  byId('kernels').replaceChildren(
    create('span', {}, 'These kernels compute every number here:'),
    create('ul', {}, ...items),
  );
}

function createDialog(): (kernel: KernelCode) => void {
  const title = create('strong', { id: 'kernel-title' }, 'A kernel of this figure');
  const close = create('button', { type: 'button' }, 'Close');
  const compiled = create('input', { type: 'checkbox' });
  const code = create('div', { className: 'code', tabIndex: 0, role: 'region', 'aria-label': 'Source' });
  const choice = create(
    'label',
    { className: 'compiled' },
    compiled,
    'as compiled for this GPU, with the sizes as constants',
  );
  const article = create('article', {}, create('header', {}, title, close), choice, code);
  const dialog = create('dialog', { id: 'kernel', 'aria-labelledby': 'kernel-title' }, article);
  document.body.append(dialog);
  let shown: KernelCode | undefined;
  const paint = () => showKernel(code, shown!.name, compiled.checked ? shown!.code : undefined);
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());
  compiled.addEventListener('change', () => void paint());
  return (kernel) => {
    shown = kernel;
    void paint();
    dialog.showModal();
  };
}
