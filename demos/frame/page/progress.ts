import { LiveChart } from '../../widgets/chart.ts';
import type { ChartOptions, ChartSeries } from '../../widgets/chart.ts';
import { byId, count, figures, percent } from '../../shared/dom.ts';
import type { Point, Position } from '../protocol.ts';

/** One of a chart's values: `key` names it among those of a step or an evaluation. */
export interface SeriesPlan extends ChartSeries {
  readonly key: string;
}

export interface ChartPlan extends Omit<ChartOptions, 'series' | 'legend' | 'syncKey'> {
  readonly series: readonly SeriesPlan[];
}

/** A figure of the bar: the latest value called `key`. */
export interface FigurePlan {
  readonly key: string;
  readonly format: (value: number) => string;
}

interface Plans {
  readonly charts?: Readonly<Record<string, ChartPlan>>;
  readonly figures?: Readonly<Record<string, FigurePlan>>;
}

/** How the optimizers are called, by their names in the engine. */
const OPTIMIZERS: Readonly<Record<string, string>> = {
  adam: 'Adam',
  rmsprop: 'RMSprop',
  adadelta: 'Adadelta',
  adagrad: 'Adagrad',
  sgd: 'SGD',
  momentum: 'SGD with momentum',
};
/** Weight of the latest reading in the shown speed. */
const SPEED_MEMORY = 0.7;

/** Charts, figures and the status line of a training. */
export function createProgress({ charts: plans = {}, figures: numbers = {} }: Plans) {
  const charts = Object.entries(plans).map(([name, plan]) => ({
    plan,
    chart: new LiveChart(byId(`${name}-chart`), {
      ...plan,
      syncKey: 'training',
      legend: byId(`${name}-values`),
    }),
  }));
  let speed = 0;
  let optimizer: string | undefined;

  function show(point: Point): void {
    for (const { plan, chart } of charts) {
      const own = plan.series.filter(({ key }) => point[key] !== undefined);
      if (own.length === 0) continue;
      chart.push(point.step, Object.fromEntries(own.map(({ key, name }) => [name, point[key]])));
    }
    for (const [name, { key, format }] of Object.entries(numbers)) {
      if (point[key] !== undefined) byId(`stat-${name}`).textContent = format(point[key]);
    }
  }

  function showOptimizer(values: Readonly<Record<string, unknown>>): void {
    if (!optimizer) return;
    const rates = Object.entries(values).filter(([name]) => name.endsWith('rate'));
    const numbers = rates.map(([, rate]) => figures(rate as number, 2)).join(' and ');
    const text = rates.length > 0 ? `, learning rate${rates.length > 1 ? 's' : ''} ${numbers}` : '';
    byId('stat-optimizer').textContent = (OPTIMIZERS[optimizer] ?? optimizer) + text;
  }

  return {
    /** Messages for screen-reader users. */
    status(text: string): void {
      byId('status').textContent = text;
      byId('doing').textContent = '';
    },
    /** The progress, which changes too often to be read out. */
    doing(text: string, part: number): void {
      byId('doing').textContent = `${text}, ${percent(part, 0)}`;
    },
    made(message: { optimizer: string | undefined }, values: Readonly<Record<string, unknown>>): void {
      ({ optimizer } = message);
      showOptimizer(values);
    },
    optimizer: showOptimizer,
    position({ step, epoch, epochs, part }: Position): void {
      byId('stat-epoch').textContent = epochs ? `${epoch.toFixed(2)} of ${epochs}` : epoch.toFixed(2);
      byId('stat-step').textContent = count(step);
      byId<HTMLProgressElement>('progress').value = part ?? 0;
    },
    points(message: { points: readonly Point[]; millisecondsPerStep: number; samplesPerStep: number }): void {
      for (const point of message.points) show(point);
      const { millisecondsPerStep, samplesPerStep } = message;
      if (millisecondsPerStep <= 0) return;
      speed = speed ? SPEED_MEMORY * speed + (1 - SPEED_MEMORY) * millisecondsPerStep : millisecondsPerStep;
      byId('stat-milliseconds').textContent = figures(speed);
      byId('stat-samples').textContent = count((1000 * samplesPerStep) / speed);
    },
    evaluated: show,
    /** A new network: everything from the beginning. */
    clear(): void {
      speed = 0;
      for (const { chart } of charts) chart.clear();
      for (const name of ['samples', 'milliseconds', ...Object.keys(numbers)]) {
        byId(`stat-${name}`).textContent = '–';
      }
    },
  };
}
