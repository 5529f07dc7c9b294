import { Characters } from '../../data/characters.ts';
import { NAMES, syntheticText, textWindows, TINY_SHAKESPEARE } from '../../data/text.ts';
import type { Dataset } from '../../data/dataset.ts';
import { ArgumentError, EnvironmentError } from '../../errors.ts';
import { gpt, gptOptimizer } from '../../models/gpt.ts';
import { GPT_PRESETS } from '../../models/gptNetwork.ts';
import type { GptPreset } from '../../models/gptNetwork.ts';
import { sampleText } from '../../models/sampleText.ts';
import type { Model } from '../../nn/model.ts';
import { readFileIfExists } from '../files.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { parseNumber } from './flagValues.ts';
import { formatCount } from './format.ts';
import { loadFile } from './loadFile.ts';
import type { Loaded } from './loadFile.ts';
import type { ModelFlag } from './modelDescription.ts';
import { profileTraining } from './profileTraining.ts';
import type { Settings } from './settings.ts';
import { lastStep } from './stepCount.ts';

const FILES = { 'tiny-shakespeare': TINY_SHAKESPEARE, names: NAMES };

const FLAGS: Readonly<Record<string, ModelFlag>> = {
  text: {
    placeholder: 'FILE',
    meaning: 'learn this text, in UTF-8, in place of a data set',
    parse: (_, text) => text,
  },
  prompt: {
    placeholder: 'TEXT',
    meaning: 'samples continue it; default a line break',
    parse: (_, text) => text,
    free: true,
  },
  temperature: {
    placeholder: 'X',
    meaning: 'of samples: 0 takes the likeliest character; default 0.8',
    parse: (flag, text) => parseNumber(flag, text, {}),
    free: true,
  },
  'top-k': {
    placeholder: 'N',
    meaning: 'samples draw from the N likeliest characters; default: from all',
    parse: (flag, text) => parseNumber(flag, text, { whole: true, above: 0 }),
    free: true,
  },
};

/** `npm run train -- gpt` */
export const gptCommand: ModelCommand = {
  title: 'a small GPT that learns to write a text character by character',
  presets: GPT_PRESETS,
  defaultPreset: 'tiny',
  datasets: Object.keys(FILES),
  samples: 'pieces',
  flags: FLAGS,
  run,
};

const SAMPLE = 'sample.txt';
/** The share at the beginning that is learned; the rest is for validation. */
const TRAINING = 0.9;
/** Characters of a sample while it trains, and at the end; steps between two. */
const [SHORT, LONG, EVERY] = [72, 500, 250];

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, interrupt, folder } = context;
  const { signal } = interrupt;
  const { context: steps } = GPT_PRESETS[settings.preset as GptPreset];
  const loaded = await loadText(context);
  const text = loaded.data;
  const characters = new Characters(text);
  const indices = characters.encode(text);
  const cut = Math.floor(indices.length * TRAINING);
  const name = nameOf(settings, loaded.synthetic);
  const { synthetic } = loaded;
  const train = textWindows(name, indices.subarray(0, cut), steps, { synthetic });
  const validation = textWindows(name, indices.subarray(cut), steps, { synthetic });
  terminal.line(
    `Data: ${name}, ${formatCount(indices.length)} characters, ${characters.size} different ones; the last tenth for validation (${loaded.source})`,
  );
  checkSameData(context, { train });
  const prompt = String(settings.own.prompt ?? characters.list[0]);
  // both errors come now, not after the training
  if (characters.encode(prompt).length === 0)
    throw new ArgumentError('--prompt is empty: give at least one character that samples continue.');

  const model = await build(context, characters, train);
  try {
    terminal.line();
    terminal.line(model.summary());
    terminal.line();
    resumeModel(context, model);
    if (options.profile) await profileTraining(context, await build(context, characters, train), train);

    const sample = (length: number) =>
      sampleText(model, characters, {
        prompt,
        length,
        signal,
        temperature: settings.own.temperature as number | undefined,
        topK: settings.own['top-k'] as number | undefined,
        seed: settings.seed,
      });
    signal.throwIfAborted();
    const beforeStep = async (step: number) => {
      if (step === 0 || step % EVERY !== 0) return;
      const written = await sample(SHORT);
      terminal.line(`step ${formatCount(step)}: ${JSON.stringify(written.slice(prompt.length))}`);
    };
    const fit = await fitModel(context, model, { train, validation }, { beforeStep });
    if (fit.interrupted) return undefined;
    terminal.line();
    const { loss: validationLoss } = await model.evaluate(validation, { signal });
    const bitsPerCharacter = validationLoss / Math.LN2;
    const written = await sample(LONG);
    terminal.line(
      `Validation: ${terminal.style('bold', validationLoss.toFixed(3))} nats or ${bitsPerCharacter.toFixed(3)} bits a character, on ${formatCount(validation.size * steps)} characters`,
    );
    terminal.line();
    terminal.line(written);
    terminal.line();
    if (await folder.write(SAMPLE, `${written}\n`)) terminal.line(`Saved ${folder.pathOf(SAMPLE)}.`);
    await finishRun(context, fit, { validationLoss });
    const { total } = fit.clock;
    const tokens = fit.epochs * train.size * steps;
    return resultOf(context, model, train, fit, {
      validationLoss,
      bitsPerCharacter,
      tokensPerSecond: Number((total.seconds > 0 ? tokens / total.seconds : 0).toFixed(1)),
      sample: written,
    });
  } finally {
    model.destroy();
  }
}

async function build(
  { gpu, settings }: TrainContext,
  characters: Characters,
  train: Dataset,
): Promise<Model> {
  const { seed, learningRate } = settings;
  const steps = lastStep({ epoch: 0, step: 0, place: 0 }, settings, train.size);
  const model = gpt(settings.preset as GptPreset, characters.size, { seed });
  return model.compile({
    gpu,
    precision: settings.precision,
    optimizer: gptOptimizer({ learningRate, steps }),
    loss: 'softmaxCrossEntropy',
  });
}

const nameOf = ({ own, dataset }: Settings, synthetic: boolean): string =>
  own.text !== undefined ? String(own.text) : synthetic ? 'synthetic text' : dataset;

/** The text that --text or --dataset names. */
async function loadText(context: TrainContext): Promise<Loaded<string>> {
  const { own, dataset } = context.settings;
  if (own.text === undefined) {
    return loadFile(context, FILES[dataset as keyof typeof FILES], {
      parse: (bytes) => new TextDecoder().decode(bytes),
      generate: () => syntheticText(),
    });
  }
  const path = String(own.text);
  const bytes = await readFileIfExists(path);
  if (!bytes) throw new EnvironmentError(`--text ${path}: there is no such file.`);
  return { data: new TextDecoder().decode(bytes), source: path, synthetic: false };
}
