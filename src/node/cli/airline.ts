import type { MonthlySeries } from '../../data/airlinePassengers.ts';
import { lineChartSvg } from '../../io/lineChart.ts';
import type { LineSeries } from '../../io/lineChart.ts';
import {
  AIRLINE_STEPS,
  AIRLINE_UNITS,
  airlineNetwork,
  baselines,
  forecastData,
  rootMeanSquaredError,
} from '../../models/airline.ts';
import type { AirlineCell, Baselines, ForecastPlan } from '../../models/airline.ts';
import { adam } from '../../nn/optimizers/adam.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { loadPassengers } from './airlineData.ts';
import { choice, parseNumber } from './flagValues.ts';
import type { ModelFlag } from './modelDescription.ts';
import { Progress } from './progress.ts';
import { refuseLongRuns, ShortTrainings } from './shortTrainings.ts';

const FORECAST = 'forecast.svg';
const WEIGHTS = 'model.safetensors';

/** A value for each part of a list with commas. */
const listFlag = (parse: (flag: string, text: string) => unknown): ModelFlag['parse'] => {
  return (flag, text) => {
    for (const part of text.split(',')) parse(flag, part);
    return text;
  };
};

const FLAGS: Readonly<Record<string, ModelFlag>> = {
  'look-back': {
    placeholder: 'N,N',
    meaning: 'months that the network sees; default 1. Several: one after the other',
    parse: listFlag((flag, text) => parseNumber(flag, text, { whole: true, above: 0 })),
  },
  cell: {
    placeholder: 'NAME',
    meaning: 'lstm (default), gru, or lstm,gru',
    parse: listFlag((flag, text) => choice(flag, text, ['lstm', 'gru'])),
  },
  seeds: {
    placeholder: 'N',
    meaning: 'trainings of each, from --seed on, of which the mean counts; default 5',
    parse: (flag, text) => parseNumber(flag, text, { whole: true, above: 0 }),
  },
  'log-change': {
    placeholder: '',
    meaning: 'forecast the change of the logarithm over a year, in 100 steps',
    parse: () => 'true',
  },
};

/** `npm run train -- airline` */
export const airlineCommand: ModelCommand = {
  title: 'a recurrent network that forecasts the passengers of the next month',
  presets: {
    units16: {
      description: `${AIRLINE_UNITS} units, all months at once`,
      epochs: AIRLINE_STEPS.plain,
      batchSize: 144,
      learningRate: 0.01,
    },
  },
  defaultPreset: 'units16',
  datasets: ['airline-passengers'],
  samples: 'windows',
  flags: FLAGS,
  run,
};

/** One training: what it was, and how far its forecasts are from the months of the test. */
interface Run extends ForecastPlan {
  readonly cell: AirlineCell;
  readonly seed: number;
  readonly testRmse: number;
  readonly finalLoss: number;
}

async function run(
  context: TrainContext,
): Promise<(TrainResult & Baselines & { testRmse: number; runs: readonly Run[] }) | undefined> {
  const { terminal, settings, options, folder, adapter } = context;
  const { signal } = context.interrupt;
  refuseLongRuns(context);
  const lookBacks = String(settings.own['look-back'] ?? 1)
    .split(',')
    .map(Number);
  const cells = String(settings.own.cell ?? 'lstm').split(',') as AirlineCell[];
  const logChange = settings.own['log-change'] === 'true';
  const seeds = Number(settings.own.seeds ?? 5);
  const given = options.steps ?? (options.epochs && Math.ceil(options.epochs)); // a step sees all months
  const steps = given ?? (logChange ? AIRLINE_STEPS.logChange : AIRLINE_STEPS.plain);

  const series = await loadPassengers(context);
  const trainings = new ShortTrainings(context);
  const runs: Run[] = [];
  const drawn: LineSeries[] = [];
  const progress = new Progress(terminal, 'Training', lookBacks.length * cells.length * seeds * steps);
  try {
    for (const lookBack of lookBacks) {
      for (const cell of cells) {
        const forecasts: number[][] = [];
        for (let i = 0; i < seeds; i++) {
          const plan = { lookBack, logChange };
          const job = { series, plan, cell, seed: settings.seed + i, steps, first: runs.length === 0 };
          const done = await trainOne(context, job, trainings, (step) =>
            progress.update(runs.length * steps + step, `${cell}, look-back ${lookBack}`),
          );
          runs.push(done.run);
          forecasts.push(done.forecasts);
        }
        drawn.push(forecastSeries(`${cell}, look-back ${lookBack}`, series, forecasts));
      }
    }
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  } finally {
    progress.stop();
  }

  const compared = baselines(series.values, lookBacks[0]);
  report(
    context,
    runs,
    compared,
    lookBacks.map((lookBack) => baselines(series.values, lookBack).regressionRmse),
  );
  const chart = lineChartSvg({
    title: `${series.name}: forecasts of the next month${logChange ? ', by changes of the logarithm' : ''}`,
    subtitle: adapter.description,
    series: [monthly(series.name, series), ...drawn],
    xLabel: 'year',
    leftLabel: 'thousand passengers',
  });
  if (await folder.write(FORECAST, chart)) terminal.line(`Saved ${folder.pathOf(FORECAST)}, ${WEIGHTS}.`);
  const first = runs.filter(({ cell, lookBack }) => cell === cells[0] && lookBack === lookBacks[0]);
  return trainings.result(series.name, {
    testRmse: mean(first.map(({ testRmse }) => testRmse)),
    ...compared,
    runs,
  });
}

