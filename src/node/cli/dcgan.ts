import { ArgumentError } from '../../errors.ts';
import type { Dataset } from '../../data/dataset.ts';
import { DCGAN_PRESETS, dcgan, dcganTraining } from '../../models/dcgan.ts';
import type { DcganPreset } from '../../models/dcgan.ts';
import type { DigitScore } from '../../models/digitScore.ts';
import type { Gan, GanLossOptions, GanSampler, GeneratorLoss } from '../../nn/gan/index.ts';
import { summarize } from '../../nn/summary.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData, exampleDigits, loadData } from './data.ts';
import { scoreGan } from './dcganScore.ts';
import type { GanScores } from './dcganScore.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { choice, parseNumber } from './flagValues.ts';
import { formatCount, formatPercent } from './format.ts';
import type { ModelFlag } from './modelDescription.ts';
import { profileTraining } from './profileTraining.ts';
import { sampleGrid } from './sampleGrid.ts';

const share = (flag: string, text: string): number => {
  const value = parseNumber(flag, text, {});
  if (value < 0.5) return value;
  throw new ArgumentError(`--${flag} ${text}: pass a number below 0.5.`);
};

const FLAGS: Readonly<Record<string, ModelFlag>> = {
  'sample-every': {
    placeholder: 'N',
    meaning: 'steps from one sample grid to the next; default 500',
    parse: (flag, text) => parseNumber(flag, text, { whole: true, above: 0 }),
    free: true,
  },
  'generator-loss': {
    placeholder: 'NAME',
    meaning: 'nonSaturating (default) or minimax',
    parse: (flag, text) => choice(flag, text, ['nonSaturating', 'minimax']),
  },
  'label-smoothing': {
    placeholder: 'X',
    meaning: 'the target of real images is 1 − X; 0.1 is usual',
    parse: share,
  },
  'fake-smoothing': { placeholder: 'X', meaning: 'the target of generated images is X', parse: share },
  'label-noise': {
    placeholder: 'X',
    meaning: 'lowers both targets by up to X, at random per image',
    parse: share,
  },
  'instance-noise': {
    placeholder: 'X',
    meaning: 'deviation of normal noise on all images that\nthe discriminator sees',
    parse: (flag, text) => parseNumber(flag, text, {}),
  },
};

const SAMPLE_EVERY = 500;
/** Images of the grid. */
const GRID = 64;

/** `npm run train -- dcgan` */
export const dcganCommand: ModelCommand = {
  title: 'a generator of handwritten digits and its adversary',
  presets: DCGAN_PRESETS,
  defaultPreset: 'small',
  flags: FLAGS,
  run,
};

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options } = context;
  const { signal } = context.interrupt;
  const gan = await build(context);
  let sampler: GanSampler | undefined;
  try {
    const { batchSize } = settings;
    const [data] = await Promise.all([
      loadData(terminal, { name: settings.dataset, data: options.data, signal }),
      gan.prepareFit(exampleDigits(), { batchSize }), // while they load
    ]);
    checkSameData(context, data);
    for (const network of [gan.generator, gan.discriminator]) {
      terminal.line();
      terminal.line(summarize(network));
    }
    terminal.line();
    resumeModel(context, gan);
    if (options.profile) await profile(context, data.train);

    signal.throwIfAborted();
    const open = async () => {
      sampler?.destroy();
      return (sampler = await gan.sampler({ count: GRID }));
    };
    const fit = await fitModel(context, gan, { train: data.train }, sampling(context, open));
    if (fit.interrupted) return undefined;
    terminal.line();
    const drawn = await context.folder.write('samples.png', await sampleGrid(sampler ?? (await open())));
    const scores = await scoreGan(context, gan, data);
    report(context, scores);
    await finishRun(context, fit, { ...rounded(scores.generated) });
    if (drawn) terminal.line(`Saved ${context.folder.pathOf('samples.png')}.`);
    return resultOf(context, gan, data.train, fit, rounded(scores.generated));
  } finally {
    sampler?.destroy();
    gan.destroy();
  }
}

/**
 * Writes samples-000500.png and so on while training goes on.
 *
 * @param open makes a sampler on the GPU in use
 */
function sampling({ folder, settings }: TrainContext, open: () => Promise<GanSampler>) {
  const every = Number(settings.own['sample-every'] ?? SAMPLE_EVERY);
  let sampler: GanSampler | undefined;
  return {
    onRecover: async () => void (sampler = await open()),
    beforeStep: async (step: number) => {
      if (step === 0 || step % every !== 0) return;
      sampler ??= await open();
      await folder.write(`samples-${String(step).padStart(6, '0')}.png`, await sampleGrid(sampler));
    },
  };
}

const rounded = (score: DigitScore): DigitScore => ({
  classifierConfidence: Number(score.classifierConfidence.toFixed(4)),
  classEntropy: Number(score.classEntropy.toFixed(4)),
  frechetDistance: Number(score.frechetDistance.toFixed(3)),
});

function report({ terminal }: TrainContext, { generated, real, images }: GanScores): void {
  const row = (name: string, confidence: string, entropy: string, distance: string) =>
    `${name.padEnd(28)}${confidence.padStart(10)}  ${entropy.padStart(13)}  ${distance.padStart(16)}`;
  const heads = row('', 'confidence', 'class entropy', 'Fréchet distance');
  terminal.line(terminal.style('dim', heads));
  const scores = [
    [`${formatCount(images)} generated images`, generated],
    ['real images, for comparison', real],
  ] as const;
  for (const [name, { classifierConfidence, classEntropy, frechetDistance }] of scores) {
    const confidence = formatPercent(classifierConfidence);
    terminal.line(row(name, confidence, `${classEntropy.toFixed(3)} nats`, frechetDistance.toFixed(2)));
  }
  terminal.line(
    terminal.style('dim', 'Scored by a classifier; an entropy of 2.303 is all ten digits alike.'),
  );
  terminal.line();
}

async function profile(context: TrainContext, train: Dataset): Promise<void> {
  const gan = await build(context);
  try {
    await profileTraining(context, gan, train);
  } finally {
    gan.destroy();
  }
}

async function build({ gpu, settings }: TrainContext): Promise<Gan> {
  const { seed, learningRate } = settings;
  const preset = settings.preset as DcganPreset;
  const training = dcganTraining(preset, { learningRate, ...lossOptions(settings.own) });
  return dcgan(preset, { seed }).compile({ gpu, precision: settings.precision, ...training });
}

/** What was said about the losses, and nothing else: the preset says the rest. */
function lossOptions(own: TrainContext['settings']['own']): GanLossOptions {
  const said: [string, unknown][] = [
    ['generatorLoss', own['generator-loss'] as GeneratorLoss | undefined],
    ['labelNoise', own['label-noise']],
    ['instanceNoise', own['instance-noise']],
  ];
  const real = own['label-smoothing'];
  const fake = own['fake-smoothing'];
  if (real !== undefined || fake !== undefined)
    said.push(['labelSmoothing', { real: real ?? 0, fake: fake ?? 0 }]);
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}
