import { losses } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import { byId, count } from '../shared/dom.ts';
import { createDraws } from './draws.ts';
import { createInformed } from './informed.ts';
import { createPlane } from './plane.ts';
import type { Calls, Tells } from './protocol.ts';
import { settings } from './settings.ts';
import { createWalk } from './walk.ts';

/** An axis of nats, on which equal distances are equal factors. */
const nats = {
  ...losses,
  formatValue: (value: number) => value.toFixed(1),
  ticks: [1, 2, 5, 10, 20, 50, 80, 100, 120, 150, 200, 300, 500],
} as const;

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: {
      title: 'Reconstruction, nats',
      series: [
        { key: 'reconstructionLoss', name: 'training', colour: '--training', style: 'line' },
        { key: 'testReconstruction', name: 'test', colour: '--test', style: 'dots' },
      ],
      ...nats,
      range: [130, 300],
    },
    kl: {
      title: 'KL, nats',
      series: [
        { key: 'klLoss', name: 'training', colour: '--training', style: 'line' },
        { key: 'testKl', name: 'test', colour: '--test', style: 'dots' },
      ],
      ...nats,
      range: [1, 8],
    },
  },
  figures: { elbo: { key: 'testElbo', format: (value) => value.toFixed(1) } },
  texts: {
    ready: 'Ready. The weights are random: press play to train.',
    trained: 'This network is trained. Move over the plane of its codes, write a digit, or train your own.',
  },
  stepWords: ({ batch }) =>
    `gather ${batch} images, encode, draw noise and codes, decode, both losses, backward, update, record`,
  recording: 'trained/latent-2',
  start(page) {
    const plane = createPlane(page);
    const draws = createDraws(page);
    const walk = createWalk(page);
    const informed = createInformed();
    return {
      model(model) {
        byId('stat-parameters').textContent = count(model.parameters);
        plane.model(model);
        draws.model(model);
      },
      shown: walk.shown,
      reading(reading) {
        plane.reading(reading);
        draws.reading(reading);
      },
      cloud(cloud) {
        plane.cloud(cloud);
        informed(cloud);
      },
      changed() {
        plane.changed();
        walk.changed();
      },
    };
  },
});
