import { dataset, GanNetworks, init } from '../../src/index.ts';
import type { Gpu, Program } from '../../src/index.ts';
import { dcganPair, SMALL } from '../../src/models/dcganSmall.ts';
import { grokkingMlp } from '../../src/models/grokkingMlp.ts';
import { gptNetwork, GPT_PRESETS } from '../../src/models/gptNetwork.ts';
import { mnistCnnNetwork } from '../../src/models/mnistCnnNetwork.ts';
import { vae, vaeData } from '../../src/models/vae.ts';
import { versionsData, versionsNetwork } from '../../src/models/versionsNetwork.ts';
import { describeProgram } from '../../src/runtime/describe/index.ts';
import type { StepGraph } from '../../src/runtime/describe/index.ts';
import { cpuDevice } from '../../src/simulator/index.ts';
import { settings as autoencoder } from '../autoencoder/settings.ts';
import { compile as compileAutoencoder } from '../autoencoder/training.ts';
import { settings as dcgan } from '../dcgan/settings.ts';
import { compile as compileGan } from '../dcgan/training.ts';
import { initialValues } from '../frame/settings.ts';
import type { Settings, ValuesOf } from '../frame/settings.ts';
import { pairsOf } from '../grokking/pairs.ts';
import { settings as grokking } from '../grokking/settings.ts';
import { batchesOf as pairBatches, compile as compileGrokking } from '../grokking/training.ts';
import { settings as digits } from '../mnist-cnn/settings.ts';
import { compile as compileDigits } from '../mnist-cnn/training.ts';
import { network as pointsNetwork } from '../points/network.ts';
import { pointsOf } from '../points/points.ts';
import { settings as points } from '../points/settings.ts';
import { batchesOf, compile as compilePoints } from '../points/training.ts';
import { exampleWindows } from '../sequences/forecaster.ts';
import { network as sequenceNetwork } from '../sequences/network.ts';
import { settings as sequences } from '../sequences/settings.ts';
import { batchesOf as windowBatches, compile as compileSequence } from '../sequences/training.ts';
import { featuresOf } from '../tables/features.ts';
import { BATCH, network as tableNetwork } from '../tables/network.ts';
import { settings as tables } from '../tables/settings.ts';
import { exampleRows } from '../tables/table.ts';
import { compile as compileTable } from '../tables/training.ts';
import { settings as text } from '../text/settings.ts';
import { SHAKESPEARE } from '../text/text.ts';
import { compile as compileText, examplePieces } from '../text/training.ts';
import { examplePlaces, flowOf } from '../flow/network.ts';
import { settings as flowSettings } from '../flow/settings.ts';
import { compile as compileFlow } from '../flow/training.ts';
import { settings as vaeSettings } from '../vae/settings.ts';
import { compile as compileVae } from '../vae/training.ts';

/** Has a step compiled, and none made: options of `fit`. */
type Fit = (options: { steps: 0; onReady: (program: Program) => void }) => PromiseLike<unknown>;

const initial = <S extends Settings>(settings: S) => initialValues(settings) as ValuesOf<S>;
/** Images as MNIST has them. */
const images = (size: number) =>
  dataset({ x: new Uint8Array(size * 784), y: new Uint8Array(size), inputShape: [28, 28, 1] });

/** The training of each page, by its folder, with the page's first settings. */
const TRAININGS: Readonly<Record<string, (gpu: Gpu) => Promise<Fit>>> = {
  async points(gpu) {
    const values = initial(points);
    const { shape, noise, seed, rate } = values;
    const model = await compilePoints(gpu, pointsNetwork(values), rate);
    return (options) => model.fit(batchesOf(pointsOf(shape, noise, seed), seed), options);
  },
  async tables(gpu) {
    const values = initial(tables);
    const model = await compileTable(gpu, tableNetwork(values), values.rate);
    const rows = exampleRows(featuresOf(values.features).length, BATCH);
    return (options) => model.fit(rows, { ...options, batchSize: BATCH });
  },
  async sequences(gpu) {
    const values = initial(sequences);
    const model = await compileSequence(gpu, sequenceNetwork(values), values.rate);
    return (options) => model.fit(windowBatches(exampleWindows(values.back)), options);
  },
  async grokking(gpu) {
    const values = initial(grokking);
    const model = await compileGrokking(gpu, grokkingMlp(values), values);
    return (options) => model.fit(pairBatches(pairsOf(values).train), options);
  },
  async text(gpu) {
    const { network, rate } = initial(text);
    const { batchSize, context } = GPT_PRESETS[network];
    const model = await compileText(gpu, gptNetwork(network, SHAKESPEARE.size), { learningRate: rate });
    return (options) => model.fit(examplePieces(context, batchSize), { ...options, batchSize });
  },
  async 'mnist-cnn'(gpu) {
    const values = initial(digits);
    const { preset, seed, batch: batchSize } = values;
    const model = await compileDigits(gpu, mnistCnnNetwork(preset, { seed }), values);
    return (options) => model.fit(images(batchSize), { ...options, batchSize });
  },
  async autoencoder(gpu) {
    const { bottleneck, seed, rate, batch: batchSize } = initial(autoencoder);
    const model = await compileAutoencoder(gpu, versionsNetwork({ bottleneck, seed }), rate);
    return (options) => model.fit(versionsData(images(batchSize)), { ...options, batchSize });
  },
  async vae(gpu) {
    const values = initial(vaeSettings);
    const { batch: batchSize } = values;
    const network = vae(values);
    const model = await compileVae(gpu, network, values);
    return (options) => model.fit(vaeData(images(batchSize), network), { ...options, batchSize });
  },
  async flow(gpu) {
    const values = initial(flowSettings);
    const { batch: batchSize, rate } = values;
    const model = await compileFlow(gpu, flowOf(values), rate);
    return (options) => model.fit(examplePlaces(batchSize), { ...options, batchSize });
  },
  async dcgan(gpu) {
    const values = initial(dcgan);
    const { seed, batch: batchSize } = values;
    const gan = await compileGan(gpu, new GanNetworks(dcganPair('small', SMALL, { seed })), values);
    return (options) => gan.fit(images(batchSize), { ...options, batchSize });
  },
};

/** The training step of each page as it is compiled for a GPU, for readers without one. */
async function stepGraphs(): Promise<Readonly<Record<string, StepGraph>>> {
  const gpu = await init({ device: cpuDevice(), software: false });
  const found: Record<string, StepGraph> = {};
  for (const [page, prepare] of Object.entries(TRAININGS)) {
    const fit = await prepare(gpu);
    await fit({ steps: 0, onReady: (program) => void (found[page] = describeProgram(program)) });
  }
  return found;
}

/** They are made while this module loads: what runs it for a build loads nothing afterwards. */
export const graphs = await stepGraphs();