interface Job {
  readonly series: MonthlySeries;
  readonly plan: ForecastPlan;
  readonly cell: AirlineCell;
  readonly seed: number;
  readonly steps: number;
  /** Its weights are saved. */
  readonly first: boolean;
}

async function trainOne(
  context: TrainContext,
  { series, plan, cell, seed, steps, first }: Job,
  trainings: ShortTrainings,
  onStep: (step: number) => void,
): Promise<{ run: Run; forecasts: number[] }> {
  const { settings, interrupt, gpu, folder } = context;
  const data = forecastData(series.values, plan);
  const model = airlineNetwork(cell, plan, seed);
  try {
    await model.compile({
      gpu,
      precision: settings.precision,
      optimizer: adam({ learningRate: settings.learningRate }),
      loss: 'meanSquaredError',
    });
    let finalLoss = NaN;
    const counted = trainings.options({ parameters: model.parameters, samples: data.train.size, onStep });
    const { stopped } = await model.fit(data.train, {
      ...counted,
      steps,
      batchSize: data.train.size,
      keepSteps: false,
      onSteps(values) {
        finalLoss = values.at(-1)!.loss;
        counted.onSteps(values);
      },
    });
    if (stopped === 'aborted') interrupt.signal.throwIfAborted();
    const outputs = await model.predict(data.test);
    const forecasts = data.passengers(outputs, series.values.length - data.test.size);
    if (first) await folder.write(WEIGHTS, await model.save());
    return {
      run: { cell, ...plan, seed, testRmse: rootMeanSquaredError(series.values, forecasts), finalLoss },
      forecasts,
    };
  } finally {
    model.destroy();
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

const monthly = (name: string, { values, year }: MonthlySeries, from = 0): LineSeries => ({
  name,
  points: values.slice(from).map((value, i) => [round(year + (from + i) / 12, 3), round(value, 1)]),
  smooth: false,
});

/** The mean of some trainings' forecasts, month by month. */
function forecastSeries(name: string, series: MonthlySeries, forecasts: readonly number[][]): LineSeries {
  const means = forecasts[0].map((_, month) => mean(forecasts.map((own) => own[month])));
  const from = series.values.length - means.length;
  return monthly(name, { ...series, values: [...series.values.slice(0, from), ...means] }, from);
}

/** A line for each cell and look-back, then what needs no network. */
function report(
  { terminal }: TrainContext,
  runs: readonly Run[],
  compared: Baselines,
  regressions: readonly number[],
): void {
  terminal.line();
  terminal.line('Test error, the root of the mean square, in thousand passengers:');
  const lookBacks = [...new Set(runs.map(({ lookBack }) => lookBack))];
  for (const key of new Set(runs.map(({ cell, lookBack }) => `${cell}, look-back ${lookBack}`))) {
    const errors = runs
      .filter(({ cell, lookBack }) => key === `${cell}, look-back ${lookBack}`)
      .map(({ testRmse }) => testRmse);
    const spread = Math.sqrt(mean(errors.map((error) => (error - mean(errors)) ** 2)));
    const [name, value] = [key.padEnd(24), mean(errors).toFixed(2)];
    terminal.line(
      `  ${name} ${terminal.style('bold', value)} ± ${spread.toFixed(2)} (${errors.length === 1 ? 'one seed' : `${errors.length} seeds`})`,
    );
  }
  const others = [
    ['the month before', compared.persistenceRmse],
    ['the year before', compared.yearlyRmse],
    ['that, times its growth', compared.yearlyGrowthRmse],
    ...lookBacks.map((lookBack, i) => [`linear, look-back ${lookBack}`, regressions[i]]),
    ['the mean of the training', compared.trainingMeanRmse],
  ] as [string, number][];
  for (const [name, error] of others) terminal.line(`  ${name.padEnd(24)} ${error.toFixed(2)}`);
  terminal.line();
}
