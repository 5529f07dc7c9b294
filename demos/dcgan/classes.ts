import { LiveChart } from '../shared/chart.ts';
import { byId, count, create, notice, percent } from '../shared/dom.ts';
import type { Port } from '../shared/port.ts';
import { COLLAPSE_ENTROPY, isCollapsed } from './diagnosis.ts';
import { SAMPLES } from './protocol.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

const CLASSES = 10;

/** How many of the samples are read as each digit, and a warning where few digits are left. */
export function createClasses(port: Port<FromWorker, ToWorker>) {
  const train = byId<HTMLButtonElement>('critic');
  const bar = byId<HTMLProgressElement>('critic-progress');
  const columns = Array.from({ length: CLASSES }, (_, digit) => {
    const fill = create('span', { className: 'fill' });
    const value = create('span', { className: 'value' }, '');
    const column = create(
      'li',
      {},
      create('span', { className: 'bar' }, fill),
      create('span', { className: 'name' }, String(digit)),
    );
    fill.append(value);
    return { column, fill, value };
  });
  byId('columns').append(...columns.map(({ column }) => column));
  const chart = new LiveChart(byId('classes-chart'), {
    title: 'Diversity and confidence',
    format: (value) => percent(value, 0),
    scale: { forward: (value) => value, backward: (place) => place },
    ticks: [0, 0.25, 0.5, 0.75, 1],
    range: [0, 1],
    limits: [0, 1.02],
    series: [
      { name: 'diversity', colour: '--blue', style: 'dots' },
      { name: 'confidence', colour: '--orange', style: 'dots' },
    ],
    legend: byId('classes-values'),
    syncKey: 'training',
  });
  let collapsed = false;
  train.addEventListener('click', () => port.post({ type: 'critic' }));

  function warn(now: boolean, entropy = 0): void {
    if (now === collapsed) return;
    collapsed = now;
    const text = `Mode collapse: the entropy of the digits is ${entropy.toFixed(2)} nats, below ${COLLAPSE_ENTROPY}. The samples are as diverse as ${Math.exp(entropy).toFixed(1)} digits would be, not ten. Try a smaller learning rate for the generator, or let the discriminator alone catch up for some steps.`;
    byId('collapse').replaceChildren(...(now ? [notice(text, 'warning')] : []));
  }

  return {
    critic({ state, part, accuracy, steps }: Of<'critic'>): void {
      train.hidden = state !== 'untrained';
      bar.hidden = state !== 'training';
      bar.value = part;
      const texts = {
        untrained: `The classifier is not trained yet: ${count(steps)} steps, beside the game.`,
        training: 'The classifier is learning to read.',
        ready: `The classifier read ${percent(accuracy, 0)} of the real digits rightly at the end of its training.`,
      };
      if (byId('critic-status').textContent !== texts[state])
        byId('critic-status').textContent = texts[state];
    },
    clear(): void {
      chart.clear();
      warn(false);
      for (const id of ['entropy', 'effective', 'confidence']) byId(id).textContent = '–';
      byId('classes-step').textContent = '';
      for (const { fill, value } of columns) {
        fill.style.height = '0';
        value.textContent = '';
      }
    },
    classes(message: Of<'classes'>): void {
      const { step, digits, entropy, meanConfidence } = message;
      const counts = columns.map((_, digit) => digits.filter((each) => each === digit).length);
      const most = Math.max(...counts, (2 * SAMPLES) / CLASSES);
      counts.forEach((number, digit) => {
        const { column, fill, value } = columns[digit];
        fill.style.height = `${(number / most) * 100}%`;
        value.textContent = String(number);
        column.ariaLabel = `${digit}: ${number} samples`;
      });
      byId('classes-step').textContent = `after step ${count(step)}`;
      byId('entropy').textContent = entropy.toFixed(2);
      byId('effective').textContent = `${Math.exp(entropy).toFixed(1)} digits`;
      byId('confidence').textContent = percent(meanConfidence, 0);
      chart.push(step, { diversity: entropy / Math.log(CLASSES), confidence: meanConfidence });
      warn(isCollapsed(message), entropy);
    },
  };
}
