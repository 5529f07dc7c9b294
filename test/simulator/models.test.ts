import { describe, expect, it } from 'vitest';
import { syntheticPassengers } from '../../src/data/airlinePassengers.ts';
import { syntheticBreastCancer } from '../../src/data/breastCancer.ts';
import { Characters } from '../../src/data/characters.ts';
import { selfTargets } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { syntheticDigits } from '../../src/data/digits.ts';
import { syntheticText, textWindows } from '../../src/data/text.ts';
import { airlineNetwork, forecastData } from '../../src/models/airline.ts';
import type { AirlineCell } from '../../src/models/airline.ts';
import { autoencoder, AUTOENCODER_LOSSES, AUTOENCODER_PRESETS } from '../../src/models/autoencoder.ts';
import type { AutoencoderPreset } from '../../src/models/autoencoder.ts';
import { breastCancerNetwork } from '../../src/models/breastCancer.ts';
import { dcgan, dcganTraining } from '../../src/models/dcgan.ts';
import type { DcganPreset } from '../../src/models/dcganFacts.ts';
import { DigitClassifier } from '../../src/models/digitClassifier.ts';
import { fashionCnn, fashionOptimizer } from '../../src/models/fashionCnn.ts';
import { gpt, gptOptimizer } from '../../src/models/gpt.ts';
import { GPT_PRESETS } from '../../src/models/gptNetwork.ts';
import { grokkingData, grokkingNetwork, grokkingOptimizer } from '../../src/models/grokking.ts';
import type { GrokkingPreset } from '../../src/models/grokking.ts';
import { MNIST_CNN_PRESETS, mnistCnn } from '../../src/models/mnistCnn.ts';
import type { MnistCnnPreset } from '../../src/models/mnistCnnFacts.ts';
import { vae, vaeData, vaeObjective } from '../../src/models/vae.ts';
import type { VaeOptions } from '../../src/models/vae.ts';
import { binaryCrossentropy } from '../../src/nn/losses.ts';
import { model } from '../../src/nn/model.ts';
import type { Model, ModelCompileOptions } from '../../src/nn/model.ts';
import { adam } from '../../src/nn/optimizers.ts';
import type { Program } from '../../src/runtime/program.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { differences } from './compare.ts';
import type { Form } from './compare.ts';
import { recordStep } from './record.ts';
import type { Recorded } from './record.ts';
import { share } from '../helpers/share.ts';

const { train } = syntheticDigits({ train: 8, test: 1 });
const batchSize = 2;
type Fit = { onReady: (program: Program) => Promise<void>; steps: number; batchSize: number };

type Train = (gpu: Gpu, options: Fit) => Promise<void>;

const digits =
  (preset: MnistCnnPreset): Train =>
  async (gpu, options) => {
    const { optimizer, learningRate } = MNIST_CNN_PRESETS[preset];
    const compile = { gpu, optimizer: optimizer({ learningRate }), metrics: ['accuracy'] } as const;
    const model = await mnistCnn(preset).compile({ ...compile, loss: 'softmaxCrossEntropy' });
    await model.fit(train, options);
    model.destroy();
  };

const rebuilding =
  (preset: AutoencoderPreset): Train =>
  async (gpu, options) => {
    const { model, loss } = autoencoder(preset);
    const { optimizer, learningRate } = AUTOENCODER_PRESETS[preset];
    await model.compile({ gpu, optimizer: optimizer({ learningRate }), loss: AUTOENCODER_LOSSES[loss] });
    await model.fit(selfTargets(train), options);
    model.destroy();
  };

const playing =
  (preset: DcganPreset): Train =>
  async (gpu, options) => {
    const gan = await dcgan(preset).compile({ gpu, ...dcganTraining(preset) });
    await gan.fit(train, options);
    gan.destroy();
  };

/** A model that is trained on data of its own. */
const training =
  (
    make: () => {
      readonly network: Model;
      readonly data: Dataset;
      readonly as: Omit<ModelCompileOptions, 'gpu'>;
    },
  ): Train =>
  async (gpu, options) => {
    const { network, data, as } = make();
    await network.compile({ gpu, ...as });
    await network.fit(data, options);
    network.destroy();
  };
const LOGITS = { loss: 'softmaxCrossEntropy', metrics: ['accuracy'] } as const;

