import type { DispatchInfo } from '../../shared/dispatches.ts';
import { byId, count, create, figures } from '../../shared/dom.ts';
import { flopUnit } from './stepText.ts';
import { showKernel } from '../../widgets/showKernel.ts';

/**
 * Fills the table #dispatches with a program, dispatch by dispatch; each kernel's name opens its source in the dialog
 * #kernel.
 */
export function createStepTable(): (dispatches: readonly DispatchInfo[]) => void {
  const dialog = byId<HTMLDialogElement>('kernel');
  byId('kernel-close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());

  function open(kernel: string): void {
    byId('kernel-title').textContent = kernel;
    void showKernel(byId('kernel-code'), kernel);
    dialog.showModal();
  }

  function row({ label, kernel, workgroups, flops }: DispatchInfo, index: number, most: number): HTMLElement {
    const { size } = flopUnit(most);
    const button = create('button', { type: 'button', title: 'Read this kernel' }, `${kernel}.wgsl`);
    button.addEventListener('click', () => open(kernel));
    const work = create('td', { className: 'work' }, inUnits(flops / size));
    work.style.setProperty('--share', String(flops / most));
    const cells = [String(index + 1), label, button, workgroups.map(count).join(' × ')];
    return create('tr', {}, ...cells.map((cell) => create('td', {}, cell)), work);
  }

  return (dispatches) => {
    const most = Math.max(...dispatches.map(({ flops }) => flops));
    const titles = ['Where', 'Kernel', 'Workgroups', flopUnit(most).name];
    const head = [create('td'), ...titles.map((text) => create('th', { scope: 'col' }, text))];
    byId('dispatches').replaceChildren(
      create('thead', {}, create('tr', {}, ...head)),
      create('tbody', {}, ...dispatches.map((dispatch, index) => row(dispatch, index, most))),
    );
  };
}

function inUnits(value: number): string {
  if (value === 0) return '–';
  return value < 0.005 ? '<0.01' : figures(value, 2);
}
