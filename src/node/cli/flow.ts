import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError } from '../../errors.ts';
import { FLOW_PRESETS, flowObjective, planeFlow } from '../../models/flow.ts';
import type { Flow } from '../../models/flow.ts';
import { imageFlow, imageFlowData, pixelStatistics } from '../../models/imageFlow.ts';
import type { PixelStatistics } from '../../models/imageFlow.ts';
import { entropyOf, gaussianNll, PLANE_TOYS, planeData, pointsOf } from '../../models/planeToys.ts';
import type { PlaneToyName } from '../../models/planeToys.ts';
import { model } from '../../nn/model.ts';
import type { Model } from '../../nn/model.ts';
import { adam } from '../../nn/optimizers/adam.ts';
import { cosineDecay } from '../../nn/schedules.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData, loadData } from './data.ts';
import type { TrainingData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { parseNumber } from './flagValues.ts';
import { digitsPng, planePngs } from './flowPictures.ts';
import { inverseErrorOf, noiseOf } from './flowScore.ts';
import { formatCount } from './format.ts';
import { profileTraining } from './profileTraining.ts';
import type { Settings } from './settings.ts';
import { lastStep } from './stepCount.ts';

/** `npm run train -- flow` */
export const flowCommand: ModelCommand = {
  title: 'a normalizing flow (RealNVP), which knows how likely its data are',
  presets: FLOW_PRESETS,
  defaultPreset: 'moons',
  datasets: Object.keys(FLOW_PRESETS),
  samples: 'samples',
  flags: {
    couplings: {
      placeholder: 'N',
      meaning: 'steps of the flow; default 8, for mnist 6',
      parse: (flag, text) => parseNumber(flag, text, { whole: true, above: 0 }),
    },
  },
  run,
};

/** What is learned: a flow, its data, and how to draw what it has learned. */
interface Task {
  readonly data: TrainingData;
  readonly build: () => Flow;
  /** File names and PNG files. */
  readonly draw: (flow: Flow) => Promise<Readonly<Record<string, Uint8Array>>>;
  /** What the test's figure can be compared with. */
  readonly reference: string;
  /** Bound of the gradient's norm. */
  readonly globalClipNorm?: number;
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, folder } = context;
  const { signal } = context.interrupt;
  const task = settings.preset === 'mnist' ? await digitTask(context) : planeTask(context);
  const { train, validation, test } = task.data;
  checkSameData(context, task.data);
  const { flow, trained } = await build(context, task);
  try {
    const couplings = flow.towardsNoise.outputs.length;
    terminal.line(
      `Network: ${couplings} couplings of ${flow.dimensions} numbers, ${formatCount(trained.parameters)} parameters`,
    );
    terminal.line();
    resumeModel(context, trained);
    if (options.profile) await profileTraining(context, (await build(context, task)).trained, train);

    signal.throwIfAborted();
    const fit = await fitModel(context, trained, { train, validation });
    if (fit.interrupted) return undefined;
    terminal.line();
    const { loss: testNll } = await trained.evaluate(test, { signal });
    const [z] = await trained.predictAll(test, { signal });
    const scores = {
      testNll,
      bitsPerDimension: testNll / (flow.dimensions * Math.LN2),
      inverseError: await inverseErrorOf(context, flow, z),
      ...noiseOf(z, flow.dimensions),
    };
    report(context, scores, test.size, task.reference);
    const pictures = await task.draw(flow);
    for (const [name, png] of Object.entries(pictures)) await folder.write(name, png);
    await finishRun(context, fit, scores);
    const [first, ...others] = folder.saved(Object.keys(pictures));
    if (first) terminal.line(`Saved ${[folder.pathOf(first), ...others].join(', ')}.`);
    return resultOf(context, trained, train, fit, scores);
  } finally {
    trained.destroy();
  }
}

interface Scores {
  /** −log p of a test sample in nats; of an image, in grey levels. */
  readonly testNll: number;
  readonly bitsPerDimension: number;
  /** The largest |inverse(forward(x)) − x|. */
  readonly inverseError: number;
  /** Furthest from 0, and from 1, of all dimensions of z over the test samples. */
  readonly zMean: number;
  readonly zDeviation: number;
}

function report({ terminal }: TrainContext, scores: Scores, samples: number, reference: string): void {
  const { testNll, bitsPerDimension, inverseError, zMean, zDeviation } = scores;
  terminal.line(
    `Test: ${terminal.style('bold', testNll.toFixed(3))} nats, ${bitsPerDimension.toFixed(3)} bits per dimension, on ${formatCount(samples)} samples ${reference}`,
  );
  terminal.line(
    `There and back: |x − inverse(forward(x))| is at most ${inverseError.toExponential(1)}. z of the test has means up to ${zMean.toFixed(3)} and deviations down or up to ${zDeviation.toFixed(3)}.`,
  );
  terminal.line();
}

function planeTask(context: TrainContext): Task {
  const { settings, terminal } = context;
  if (context.options.data !== undefined) {
    throw new ArgumentError(`flow --preset ${settings.preset} draws its own points: leave --data out.`);
  }
  const toy = PLANE_TOYS[settings.preset as PlaneToyName];
  const { seed } = settings;
  const data = planeData(toy, { seed });
  const points = pointsOf(toy, 2000, seed, 3);
  terminal.line(
    `Data: ${toy.name}, drawn by wgrad: ${formatCount(data.train.size)} places with other noise in each step, ${formatCount(data.test.size)} test places`,
  );
  return {
    data,
    build: () => planeFlow({ noise: toy.noise, couplings: couplingsOf(settings), seed }),
    draw: (flow) => planePngs(context, flow, points),
    reference: `(the entropy, which no model is below: ${entropyOf(toy, points).toFixed(2)}; one normal distribution: ${gaussianNll(points).toFixed(2)})`,
  };
}

async function digitTask(context: TrainContext): Promise<Task> {
  const { settings, options, terminal, interrupt } = context;
  const loaded = await loadData(terminal, {
    name: 'mnist',
    data: options.data,
    signal: interrupt.signal,
  });
  const statistics: PixelStatistics = pixelStatistics(loaded.train);
  const part = (images: Dataset) => imageFlowData(images);
  return {
    data: { train: part(loaded.train), validation: part(loaded.validation), test: part(loaded.test) },
    build: () => imageFlow({ statistics, couplings: couplingsOf(settings), seed: settings.seed }),
    draw: (flow) => digitsPng(context, flow, statistics),
    reference: '(raw bytes: 8 bits)',
    globalClipNorm: 1,
  };
}

const couplingsOf = ({ own }: Settings): number | undefined => own.couplings as number | undefined;

async function build({ gpu, settings }: TrainContext, { data, build: make, globalClipNorm }: Task) {
  const flow = make();
  const { learningRate, precision } = settings;
  const decaySteps = lastStep({ epoch: 0, step: 0, place: 0 }, settings, data.train.size);
  const trained: Model = await model(flow.options).compile({
    gpu,
    precision,
    optimizer: adam({ learningRate, schedule: cosineDecay({ decaySteps }), globalClipNorm }),
    ...flowObjective(),
  });
  return { flow, trained };
}
