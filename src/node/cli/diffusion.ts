import {
  DIFFUSION_PRESETS,
  diffusion,
  diffusionData,
  diffusionObjective,
  diffusionOptimizer,
} from '../../models/diffusion.ts';
import type { Diffusion, DiffusionPreset } from '../../models/diffusion.ts';
import {
  DIFFUSION_SAMPLERS,
  DIFFUSION_SCHEDULES,
  DIFFUSION_TARGETS,
  DIFFUSION_TIMES,
} from '../../models/diffusionSchedule.ts';
import type { DiffusionSampler, DiffusionSchedule, DiffusionTarget } from '../../models/diffusionSchedule.ts';
import { ArgumentError } from '../../errors.ts';
import { model } from '../../nn/model.ts';
import type { Model } from '../../nn/model.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData, exampleDigits, loadData } from './data.ts';
import { diffusionPictures } from './diffusionPictures.ts';
import { scoreDiffusion } from './diffusionScore.ts';
import type { Drawing } from './diffusionScore.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import type { FitOutcome } from './fitModel.ts';
import { choice, parseNumber } from './flagValues.ts';
import type { ModelFlag } from './modelDescription.ts';
import { profileTraining } from './profileTraining.ts';
import type { Settings } from './settings.ts';
import { lastStep } from './stepCount.ts';

const FLAGS: Readonly<Record<string, ModelFlag>> = {
  target: {
    placeholder: 'NAME',
    meaning: 'what the network predicts: v (default), or the noise, epsilon',
    parse: (flag, text) => choice(flag, text, DIFFUSION_TARGETS) as string,
  },
  schedule: {
    placeholder: 'NAME',
    meaning: 'of the noise: cosine (default) or linear',
    parse: (flag, text) => choice(flag, text, DIFFUSION_SCHEDULES) as string,
  },
  attention: {
    placeholder: '',
    meaning: 'self-attention where the image is smallest, 7 × 7',
    parse: () => 'true',
  },
  guidance: {
    placeholder: 'W',
    meaning: 'how much the class counts in drawing; 1 is the network itself, default 2',
    parse: (flag, text) => parseNumber(flag, text, {}),
    free: true,
  },
  sampler: {
    placeholder: 'NAME',
    meaning: 'how it draws: ddim (default), or ddpm, which adds noise on the way',
    parse: (flag, text) => choice(flag, text, DIFFUSION_SAMPLERS) as string,
    free: true,
  },
  'sampling-steps': {
    placeholder: 'N',
    meaning: 'from noise to an image; default 25',
    parse: (flag, text) => parseNumber(flag, text, { whole: true, above: 0 }),
    free: true,
  },
};

/** `npm run train -- diffusion` */
export const diffusionCommand: ModelCommand = {
  title: 'a diffusion model, which makes digits of noise step by step',
  presets: DIFFUSION_PRESETS,
  defaultPreset: 'small',
  flags: FLAGS,
  check: (settings) => void drawingOf(settings),
  run,
};

/** How it draws when it is trained. */
function drawingOf({ own }: Settings): Drawing {
  const steps = Number(own['sampling-steps'] ?? 25);
  if (steps > DIFFUSION_TIMES) {
    throw new ArgumentError(
      `--sampling-steps ${steps}: pass at most ${DIFFUSION_TIMES}, the times that there are.`,
    );
  }
  const sampler = (own.sampler ?? 'ddim') as DiffusionSampler;
  return { guidance: Number(own.guidance ?? 2), sampler, steps };
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, folder } = context;
  const { signal } = context.interrupt;
  const drawing = drawingOf(settings);
  // its schedule needs the number of steps, and so the data's size
  const data = await loadData(terminal, { name: settings.dataset, data: options.data, signal });
  checkSameData(context, data);
  const train = diffusionData(data.train);
  const { network, trained } = await build(context, train.size);
  try {
    await trained.prepare(diffusionData(exampleDigits()), { batchSize: settings.batchSize });
    terminal.line();
    terminal.line(trained.summary());
    terminal.line();
    resumeModel(context, trained);
    if (options.profile) await profileTraining(context, (await build(context, train.size)).trained, train);

    signal.throwIfAborted();
    const fit = await fitModel(context, trained, { train });
    if (fit.interrupted) return undefined;
    terminal.line();
    const loss = lastLoss(fit);
    const [scores, pictures] = await trained.useAveragedWeights(
      async () =>
        [
          await scoreDiffusion(context, network, data, drawing),
          await diffusionPictures(context, network, drawing),
        ] as const,
    );
    for (const [name, png] of Object.entries(pictures)) await folder.write(name, png);
    await finishRun(context, fit, { ...scores, loss });
    const [first, ...others] = folder.saved(Object.keys(pictures));
    if (first) terminal.line(`Saved ${[folder.pathOf(first), ...others].join(', ')}.`);
    return resultOf(context, trained, data.train, fit, { ...scores, loss, ...drawnWith(drawing) });
  } finally {
    trained.destroy();
  }
}

const drawnWith = ({ guidance, sampler, steps }: Drawing) => ({ guidance, sampler, samplingSteps: steps });

/** The mean over the last steps, as times and noise make that of a single one vary. */
function lastLoss({ history }: FitOutcome): number {
  const last = history.steps.slice(-100).map(({ loss }) => loss);
  return Number((last.reduce((sum, own) => sum + own, 0) / last.length).toFixed(4));
}

async function build(
  { gpu, settings }: TrainContext,
  size: number,
): Promise<{ network: Diffusion; trained: Model }> {
  const { learningRate, precision, own, seed } = settings;
  const network = diffusion({
    channels: DIFFUSION_PRESETS[settings.preset as DiffusionPreset].channels,
    attention: own.attention === 'true',
    target: own.target as DiffusionTarget | undefined,
    schedule: own.schedule as DiffusionSchedule | undefined,
    seed,
  });
  const steps = lastStep({ epoch: 0, step: 0, place: 0 }, settings, size);
  const trained = await model(network.options).compile({
    gpu,
    precision,
    optimizer: diffusionOptimizer({ learningRate, steps }),
    ...diffusionObjective,
  });
  return { network, trained };
}
