import { vae, VAE_PRESETS, vaeData, vaeObjective } from '../../models/vae.ts';
import type { Vae, VaeOptions } from '../../models/vae.ts';
import { model } from '../../nn/model.ts';
import type { Model } from '../../nn/model.ts';
import { adam } from '../../nn/optimizers/adam.ts';
import type { ModelCommand, TrainContext, TrainResult } from './command.ts';
import { checkSameData, exampleDigits, loadData } from './data.ts';
import { finishRun, fitModel, resultOf, resumeModel } from './fitModel.ts';
import { parseNumber } from './flagValues.ts';
import { formatCount, formatPercent } from './format.ts';
import type { ModelFlag } from './modelDescription.ts';
import { profileTraining } from './profileTraining.ts';
import { reconstructionsPng } from './reconstructions.ts';
import type { Settings } from './settings.ts';
import { planePng, samplesPng } from './vaePictures.ts';
import { readAsLabelled } from './vaeScore.ts';

const FLAGS: Readonly<Record<string, ModelFlag>> = {
  latent: {
    placeholder: 'N',
    meaning: 'numbers in a code, such as 2, 16 or 32; default 16',
    parse: (flag, text) => parseNumber(flag, text, { whole: true, above: 0 }),
  },
  conv: {
    placeholder: '',
    meaning: 'convolutions in place of dense layers',
    parse: () => 'true',
  },
  labels: {
    placeholder: '',
    meaning:
      'encoder and decoder also see the class; the classifier that\nscores a GAN says whether digits are those asked for',
    parse: () => 'true',
  },
  beta: {
    placeholder: 'X',
    meaning: 'weight of the KL in the loss; default 1',
    parse: (flag, text) => parseNumber(flag, text, {}),
  },
};

/** `npm run train -- vae` */
export const vaeCommand: ModelCommand = {
  title: 'a variational autoencoder, which draws digits from random codes',
  presets: VAE_PRESETS,
  defaultPreset: 'bernoulli',
  flags: FLAGS,
  check: (settings) => void vae(optionsOf(settings)),
  run,
};

const optionsOf = ({ own, seed }: Settings): Required<VaeOptions> => ({
  latent: Number(own.latent ?? 16),
  conv: own.conv === 'true',
  labels: own.labels === 'true',
  seed,
});

/** A number of the code with less of the KL, in nats, says next to nothing: its σ² is above 0.9. */
const IN_USE = 0.05;

/** Per image and in nats, over the test images. */
interface Scores {
  /** The sum of the other two, whatever β is: a bound of −log p(x). */
  readonly negativeElbo: number;
  readonly reconstruction: number;
  readonly kl: number;
  /** How many numbers of the code are in use. */
  readonly latentsInUse: number;
}

async function run(context: TrainContext): Promise<TrainResult | undefined> {
  const { terminal, settings, options, folder } = context;
  const { signal } = context.interrupt;
  const { network, trained } = await build(context);
  try {
    const { batchSize } = settings;
    const [data] = await Promise.all([
      loadData(terminal, { name: settings.dataset, data: options.data, signal }),
      trained.prepare(vaeData(exampleDigits(), network), { batchSize }), // while they load
    ]);
    checkSameData(context, data);
    const [train, validation, test] = [data.train, data.validation, data.test].map((images) =>
      vaeData(images, network),
    );
    terminal.line();
    terminal.line(trained.summary());
    terminal.line();
    resumeModel(context, trained);
    if (options.profile) await profileTraining(context, (await build(context)).trained, train);

    signal.throwIfAborted();
    const fit = await fitModel(context, trained, { train, validation });
    if (fit.interrupted) return undefined;
    terminal.line();
    const { reconstructionLoss, klLoss } = await trained.evaluate(test, { signal });
    const [logits, kls] = await trained.predictAll(test, { signal });
    const perNumber = columnMeans(kls, network.latent);
    const scores: Scores = {
      negativeElbo: (reconstructionLoss as number) + (klLoss as number),
      reconstruction: reconstructionLoss as number,
      kl: klLoss as number,
      latentsInUse: perNumber.filter((kl) => kl >= IN_USE).length,
    };
    report(context, scores, perNumber, test.size);

    const probabilities = logits.map((logit) => 1 / (1 + Math.exp(-logit)));
    const pictures: Readonly<Record<string, Uint8Array>> = {
      'samples.png': await samplesPng(context, network),
      'reconstructions.png': await reconstructionsPng(test, probabilities),
      ...(network.latent === 2 && { 'plane.png': await planePng(context, network) }),
    };
    for (const [name, png] of Object.entries(pictures)) await folder.write(name, png);
    const judged: Record<string, number> = {};
    if (network.labels) {
      judged.asLabelled = await readAsLabelled(context, network, data);
      terminal.line(`Digits drawn for a class and read as it: ${formatPercent(judged.asLabelled)}`);
      terminal.line();
    }
    await finishRun(context, fit, { ...scores, ...judged });
    const [first, ...others] = folder.saved(Object.keys(pictures));
    if (first) terminal.line(`Saved ${[folder.pathOf(first), ...others].join(', ')}.`);
    return resultOf(context, trained, data.train, fit, { ...scores, ...judged });
  } finally {
    trained.destroy();
  }
}

function report({ terminal }: TrainContext, scores: Scores, perNumber: readonly number[], images: number) {
  const { negativeElbo, reconstruction, kl, latentsInUse } = scores;
  terminal.line(
    `Test: −ELBO ${terminal.style('bold', negativeElbo.toFixed(2))} nats = reconstruction ${reconstruction.toFixed(2)} + KL ${kl.toFixed(2)}, on ${formatCount(images)} images`,
  );
  const largest = perNumber.toSorted((a, b) => b - a).map((own) => own.toFixed(2));
  terminal.line(
    `KL of each number of the code: ${largest.join(' ')}; in use: ${latentsInUse} of ${perNumber.length}`,
  );
  terminal.line();
}

/** The mean of each column of rows that lie one after the other. */
function columnMeans(values: Float32Array, columns: number): number[] {
  const sums = new Array<number>(columns).fill(0);
  values.forEach((value, i) => (sums[i % columns] += value));
  return sums.map((sum) => (sum * columns) / values.length);
}

async function build({ gpu, settings }: TrainContext): Promise<{ network: Vae; trained: Model }> {
  const network = vae(optionsOf(settings));
  const { learningRate, precision, own } = settings;
  const trained = await model(network.options).compile({
    gpu,
    precision,
    optimizer: adam({ learningRate }),
    ...vaeObjective({ beta: own.beta as number | undefined }),
  });
  return { network, trained };
}
