import { announce } from '../shared/announce.ts';
import { LiveChart } from '../shared/chart.ts';
import { byId, count, figures, percent } from '../shared/dom.ts';
import { Diagnosis } from './diagnosis.ts';
import type { FromWorker } from './protocol.ts';
import { ganSettings } from './settings.ts';

type Of<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

/** Weight of the latest reading in the shown speed. */
const SPEED_MEMORY = 0.7;

/** Charts, figures and the status line of the training. */
export function createProgress() {
  const loss = new LiveChart(byId('loss-chart'), {
    title: 'Loss',
    format: (value) => figures(value).replace('-', '−'),
    formatValue: (value) => value.toFixed(2).replace('-', '−'),
    // Nearly linear around 0, logarithmic far from it: losses of a lost game are large.
    scale: { forward: Math.asinh, backward: Math.sinh },
    ticks: [-16, -8, -4, -2, -1, 0, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 32, 64],
    range: [0, 2],
    limits: [-100, 100],
    series: [
      { name: 'discriminator', colour: '--blue', style: 'line' },
      { name: 'generator', colour: '--orange', style: 'line' },
    ],
    legend: byId('loss-values'),
    syncKey: 'training',
  });
  const accuracy = new LiveChart(byId('accuracy-chart'), {
    title: 'Accuracy of the discriminator',
    format: (value) => percent(value, 0),
    scale: { forward: (value) => value, backward: (place) => place },
    ticks: [0, 0.25, 0.5, 0.75, 1],
    range: [0, 1],
    limits: [0, 1.02],
    series: [
      { name: 'on real', colour: '--blue', style: 'line' },
      { name: 'on generated', colour: '--orange', style: 'line' },
    ],
    legend: byId('accuracy-values'),
    syncKey: 'training',
  });
  const diagnosis = new Diagnosis();
  let speed = 0;
  let latest = 0;
  let trainSize = 1;

  /** Readings of the losses come later than the news of the step; only `clear` goes back. */
  function showStep(reached: number): void {
    latest = Math.max(latest, reached);
    byId('stat-step').textContent = count(latest);
    byId('stat-epoch').textContent = ((latest * ganSettings().batchSize) / trainSize).toFixed(2);
  }

  /** Said only when someone else takes the lead. */
  function diagnose(): void {
    const { lead, text } = diagnosis;
    const line = byId('diagnosis');
    if (line.dataset.lead !== lead && lead) announce(text);
    line.dataset.lead = lead;
    line.textContent = text;
  }

  return {
    /** What people should hear of. */
    status(text: string): void {
      byId('status').textContent = text;
    },
    /** What is under way, too often to be read out. */
    doing(text: string, part: number): void {
      byId('doing').textContent = part < 1 ? `${text}, ${percent(part, 0)}` : '';
    },
    data(message: Of<'data'>): void {
      trainSize = message.trainSize;
    },
    clear(): void {
      speed = latest = 0;
      loss.clear();
      accuracy.clear();
      diagnosis.clear();
      diagnose();
      byId('stat-images').textContent = byId('stat-milliseconds').textContent = '–';
      showStep(0);
    },
    showStep,
    steps({ points, millisecondsPerStep }: Of<'steps'>): void {
      for (const point of points) {
        loss.push(point.step, { discriminator: point.discriminatorLoss, generator: point.generatorLoss });
        accuracy.push(point.step, { 'on real': point.realAccuracy, 'on generated': point.fakeAccuracy });
        diagnosis.add(point);
      }
      diagnose();
      showStep(points[points.length - 1].step);
      if (millisecondsPerStep <= 0) return;
      speed = speed ? SPEED_MEMORY * speed + (1 - SPEED_MEMORY) * millisecondsPerStep : millisecondsPerStep;
      byId('stat-milliseconds').textContent = figures(speed);
      byId('stat-images').textContent = count((1000 * ganSettings().batchSize) / speed);
    },
  };
}
