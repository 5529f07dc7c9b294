import { LiveChart } from '../../widgets/chart.ts';
import type { ChartOptions, ChartSeries } from '../../widgets/chart.ts';
import { byId, count, figures, percent } from '../../shared/dom.ts';
import type { Point, Position } from '../protocol.ts';
import { loadRecord } from '../trainedRecord.ts';
import type { TrainedRecord } from '../trainedRecord.ts';

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
  adamw: 'AdamW',
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
  const charts = Object.entries(plans).map(([name, plan]) => {
    const root = byId(`${name}-chart`);
    const legend = byId(`${name}-values`);
    return { plan, root, chart: new LiveChart(root, { ...plan, syncKey: 'training', legend }) };
  });
  /** Steps before those of the page: of the recorded run that a trained network comes from. */
  let before = Promise.resolve(0);
  let speed = 0;
  let optimizer: string | undefined;

  /** Charts the curves of a recorded run, by the titles of charts and the names of their series. */
  function addRecord({ recording, steps }: TrainedRecord): number {
    for (const { plan, root, chart } of charts) {
      const values = new Map<number, Record<string, number>>();
      const recorded = recording.charts.find(({ title }) => title === plan.title);
      root.toggleAttribute('data-unrecorded', !recorded);
      for (const { name, points } of recorded?.series ?? []) {
        for (const [step, value] of points) values.set(step, { ...values.get(step), [name]: value });
      }
      for (const [step, own] of [...values].toSorted(([a], [b]) => a - b))
        chart.push(step, own, { smooth: false });
    }
    return steps;
  }

  /** Figures at once; charts as soon as what comes before is charted, unless everything was cleared meanwhile. */
  async function show(point: Point): Promise<void> {
    showFigures(point);
    const own = before;
    const steps = await own;
    if (own !== before) return;
    // The recorded run ends with what the network reaches on all test images: the page may have only some of them.
    if (steps === 0 || point.step > 0) add({ ...point, step: steps + point.step });
  }

  function add(point: Point): void {
    for (const { plan, root, chart } of charts) {
      const own = plan.series.filter(({ key }) => point[key] !== undefined);
      if (own.length === 0) continue;
      root.removeAttribute('data-unrecorded');
      chart.push(point.step, Object.fromEntries(own.map(({ key, name }) => [name, point[key]])));
    }
  }

  function showFigures(point: Point): void {
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
      for (const point of message.points) void show(point);
      const { millisecondsPerStep, samplesPerStep } = message;
      if (millisecondsPerStep <= 0) return;
      speed = speed ? SPEED_MEMORY * speed + (1 - SPEED_MEMORY) * millisecondsPerStep : millisecondsPerStep;
      byId('stat-milliseconds').textContent = figures(speed);
      byId('stat-samples').textContent = count((1000 * samplesPerStep) / speed);
    },
    evaluated: (point: Point) => void show(point),
    /** The network came trained: the charts show how. */
    record(url: string): void {
      const own: Promise<number> = loadRecord(url)
        .then((record) => (own === before ? addRecord(record) : 0))
        .catch(() => 0); // they stay empty
      before = own;
    },
    /** A new network: everything from the beginning. */
    clear(): void {
      before = Promise.resolve(0);
      speed = 0;
      for (const { root, chart } of charts) {
        root.removeAttribute('data-unrecorded');
        chart.clear();
      }
      for (const name of ['samples', 'milliseconds', ...Object.keys(numbers)]) {
        byId(`stat-${name}`).textContent = '–';
      }
    },
  };
}
