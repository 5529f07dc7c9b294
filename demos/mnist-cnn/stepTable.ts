import { byId, count, create, figures } from '../shared/dom.ts';
import type { FromWorker } from './protocol.ts';
import { trainingSettings } from './settings.ts';

/** The training step, dispatch by dispatch. */
export function showProgram({ dispatches, planBytes }: Extract<FromWorker, { type: 'program' }>): void {
  const total = dispatches.reduce((sum, { flops }) => sum + flops, 0);
  const { batchSize } = trainingSettings();
  byId('step-text').textContent =
    `${dispatches.length} dispatches in one submit: gather ${batchSize} images, forward, loss, backward, update, record. ` +
    `${figures(total / 1e6)} MFLOP; ${figures(planBytes / 2 ** 20)} MiB for everything in between; nothing crosses the bus.`;
  const head = ['', 'Where', 'Kernel', 'Workgroups', 'MFLOP'].map((text) =>
    create('th', { scope: 'col' }, text),
  );
  const rows = dispatches.map(({ label, kernel, workgroups, flops }, index) =>
    create(
      'tr',
      {},
      create('td', {}, String(index + 1)),
      create('td', {}, label),
      create('td', {}, create('code', {}, `${kernel}.wgsl`)),
      create('td', {}, workgroups.map(count).join(' × ')),
      create('td', {}, flops > 0 ? figures(flops / 1e6) : ''),
    ),
  );
  byId('dispatches').replaceChildren(
    create('thead', {}, create('tr', {}, ...head)),
    create('tbody', {}, ...rows),
  );
}
