import { take } from '../../data/dataset.ts';
import type { Dataset } from '../../data/dataset.ts';
import {
  FULL_SIZE,
  interpolated,
  SUPER_RESOLUTION_PRESETS,
  superResolution,
  superResolutionData,
  superResolutionMetrics,
  superResolutionOptimizer,
} from '../../models/superResolution.ts';
import type { Interpolation, SuperResolutionPreset } from '../../models/superResolution.ts';
import { drawFields } from '../../models/zeldovich.ts';
import { model } from '../../nn/model.ts';
import type { Model } from '../../nn/model.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData, loadData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { formatCount } from './format.ts';
import { picturesPng } from './pictures.ts';
import { profileTraining } from './profileTraining.ts';
import { Progress } from './progress.ts';
import { lastStep } from './stepCount.ts';

/** `npm run train -- superres` */
export const superresCommand: ModelCommand = {
  title: 'doubles the size of small images: digits, clothes, simulated matter',
  presets: SUPER_RESOLUTION_PRESETS,
  defaultPreset: 'edsr',
  datasets: ['mnist', 'fashion-mnist', 'zeldovich'],
  run,
};

/** Of the images that are for tests, the first so many count. */
const TESTED = 2000;
/** Fields to learn and to test. */
const FIELDS = { train: 6000, test: 1000 };
const PICTURES = 'pictures.png';
/** Columns of the picture, each an image: small, bicubic, as the network has it, and as it was. */
const SHOWN = 12;

const objectiveOf = ({ dataset }: TrainContext['settings']) => ({
  loss: 'meanAbsoluteError' as const,
  metrics: superResolutionMetrics(dataset === 'zeldovich' ? Infinity : 1),
});

interface Scores {
  readonly psnr: number;
  readonly ssim: number;
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, folder, interrupt } = context;
  const { signal } = interrupt;
  const { train, test } = await dataOf(context);
  checkSameData(context, { train });
  const trained = await build(context, train.size);
  try {
    terminal.line();
    terminal.line(trained.summary());
    terminal.line();
    resumeModel(context, trained);
    if (options.profile) {
      const another = await build(context, train.size);
      await profileTraining(context, another, train);
      another.destroy();
    }
    signal.throwIfAborted();
    const fit = await fitModel(context, trained, { train });
    if (fit.interrupted) return undefined;

    const shown = take(test, 0, Math.min(SHOWN, test.size));
    const own = await tested(trained, { test, shown }, signal);
    const nearest = await interpolate(context, 'nearest', { test, shown });
    const bicubic = await interpolate(context, 'bicubic', { test, shown });
    terminal.line();
    report(context, { nearest, bicubic, [settings.preset]: own }, test.size);
    const rows = [...[nearest, bicubic, own].map(({ images }) => images), pixelsOf(shown)];
    const values = Float32Array.from(rows.flatMap((row) => [...row]));
    await folder.write(PICTURES, await picturesPng(values, FULL_SIZE, shown.size));
    const scores = {
      psnr: own.psnr,
      psnrBicubic: bicubic.psnr,
      psnrNearest: nearest.psnr,
      ssim: own.ssim,
      ssimBicubic: bicubic.ssim,
      ssimNearest: nearest.ssim,
    };
    await finishRun(context, fit, scores);
    const [first] = folder.saved([PICTURES]);
    if (first) terminal.line(`Saved ${folder.pathOf(first)}: small, bicubic, rebuilt, and as they were.`);
    return resultOf(context, trained, train, fit, scores);
  } finally {
    trained.destroy();
  }
}

/** Images to train and to test; with themselves as targets. */
async function dataOf(context: TrainContext): Promise<{ train: Dataset; test: Dataset }> {
  const { terminal, settings, options, gpu, interrupt } = context;
  const { signal } = interrupt;
  if (settings.dataset !== 'zeldovich') {
    const data = await loadData(terminal, { name: settings.dataset, data: options.data, signal });
    const test = take(data.test, 0, Math.min(TESTED, data.test.size));
    return { train: superResolutionData(data.train), test: superResolutionData(test) };
  }
  const count = FIELDS.train + FIELDS.test;
  const progress = new Progress(terminal, 'Drawing fields', count);
  const fields = await drawFields(gpu, {
    count,
    signal,
    onProgress: (done) => progress.update(done, `${formatCount(done)} of ${formatCount(count)}`),
  }).finally(() => progress.stop());
  terminal.line(
    `Data: ${fields.name}, drawn on the GPU: ${formatCount(FIELDS.train)} training and ${formatCount(FIELDS.test)} test fields`,
  );
  return { train: take(fields, 0, FIELDS.train), test: take(fields, FIELDS.train) };
}

async function build({ gpu, settings }: TrainContext, samples: number): Promise<Model> {
  const { seed, learningRate, precision } = settings;
  const steps = lastStep({ epoch: 0, step: 0, place: 0 }, settings, samples);
  const { options } = superResolution(settings.preset as SuperResolutionPreset, { seed });
  return model(options).compile({
    gpu,
    precision,
    optimizer: superResolutionOptimizer({ learningRate, steps }),
    ...objectiveOf(settings),
  });
}

interface Tests {
  readonly test: Dataset;
  /** Those of which the pictures are. */
  readonly shown: Dataset;
}

async function tested(
  own: Model,
  { test, shown }: Tests,
  signal: AbortSignal,
): Promise<Scores & { images: Float32Array }> {
  const scores = await own.evaluate(test, { signal });
  const images = await own.predict(shown, { signal });
  return { psnr: scores.psnr as number, ssim: scores.ssim as number, images };
}

/** What a way to enlarge without learning reaches. */
async function interpolate(
  { gpu, settings, interrupt }: TrainContext,
  interpolation: Interpolation,
  tests: Tests,
) {
  const own = await model(interpolated(interpolation).options).compile({ gpu, ...objectiveOf(settings) });
  try {
    return await tested(own, tests, interrupt.signal);
  } finally {
    own.destroy();
  }
}

const pixelsOf = ({ x: { data } }: Dataset): Float32Array =>
  data instanceof Uint8Array ? Float32Array.from(data, (byte) => byte / 255) : (data as Float32Array);

function report({ terminal }: TrainContext, scores: Readonly<Record<string, Scores>>, images: number): void {
  terminal.line(terminal.style('dim', `${''.padEnd(10)}${'PSNR'.padStart(10)}${'SSIM'.padStart(8)}`));
  for (const [name, own] of Object.entries(scores)) {
    terminal.line(
      `${name.padEnd(10)}${own.psnr.toFixed(2).padStart(7)} dB${own.ssim.toFixed(3).padStart(8)}`,
    );
  }
  terminal.line(`On ${formatCount(images)} test images.`);
  terminal.line();
}
