import { losses } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import { byId, count } from '../shared/dom.ts';
import { createBending } from './bending.ts';
import { createShapePad } from './shapePad.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';

const nats = (value: number): string => value.toFixed(2);

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: {
      title: '−log p, nats',
      series: [
        { key: 'loss', name: 'training', colour: '--training', style: 'line' },
        { key: 'testLoss', name: 'test', colour: '--test', style: 'dots' },
        { key: 'gaussian', name: 'one normal distribution', colour: '--first', style: 'dots' },
        { key: 'kernel', name: 'kernel estimate', colour: '--third', style: 'dots' },
        { key: 'entropy', name: 'entropy', colour: '--fourth', style: 'dots' },
      ],
      ...losses,
      formatValue: nats,
      ticks: [0.5, 1, 1.2, 1.5, 2, 2.5, 3, 4],
      range: [1, 3],
    },
  },
  figures: { nll: { key: 'testLoss', format: nats } },
  texts: {
    ready: 'Ready. The flow leaves all as it is: press play to train.',
    trained: 'This flow is trained. Move the slider, draw a shape of your own, or train it from scratch.',
  },
  stepWords: ({ batch, couplings }) =>
    `gather ${batch} places, add noise, go through ${couplings} couplings, loss, backward, update, record`,
  recording: 'trained/moons',
  start(page) {
    const bending = createBending(page);
    createShapePad(page);
    return {
      model(model) {
        byId('stat-parameters').textContent = count(model.parameters);
        bending.model(model);
      },
      reading({ inverseError, nll }) {
        byId('inverse-error').textContent = powerOfTen(inverseError);
        byId('shown-nll').textContent = `${nats(nll)} nats`;
      },
      references({ entropy, gaussian, kernel }) {
        byId('entropy').textContent = `${nats(entropy)} nats`;
        byId('gaussian').textContent = `${nats(gaussian)} nats`;
        byId('kernel').textContent = `${nats(kernel)} nats`;
      },
      changed: () => bending.changed(),
    };
  },
});

const POWERS = '⁻⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 3.1e-6 as 3.1 · 10⁻⁶ */
function powerOfTen(value: number): string {
  if (value === 0) return '0';
  const [digits, power] = value.toExponential(1).split('e');
  const raised = power.replace('+', '').replace(/[-\d]/g, (sign) => POWERS['-0123456789'.indexOf(sign)]);
  return `${digits} · 10${raised}`;
}
