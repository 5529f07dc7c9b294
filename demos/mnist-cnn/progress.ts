import { LiveChart } from '../shared/chart.ts';
import { byId, count, figures, percent } from '../shared/dom.ts';
import type { FromWorker, StepPoint } from './protocol.ts';
import { trainingSettings } from './settings.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

/** Weight of the latest reading in the shown speed. */
const SPEED_MEMORY = 0.7;
/** Probabilities this close to 1 share the top of the axis. */
const TOP = 0.002;

/** Charts, figures and the status line of the training. */
export function createProgress() {
  const loss = new LiveChart(byId('loss-chart'), {
    title: 'Loss',
    format: (value) => figures(value),
    scale: { forward: (value) => Math.log10(Math.max(value, 1e-6)), backward: (place) => 10 ** place },
    ticks: [0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 100],
    range: [1, 2.5],
    limits: [1e-4, 1e4],
    syncKey: 'training',
    formatValue: (value) => value.toFixed(3),
    legend: byId('loss-values'),
  });
  // Equal distances for equal factors in the errors: from 90 to 95 % is as far as from 98 to 99 %.
  const accuracy = new LiveChart(byId('accuracy-chart'), {
    title: 'Accuracy',
    format: (value) => percent(value, value > 0.99 && value < 1 ? 1 : 0),
    scale: {
      forward: (value) => -Math.log10(1 + TOP - Math.min(value, 1)),
      backward: (place) => 1 + TOP - 10 ** -place,
    },
    ticks: [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995],
    range: [0.05, 0.9],
    limits: [0, 1],
    syncKey: 'training',
    formatValue: (value) => percent(value),
    legend: byId('accuracy-values'),
  });

  let epochs = 1;
  let trainSize = 1;
  let firstStep = 0;
  let speed = 0;
  let latest = 0;

  /** Readings of the loss come later than the news of the step; only `clear` goes back. */
  function showStep(reached: number): void {
    const step = (latest = Math.max(latest, reached));
    const { batchSize } = trainingSettings();
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
    /** A new network: everything from the beginning. */
    model(message: Of<'model'>): void {
      epochs = message.epochs;
    },
    clear(): void {
      firstStep = speed = latest = 0;
      loss.clear();
      accuracy.clear();
      byId('stat-images').textContent = byId('stat-milliseconds').textContent = '–';
      byId('stat-accuracy').textContent = '–';
      showStep(0);
    },
    showStep,
    steps({ points, millisecondsPerStep }: Of<'steps'>): void {
      for (const { step, loss: lossValue, accuracy: share } of points as StepPoint[]) {
        loss.push(step, { training: lossValue });
        accuracy.push(step, { training: share });
      }
      showStep(points[points.length - 1].step);
      if (millisecondsPerStep <= 0) return;
      speed = speed ? SPEED_MEMORY * speed + (1 - SPEED_MEMORY) * millisecondsPerStep : millisecondsPerStep;
      byId('stat-milliseconds').textContent = figures(speed);
      byId('stat-images').textContent = count((1000 * trainingSettings().batchSize) / speed);
    },
    evaluated({ step, loss: lossValue, accuracy: share }: Of<'evaluated'>): void {
      loss.push(step, { test: lossValue });
      accuracy.push(step, { test: share });
      byId('stat-accuracy').textContent = percent(share, 2);
    },
  };
}
