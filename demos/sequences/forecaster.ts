import { dataset, Network, take } from '../../src/index.ts';
import type { Dataset, Model, NetworkOptions } from '../../src/index.ts';
import type { MonthlySeries } from '../../src/data/airlinePassengers.ts';
import { baselines, forecastData, rootMeanSquaredError } from '../../src/models/airline.ts';
import type { Forecast, ForecastPlan } from '../../src/models/airline.ts';
import { part } from '../../src/part.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { ModelTrainee } from '../frame/worker/modelTrainee.ts';
import type { Context, RunOptions, Trainee } from '../frame/worker/trainee.ts';
import { Weights } from '../frame/worker/weights.ts';
import { compileCellView } from './cellView.ts';
import type { CellView } from './cellView.ts';
import { network, planOf } from './network.ts';
import { FIRST, TRAINING_WINDOWS, WINDOWS } from './protocol.ts';
import type { Tells } from './protocol.ts';
import type { settings } from './settings.ts';

type Training = typeof import('./training.ts');
type Here = Context<ValuesOf<typeof settings>, Tells>;

/** Windows of the shapes that are trained on. */
export const exampleWindows = (steps: number): Dataset =>
  dataset({
    name: 'example',
    x: new Float32Array(TRAINING_WINDOWS * steps),
    y: new Float32Array(TRAINING_WINDOWS),
    inputShape: [steps, 1],
    targetShape: [1],
  });

/** The windows before months from FIRST on, whatever the network sees of the year before them. */
export function windowsOf(values: readonly number[], plan: ForecastPlan): Forecast {
  const forecast = forecastData(values, plan);
  const { train, months } = forecast;
  return { ...forecast, train: take(train, FIRST - months[0], train.size) };
}

/** A recurrent network that learns to forecast a series, with its cell opened. */
export class Forecaster extends ModelTrainee implements Trainee<MonthlySeries> {
  readonly optimizer = 'adam';
  readonly batchSize = TRAINING_WINDOWS;
  readonly #context: Here;
  readonly #network: NetworkOptions;
  readonly #view: CellView;
  #month: number;
  #series: MonthlySeries | undefined;
  #forecast: Forecast | undefined;
  /** All windows, one after the other. */
  #windows = new Float32Array();
  #training!: Training;

  private constructor(context: Here, options: NetworkOptions, weights: Weights, view: CellView) {
    super(weights, context.renderer);
    this.#context = context;
    this.#network = options;
    this.#view = view;
    this.#month = context.values.month;
    this.showPanels(view.sources);
  }

  static async create(context: Here): Promise<Forecaster> {
    const { gpu, values } = context;
    const { cell, units, back: steps } = values;
    const options = network(values);
    const own = new Network(options);
    const weights = new Weights(gpu, { '': own });
    context.tell('model', { cell, units, steps, parameters: own.parameters });
    const view = await compileCellView(gpu, own, { cell, units, steps });
    return new Forecaster(context, options, weights, view);
  }

  protected async train(): Promise<Model> {
    this.#training = await part('The script that trains this network', () => import('./training.ts'));
    const { gpu, values } = this.#context;
    return this.#training.compile(gpu, this.#network, values.rate);
  }

  prepare(options: Pick<RunOptions, 'onCompile'>): Promise<void> {
    const { batchSize } = this;
    return this.model.prepare(exampleWindows(this.#context.values.back), { ...options, batchSize });
  }

  take(series: MonthlySeries): void {
    const plan = planOf(this.#context.values);
    this.#series = series;
    this.#forecast = windowsOf(series.values, plan);
    const { train, test } = this.#forecast;
    this.#windows = Float32Array.of(...train.x.data, ...test.x.data);
    this.#view.program.write(this.#view.windows, this.#windows);
    this.#open();
    const { values, year } = series;
    this.#context.tell('series', { values, year, baselines: baselines(values, plan.lookBack) });
  }

  run(_: MonthlySeries, options: RunOptions): PromiseLike<unknown> {
    const { train } = this.#forecast!;
    return this.model.fit(this.#training.batchesOf(train), { ...options, steps: Infinity });
  }

  override set(name: string, value: unknown): void {
    super.set(name, value);
    if (name !== 'month') return;
    this.#month = value as number;
    this.#open();
    this.#context.look();
  }

  /** The window before the chosen month, or the nearest one that there is. */
  get #window(): number {
    return Math.max(0, this.#month - FIRST);
  }

  #open(): void {
    const chosen = new Float32Array(WINDOWS);
    chosen[this.#window] = 1;
    this.#view.program.write(this.#view.chosen, chosen);
  }

  async evaluate(): Promise<Readonly<Record<string, number>>> {
    const { loss } = await this.model.evaluate(this.#forecast!.test);
    await this.#view.program.step();
    const forecasts = await this.#forecasts();
    const test = forecasts.slice(TRAINING_WINDOWS);
    return { testLoss: loss, testRmse: rootMeanSquaredError(this.#series!.values, test) };
  }

  async #forecasts(): Promise<number[]> {
    const outputs = (await this.#view.program.read('forecasts')) as Float32Array;
    return this.#forecast!.passengers(outputs, FIRST);
  }

  /** The pictures stay on the GPU; read are the forecasts, 144 at most, and the numbers of one window, some thousand. */
  async look(): Promise<void> {
    const { program } = this.#view;
    await program.step((encoder) => this.drawPanels(encoder));
    if (!this.#forecast) return;
    const window = this.#window;
    const { back } = this.#context.values;
    const inputs = this.#windows.slice(window * back, (window + 1) * back);
    const [forecasts, numbers] = await Promise.all([this.#forecasts(), this.#view.read()]);
    this.#context.tell('forecasts', forecasts);
    this.#context.tell('opened', { month: window + FIRST, inputs, ...numbers });
  }

  override destroy(): void {
    this.#view.program.destroy();
    super.destroy();
  }
}