const forecasting = (cell: AirlineCell) =>
  training(() => {
    const plan = { lookBack: 12, logChange: true };
    const { values } = syntheticPassengers();
    const as = { optimizer: adam(), loss: 'meanSquaredError' } as const;
    return { network: airlineNetwork(cell, plan, 0), data: forecastData(values, plan).train, as };
  });

const grokking = (preset: GrokkingPreset) =>
  training(() => ({
    network: grokkingNetwork(preset),
    data: grokkingData(preset).train,
    as: { optimizer: grokkingOptimizer({ learningRate: 0.003, weightDecay: 1 }), ...LOGITS },
  }));

const coding = (options: VaeOptions) =>
  training(() => {
    const own = vae(options);
    const as = { optimizer: adam(), ...vaeObjective() };
    return { network: model(own.options), data: vaeData(train, own), as };
  });

const writing = training(() => {
  const text = syntheticText();
  const characters = new Characters(text);
  const data = textWindows('text', characters.encode(text), GPT_PRESETS.tiny.context);
  const optimizer = gptOptimizer({ learningRate: 0.002, steps: 10 });
  return { network: gpt('tiny', characters.size), data, as: { optimizer, loss: 'softmaxCrossEntropy' } };
});

const diagnosing = training(() => {
  const data = syntheticBreastCancer();
  const as = { optimizer: adam(), loss: binaryCrossentropy({ fromLogits: true }) };
  return { network: breastCancerNetwork(data, 'mlp'), data, as };
});

const sortingClothes = training(() => ({
  network: fashionCnn(),
  data: train,
  as: { optimizer: fashionOptimizer({ learningRate: 0.001, steps: 10 }), ...LOGITS },
}));

/** With `npm run test:simulator`, all forms, all models, and the kernels for real GPUs too. */
const WHOLE = process.env.WGRAD_SIMULATE !== undefined;
const named = (name: string, presets: readonly string[], of: (preset: never) => Train) =>
  Object.fromEntries(presets.map((preset) => [`${name} ${preset}`, of(preset as never)]));

const MODELS: Readonly<Record<string, Train>> = {
  'mnist-cnn quick': digits('quick'),
  autoencoder: rebuilding('classroom'),
  classifier: async (gpu, options) => {
    const { model } = await DigitClassifier.create(gpu);
    await model.fit(train, options);
    model.destroy();
  },
  'dcgan small': playing('small'),
  ...(WHOLE && {
    ...named('mnist-cnn', ['keras', 'tfjs'], digits),
    ...named('autoencoder', ['keras-deep', 'keras-conv'], rebuilding),
    ...named('dcgan', ['keras', 'tf'], playing),
    ...named('airline', ['lstm', 'gru'], forecasting),
    ...named('grokking', ['mlp', 'transformer'], grokking),
    vae: coding({}),
    'vae of convolutions, told the class': coding({ conv: true, labels: true }),
    gpt: writing,
    'breast-cancer': diagnosing,
    fashion: sortingClothes,
  }),
};

const FORMS: readonly Form[] = WHOLE
  ? [true, false].flatMap((rolled) => [true, false].map((checks) => ({ rolled, checks })))
  : [{ rolled: true, checks: true }];
const TARGETS = WHOLE
  ? ([
      [true, true],
      [true, false],
      [false, false],
    ] as const)
  : ([[true, true]] as const);

describe.each(TARGETS)('for a software adapter: %s, with subgroups: %s', (software, subgroups) => {
  // Four forms of a DCGAN's kernels take minutes where others use the processor too.
  const timeout = WHOLE ? 900_000 : undefined;
  it.each(share(Object.keys(MODELS), 2, 0))(
    'each dispatch of a step of %s gives what the GPU gives',
    { timeout },
    async (name) => {
      const gpu = await testGpu(software, subgroups);
      let recorded: Recorded[] = [];
      const onReady = async (program: Program) => {
        recorded = await recordStep(gpu, program);
        program.reset(0);
      };
      await MODELS[name](gpu, { onReady, steps: 1, batchSize });
      expect(recorded.length).toBeGreaterThan(15);
      for (const form of FORMS) {
        const found = recorded.flatMap((own) => differences(own, form, gpu.device.subgroupSize));
        expect({ form, found }).toEqual({ form, found: [] });
      }
    },
  );
});
