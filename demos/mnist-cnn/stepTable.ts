import { byId, count, create, figures } from '../shared/dom.ts';
import { kernelSource } from '../shared/kernels.ts';
import { listing } from '../shared/listing.ts';
import type { DispatchInfo, FromWorker } from './protocol.ts';
import { trainingSettings } from './settings.ts';

/** The training step, dispatch by dispatch; each kernel's name opens its source. */
export function createStepTable(): (program: Extract<FromWorker, { type: 'program' }>) => void {
  const dialog = byId<HTMLDialogElement>('kernel');
  byId('kernel-close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', ({ target }) => target === dialog && dialog.close());

  async function open(kernel: string): Promise<void> {
    const source = await kernelSource(kernel);
    byId('kernel-title').textContent = `shaders/${kernel}.wgsl`;
    byId('kernel-code').replaceChildren(listing(source));
    dialog.showModal();
  }

  function row({ label, kernel, workgroups, flops }: DispatchInfo, index: number, most: number): HTMLElement {
    const button = create('button', { type: 'button', title: 'Read this kernel' }, `${kernel}.wgsl`);
    button.addEventListener('click', () => void open(kernel));
    const work = create('td', { className: 'work' }, flops > 0 ? figures(flops / 1e6, 2) : '–');
    work.style.setProperty('--share', String(flops / most));
    const cells = [String(index + 1), label, button, workgroups.map(count).join(' × ')];
    return create('tr', {}, ...cells.map((cell) => create('td', {}, cell)), work);
  }

  return ({ dispatches, planBytes }) => {
    const flops = dispatches.map((dispatch) => dispatch.flops);
    const total = flops.reduce((sum, value) => sum + value, 0);
    byId('step-text').textContent =
      `${dispatches.length} dispatches in one submit: gather ${trainingSettings().batchSize} images, forward, loss, backward, ` +
      `update, record. Together ${figures(total / 1e6)} million floating-point operations, with ${figures(planBytes / 2 ** 20)} MiB ` +
      `for everything in between; nothing crosses the bus. Each name opens its kernel.`;
    const head = ['', 'Where', 'Kernel', 'Workgroups', 'MFLOP'].map((text) =>
      create('th', { scope: 'col' }, text),
    );
    const rows = dispatches.map((dispatch, index) => row(dispatch, index, Math.max(...flops)));
    byId('dispatches').replaceChildren(
      create('thead', {}, create('tr', {}, ...head)),
      create('tbody', {}, ...rows),
    );
  };
}
