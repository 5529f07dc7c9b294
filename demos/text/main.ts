import { losses } from '../frame/page/chartPlans.ts';
import { startPage } from '../frame/page/page.ts';
import { byId, count } from '../shared/dom.ts';
import { createAttention } from './attention.ts';
import { createNext } from './next.ts';
import { bindOwnText } from './ownText.ts';
import { createPaper } from './paper.ts';
import type { Calls, Tells } from './protocol.ts';
import { createSamples } from './samples.ts';
import { settings } from './settings.ts';

const RECORDING = 'trained/tiny';
const bits = (nats: number): string => (nats / Math.LN2).toFixed(2);

startPage<typeof settings, Calls, Tells>({
  settings,
  worker: () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'wgrad' }),
  charts: {
    loss: {
      title: 'Loss, nats per character',
      series: [
        { key: 'loss', name: 'training', colour: '--training', style: 'line' },
        { key: 'testLoss', name: 'validation', colour: '--test', style: 'dots' },
      ],
      ...losses,
      formatValue: (value) => `${value.toFixed(2)} (${bits(value)} bits)`,
      ticks: [0.1, 0.2, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5],
      range: [1.5, 4.2],
    },
  },
  figures: { bits: { key: 'testLoss', format: bits } },
  texts: {
    trained: 'This network is trained, and writes. Change its text, or train a network yourself.',
  },
  recording: RECORDING,
  stepWords: () => 'gather pieces of the text, forward, loss, backward, update, record',
  start(page) {
    let back = 0;
    const show = () => void page.call('show', paper.text, back);
    const paper = createPaper(page, () => {
      back = 0;
      show();
    });
    const next = createNext((character) => paper.append(character));
    const attention = createAttention(page, (own) => {
      back = own;
      show();
    });
    const samples = createSamples(new URL(RECORDING, location.href).href);
    const showOwn = bindOwnText(page);
    return {
      model(made) {
        byId('stat-parameters').textContent = count(made.parameters);
        next.model(made);
        attention.model(made);
        paper.model(made);
      },
      reading(reading) {
        paper.reading(reading);
        next.reading(reading);
        attention.reading(reading);
      },
      sample: samples.sample,
      cleared() {
        samples.clear();
        paper.clear();
      },
      position(position) {
        samples.position(position);
        paper.position(position);
      },
      changed(names) {
        if (names.includes('head')) attention.changed();
        if (!names.includes('own')) return;
        showOwn();
        paper.begin();
      },
    };
  },
});
