import { lineChartSvg } from '../../io/lineChart.ts';
import { LOGIC, Perceptron, sigmoidNeuron, truthTable, twoLayers } from '../../models/logic.ts';
import type { LogicFunction } from '../../models/logic.ts';
import type { Model } from '../../nn/model.ts';
import { sgd } from '../../nn/optimizers.ts';
import { train } from '../../nn/training/train.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { decisionGrid, decisionSvg } from './decisionSvg.ts';
import type { Decision } from './decisionSvg.ts';
import { formatLoss, padEnd } from './format.ts';
import { LOSS_CHART } from './runFolder.ts';
import { refuseLongRuns, ShortTrainings } from './shortTrainings.ts';

/** `npm run train -- logic` */
export const logicCommand: ModelCommand = {
  title: 'neurons that learn OR and AND and fail at XOR, which two layers can',
  presets: {
    classroom: {
      description: 'perceptron rule, gradients, two layers',
      epochs: 1000,
      batchSize: 4,
      learningRate: 1,
    },
  },
  defaultPreset: 'classroom',
  datasets: ['logic'],
  samples: 'rows',
  run,
};

const NAMES = Object.keys(LOGIC) as LogicFunction[];
const DECISIONS = 'decisions.svg';
/** The perceptron rule has done when an epoch has no error. With XOR no epoch has: its weights go in a circle. */
const RULE_EPOCHS = 100;
/** Two layers learn at this share of a neuron's rate: their loss is steeper. */
const LAYERS_RATE = 0.5;

/** A network that learns a truth table by gradient descent. */
interface Lesson {
  /** As --json names it. */
  readonly key: string;
  readonly name: LogicFunction;
  readonly network: () => Model;
  readonly learningRate: number;
}

/** What became of it. */
interface Learned extends Decision {
  readonly key: string;
  readonly losses: readonly (readonly [number, number])[];
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  refuseLongRuns(context);
  const { signal } = context.interrupt;
  try {
    return await runAll(context);
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

async function runAll(context: TrainContext): Promise<TrainResult> {
  const { terminal, settings, folder } = context;
  const trainings = new ShortTrainings(context);
  const heading = (text: string) => {
    terminal.line();
    terminal.line(terminal.style('bold', text));
  };
  terminal.line(`Outputs for the inputs 00, 01, 10 and 11:`);

  heading('The perceptron rule: row after row, from zeros');
  const perceptron = {} as Record<LogicFunction, number>;
  for (const name of NAMES) perceptron[name] = await learnByRule(context, trainings, name);

  const { seed, learningRate } = settings;
  const neurons = NAMES.map((name): Lesson => ({ key: name, name, network: sigmoidNeuron, learningRate }));
  const layers: Lesson = {
    key: 'xorTwoLayers',
    name: 'xor',
    network: () => twoLayers({ seed }),
    learningRate: learningRate * LAYERS_RATE,
  };
  const learned: Learned[] = [];
  heading('A sigmoid neuron, by gradient descent on the cross-entropy');
  for (const lesson of neurons) learned.push(await learnByGradient(context, trainings, lesson));
  heading('Two layers: four neurons with tanh, then a sigmoid neuron');
  learned.push(await learnByGradient(context, trainings, layers));

  terminal.line();
  await folder.write(LOSS_CHART, lossSvg(learned, context));
  await folder.write(DECISIONS, decisionSvg(learned));
  const saved = folder.saved([LOSS_CHART, DECISIONS]).map((name) => folder.pathOf(name));
  if (saved.length > 0) terminal.line(`Saved ${saved.join(', ')}.`);
  const shares = Object.fromEntries(learned.map((own) => [own.key, shareRight(own.outputs, own.targets)]));
  const finalLosses = Object.fromEntries(learned.map(({ key, losses }) => [key, losses.at(-1)![1]]));
  return trainings.result('logic', { ...shares, finalLosses, perceptron });
}

/** @returns the share of the rows that are right */
async function learnByRule(
  context: TrainContext,
  trainings: ShortTrainings,
  name: LogicFunction,
): Promise<number> {
  const { gpu } = context;
  const perceptron = new Perceptron();
  const table = truthTable(name);
  let done: number | undefined;
  const counted = trainings.options({ parameters: 3, samples: 1 });
  const stop = new AbortController();
  const training = train(table, perceptron.step(1), {
    gpu,
    ...counted,
    signal: AbortSignal.any([counted.signal, stop.signal]),
    epochs: RULE_EPOCHS,
    batchSize: 1,
    shuffle: false,
    onEpoch({ epoch, wrong }) {
      counted.onEpoch();
      if (wrong > 0) return;
      done ??= epoch + 1;
      stop.abort();
    },
  });
  try {
    await training;
    counted.signal.throwIfAborted();
    const [[w0, w1], [bias]] = await Promise.all([
      gpu.variables.read(perceptron.weights),
      gpu.variables.read(perceptron.bias),
    ]);
    const outputs = INPUTS.map(([a, b]) => (a * w0 + b * w1 + bias > 0 ? 1 : 0));
    const when =
      done === undefined ? `errors in all ${RULE_EPOCHS} epochs` : `no error from epoch ${done} on`;
    show(context, name, outputs, `w (${w0}, ${w1}), b ${bias}; ${when}`);
    return shareRight(outputs, LOGIC[name]);
  } finally {
    training.destroy();
  }
}

async function learnByGradient(
  context: TrainContext,
  trainings: ShortTrainings,
  { key, name, network, learningRate }: Lesson,
): Promise<Learned> {
  const { gpu, settings } = context;
  const { epochs, steps, batchSize, precision } = settings;
  const table = truthTable(name);
  const model = network();
  try {
    await model.compile({ gpu, precision, optimizer: sgd({ learningRate }), loss: 'binaryCrossentropy' });
    const counted = trainings.options({ parameters: model.parameters, samples: Math.min(batchSize, 4) });
    const { steps: history } = await model.fit(table, { ...counted, epochs, steps, batchSize });
    counted.signal.throwIfAborted();
    const outputs = [...(await model.predict(table))];
    const losses = history.map(({ step, loss }) => [step + 1, loss] as const);
    show(context, name, outputs, `loss ${formatLoss(losses.at(-1)![1])}`);
    const grid = await decisionGrid((points) => model.predict(points));
    const title = key === name ? name.toUpperCase() : `${name.toUpperCase()}, two layers`;
    return { key, title, targets: LOGIC[name], outputs, losses, grid };
  } finally {
    model.destroy();
  }
}

const INPUTS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];

/** Share of the outputs that lie on the target's side of one half. */
function shareRight(outputs: readonly number[], targets: readonly number[]): number {
  return outputs.filter((output, i) => output > 0.5 === targets[i] > 0.5).length / targets.length;
}

function show(
  { terminal }: TrainContext,
  name: LogicFunction,
  outputs: readonly number[],
  more: string,
): void {
  const targets = LOGIC[name];
  const cells = outputs.map((output, i) => {
    const right = output > 0.5 === targets[i] > 0.5;
    return terminal.style(right ? 'green' : 'red', output.toFixed(3));
  });
  const count = `${shareRight(outputs, targets) * 4} of 4 right`;
  terminal.line(`  ${padEnd(name.toUpperCase(), 4)} ${cells.join('  ')}   ${count}, ${more}`);
}

function lossSvg(learned: readonly Learned[], { adapter }: TrainContext): string {
  return lineChartSvg({
    title: 'Truth tables, learned by gradient descent',
    subtitle: adapter.description,
    leftLabel: 'cross-entropy',
    series: learned.map(({ title, losses }) => ({ name: title, points: losses, smooth: false })),
  });
}
