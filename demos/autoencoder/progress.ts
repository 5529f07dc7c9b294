import { LiveChart } from '../shared/chart.ts';
import { byId, count, figures, percent } from '../shared/dom.ts';
import type { FromWorker } from './protocol.ts';
import { recipeOf, trainingSettings, VERSIONS } from './settings.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

/** Weight of the latest reading in the shown speed. */
const SPEED_MEMORY = 0.7;
const TICKS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

function chart(name: 'error' | 'loss', title: string, range: readonly [number, number]): LiveChart {
  return new LiveChart(byId(`${name}-chart`), {
    title,
    format: (value) => figures(value, 2),
    formatValue: (value) => value.toFixed(4),
    scale: { forward: (value) => Math.log10(Math.max(value, 1e-6)), backward: (place) => 10 ** place },
    ticks: TICKS,
    range,
    limits: [1e-4, 1e4],
    syncKey: 'training',
    series: VERSIONS.map(({ title: own, colour }) => ({ name: own, colour, style: 'line' })),
    legend: byId(`${name}-values`),
  });
}

/** Charts, figures and the status line of the training. */
export function createProgress() {
  const error = chart('error', 'Squared error', [0.05, 0.1]);
  const loss = chart('loss', 'Loss', [0.07, 0.7]);
  let trainSize = 1;
  let firstStep = 0;
  let speed = 0;
  let latest = 0;

  /** Readings of the loss come later than the news of the step; only `clear` goes back. */
  function showStep(reached: number): void {
    const step = (latest = Math.max(latest, reached));
    const { batchSize } = trainingSettings();
    const { epochs } = recipeOf();
    const stepsPerRun = Math.ceil((epochs * trainSize) / batchSize);
    if (step > firstStep + stepsPerRun) firstStep += stepsPerRun;
    const wanted = epochs * (1 + Math.round(firstStep / stepsPerRun));
    const done = Math.min(wanted, (step * batchSize) / trainSize);
    byId('stat-epoch').textContent = `${done.toFixed(2)} of ${wanted}`;
    byId('stat-step').textContent = count(step);
    byId<HTMLProgressElement>('progress').value = Math.min(1, (step - firstStep) / stepsPerRun);
  }

  return {
    /** What people should hear of. */
    status(text: string): void {
      byId('status').textContent = text;
      byId('doing').textContent = '';
    },
    /** What is under way, too often to be read out. */
    doing(text: string, part: number): void {
      byId('doing').textContent = `${text}, ${percent(part, 0)}`;
    },
    data({ trainSize: size }: Of<'data'>): void {
      trainSize = size;
    },
    model({ parameters }: Of<'model'>): void {
      byId('stat-parameters').textContent = `3 × ${count(parameters)}`;
    },
    clear(): void {
      firstStep = speed = latest = 0;
      error.clear();
      loss.clear();
      byId('stat-images').textContent = byId('stat-milliseconds').textContent = '–';
      showStep(0);
    },
    showStep,
    steps({ points, millisecondsPerStep }: Of<'steps'>): void {
      for (const { step, values } of points) {
        error.push(step, Object.fromEntries(VERSIONS.map(({ name, title }) => [title, values[name].error])));
        loss.push(step, Object.fromEntries(VERSIONS.map(({ name, title }) => [title, values[name].loss])));
      }
      showStep(points[points.length - 1].step);
      if (millisecondsPerStep <= 0) return;
      speed = speed ? SPEED_MEMORY * speed + (1 - SPEED_MEMORY) * millisecondsPerStep : millisecondsPerStep;
      byId('stat-milliseconds').textContent = figures(speed);
      byId('stat-images').textContent = count((1000 * trainingSettings().batchSize) / speed);
    },
  };
}
