import { lineChartSvg } from '../../io/lineChart.ts';
import { LINE_PRESETS, lineNetwork, linePoints } from '../../models/line.ts';
import type { LinePreset } from '../../models/line.ts';
import type { Dataset } from '../../data/dataset.ts';
import type { Model } from '../../nn/model.ts';
import { sgd } from '../../nn/optimizers.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { formatLoss } from './format.ts';
import { profileTraining } from './profileTraining.ts';
import type { Terminal } from './terminal.ts';

/** `npm run train -- line` */
export const lineCommand: ModelCommand = {
  title: 'a single weight that learns y = 2x, step by step',
  presets: LINE_PRESETS,
  defaultPreset: 'sum',
  datasets: ['y=2x'],
  samples: 'points',
  run,
};

const PARABOLA = 'parabola.svg';

/** A step: the weight before it, and the loss there. */
interface Place {
  readonly weight: number;
  readonly loss: number;
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, options, folder, settings } = context;
  const points = linePoints();
  checkSameData(context, { train: points });
  const model = await build(context);
  try {
    resumeModel(context, model);
    if (options.profile) await profileTraining(context, await build(context), points);
    await showLoss(terminal, model, points);
    terminal.line();

    const weights: number[] = [];
    const first = model.step;
    const beforeStep = async () => void weights.push(await weightOf(model));
    const fit = await fitModel(context, model, { train: points }, { beforeStep });
    if (fit.interrupted) return undefined;
    const losses = fit.history.steps.filter(({ step }) => step >= first).map(({ loss }) => loss);
    const end: Place = { weight: await weightOf(model), loss: await lossAt(model, points) };
    const places = [...losses.map((loss, i) => ({ weight: weights[i], loss })), end];
    terminal.line();
    terminal.line(formatPlaces(places, first, terminal));
    terminal.line();
    await finishRun(context, fit, { weight: end.weight, loss: end.loss });
    if (await folder.write(PARABOLA, parabolaSvg(places, settings.preset as LinePreset)))
      terminal.line(`Saved ${folder.pathOf(PARABOLA)}: the loss over the weight, and the steps on it.`);
    return resultOf(context, model, points, fit, {
      weight: end.weight,
      losses: places.map(({ loss }) => loss),
    });
  } finally {
    model.destroy();
  }
}

async function build({ gpu, settings }: TrainContext): Promise<Model> {
  const { loss } = LINE_PRESETS[settings.preset as LinePreset];
  const { learningRate, precision } = settings;
  return lineNetwork().compile({ gpu, precision, loss, optimizer: sgd({ learningRate }) });
}

const weightOf = async (model: Model): Promise<number> => (await model.getWeights())[0][0];
const lossAt = async (model: Model, points: Dataset): Promise<number> => (await model.evaluate(points)).loss;

/** How far from the weight the loss is looked at, to see its slope. */
const BESIDE = 0.0001;

/** Prints the errors at the weight as it is, and the loss there and a little to both sides, all computed by the GPU. */
async function showLoss(terminal: Terminal, model: Model, points: Dataset): Promise<void> {
  const weight = await weightOf(model);
  const { outputs, loss } = await model.evaluator().inspect(points);
  const row = (name: string, values: ArrayLike<number>) =>
    `  ${name.padEnd(16)}${Array.from(values, (value) => String(round(value)).padStart(6)).join('')}`;
  terminal.line(`At the weight W = ${round(weight)}:`);
  terminal.line(row('x', points.x.data));
  terminal.line(row('2x', points.y.data));
  terminal.line(row('W x', outputs));
  terminal.line(row('squared error', loss));
  const [low, middle, high] = await lossesAt(model, points, [weight - BESIDE, weight, weight + BESIDE]);
  terminal.line(
    `The loss is ${round(middle)}; at ${round(weight - BESIDE)} it is ${round(low)}, at ${round(weight + BESIDE)} it is ${round(high)}: the slope is about ${round((high - low) / (2 * BESIDE), 0)}.`,
  );
}

/** The losses at several weights; the model then has its own weight again. */
async function lossesAt(model: Model, points: Dataset, weights: readonly number[]): Promise<number[]> {
  const own = await model.getWeights();
  const losses: number[] = [];
  for (const weight of weights) {
    await model.setWeights([[weight]]);
    losses.push(await lossAt(model, points));
  }
  await model.setWeights(own);
  return losses;
}

function formatPlaces(places: readonly Place[], first: number, terminal: Terminal): string {
  const head = terminal.style('dim', `${'step'.padStart(6)}${'W'.padStart(12)}${'loss'.padStart(12)}`);
  const rows = places.map(
    ({ weight, loss }, i) =>
      `${String(first + i).padStart(6)}${String(round(weight, 6)).padStart(12)}${formatLoss(loss).padStart(12)}`,
  );
  return [head, ...rows].join('\n');
}

/** The loss over the weight by its formula, and the places of the steps. */
function parabolaSvg(places: readonly Place[], preset: LinePreset): string {
  const factor = preset === 'sum' ? 30 : 6;
  const reach = Math.max(1.2, ...places.map(({ weight }) => Math.abs(weight - 2)));
  const xs = Array.from({ length: 121 }, (_, i) => 2 + ((i - 60) / 60) * reach);
  return lineChartSvg({
    title: `${LINE_PRESETS[preset].description}: ${factor} (W − 2)²`,
    subtitle: `${places.length - 1} steps of gradient descent from W = ${round(places[0].weight)}`,
    xLabel: 'weight W',
    leftLabel: 'loss',
    series: [
      { name: 'loss', smooth: false, points: xs.map((x) => [x, factor * (x - 2) ** 2]) },
      { name: 'steps', smooth: false, points: places.map(({ weight, loss }) => [weight, loss]) },
    ],
  });
}

const round = (value: number, digits = 4): number => Number(value.toFixed(digits));
