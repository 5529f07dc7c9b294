import type { Dataset } from '../../data/dataset.ts';
import { selfTargets } from '../../data/dataset.ts';
import {
  autoencoder,
  AUTOENCODER_LOSSES,
  AUTOENCODER_PRESETS,
  checkAutoencoder,
} from '../../models/autoencoder.ts';
import type {
  Autoencoder,
  AutoencoderLoss,
  AutoencoderOptions,
  AutoencoderOutput,
  AutoencoderPreset,
} from '../../models/autoencoder.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData, exampleDigits, loadData } from './data.ts';
import type { TrainingData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { choice, parseNumber } from './flagValues.ts';
import { formatCount, formatLoss } from './format.ts';
import type { ModelFlag } from './modelDescription.ts';
import { profileTraining } from './profileTraining.ts';
import { drawReconstructions, meanSquaredError, reconstructionsPng } from './reconstructions.ts';
import type { Settings } from './settings.ts';

const FLAGS: Readonly<Record<string, ModelFlag>> = {
  bottleneck: {
    placeholder: 'N',
    meaning: 'numbers in a code; default 64 (classroom)',
    parse: (flag, text) => parseNumber(flag, text, { whole: true, above: 0 }),
  },
  output: {
    placeholder: 'NAME',
    meaning: 'activation of the last layer: linear or sigmoid (default)',
    parse: (flag, text) => choice(flag, text, ['linear', 'sigmoid']),
  },
  loss: {
    placeholder: 'NAME',
    meaning: 'mse or bce; default bce for a sigmoid, mse for a linear output',
    parse: (flag, text) => choice(flag, text, ['mse', 'bce']),
  },
};

/** `npm run train -- autoencoder` */
export const autoencoderCommand: ModelCommand = {
  title: 'a network that rebuilds digits from a narrow code',
  presets: AUTOENCODER_PRESETS,
  defaultPreset: 'classroom',
  flags: FLAGS,
  check: (settings) => void checkAutoencoder(presetOf(settings), optionsOf(settings)),
  run,
};

const presetOf = ({ preset }: Settings) => preset as AutoencoderPreset;

function optionsOf({ own, seed }: Settings): AutoencoderOptions {
  return {
    bottleneck: own.bottleneck as number | undefined,
    output: own.output as AutoencoderOutput | undefined,
    loss: own.loss as AutoencoderLoss | undefined,
    seed,
  };
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options } = context;
  const { signal } = context.interrupt;
  const { model, loss, output } = await build(context);
  try {
    const { batchSize } = settings;
    const [data] = await Promise.all([
      loadData(terminal, { name: settings.dataset, data: options.data, signal }),
      model.prepare(selfTargets(exampleDigits()), { batchSize }), // while they load
    ]);
    checkSameData(context, data);
    const own = mapData(data, selfTargets);
    terminal.line();
    terminal.line(model.summary());
    terminal.line();
    resumeModel(context, model);
    if (options.profile) await profileTraining(context, (await build(context)).model, own.train);

    signal.throwIfAborted();
    const fit = await fitModel(context, model, own);
    if (fit.interrupted) return undefined;
    terminal.line();
    const { outputs, loss: losses } = await model.evaluator().inspect(own.test, { signal });
    const testLoss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
    const testMeanSquaredError = meanSquaredError(own.test, outputs);
    const named = `loss ${terminal.style('bold', formatLoss(testLoss))} (${loss}, ${output} output)`;
    const where = `${formatCount(own.test.size)} ${own.test.name} images`;
    terminal.line(
      `Test: ${named}, mean squared error ${testMeanSquaredError.toFixed(5)} per pixel, on ${where}`,
    );
    terminal.line();
    terminal.line('From the best to the worst: original over reconstruction (label, loss)');
    terminal.line(drawReconstructions(own.test, outputs, losses, terminal.columns));
    terminal.line();
    const drawn = await context.folder.write(
      'reconstructions.png',
      await reconstructionsPng(own.test, outputs),
    );
    await finishRun(context, fit, { loss: testLoss, meanSquaredError: testMeanSquaredError });
    if (drawn)
      terminal.line(
        `Saved ${context.folder.pathOf('reconstructions.png')}: test images above their reconstructions.`,
      );
    return resultOf(context, model, data.train, fit, { testLoss, testMeanSquaredError });
  } finally {
    model.destroy();
  }
}

function mapData(
  { train, validation, test }: TrainingData,
  change: (data: Dataset) => Dataset,
): TrainingData {
  return { train: change(train), validation: change(validation), test: change(test) };
}

async function build({ gpu, settings }: TrainContext): Promise<Autoencoder> {
  const preset = presetOf(settings);
  const built = autoencoder(preset, optionsOf(settings));
  const { learningRate, precision } = settings;
  const optimizer = AUTOENCODER_PRESETS[preset].optimizer({ learningRate });
  await built.model.compile({ gpu, precision, optimizer, loss: AUTOENCODER_LOSSES[built.loss] });
  return built;
}
