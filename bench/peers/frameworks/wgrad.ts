import {
  adam,
  conv2d,
  dataset,
  dense,
  flatten,
  Gan,
  losses,
  maxPool2d,
  ops,
  sequential,
} from '../../../src/index.ts';
import type { Gpu, Layer, Model, Program, Tensor, Variable } from '../../../src/index.ts';
import { SMALL } from '../../../src/models/dcganSmall.ts';
import { gpt } from '../../../src/models/gpt.ts';
import { conv2dGradFilter, conv2dGradInput } from '../../../src/ops/conv2d/conv2d.ts';
import { totalOf } from '../contestant.ts';
import type { Contestant, KernelRun, Training } from '../contestant.ts';
import * as problem from '../problem.ts';
import type { KernelSpec, ModelName, Weight } from '../problem.ts';

const { ADAM, AUTOENCODER, BATCH, batchSizeOf, CLASSIFIERS, DCGAN, DCGAN_ADAM, GPT, LOOP_BATCHES } = problem;

/** wgrad. Its single steps are a program made of the layers, its loop is `fit`. */
export function wgradContestant(gpu: Gpu, version: string): Contestant {
  return {
    version,
    training: (model) => (model === 'dcgan' ? adversaries(gpu) : supervised(gpu, model)),
    kernel: (spec) => kernel(gpu, spec),
  };
}

type Supervised = Exclude<ModelName, 'dcgan'>;

function networkOf(model: Supervised): Model {
  if (model === 'gpt') return gpt('tiny', GPT.characters);
  if (model === 'autoencoder') {
    const units = AUTOENCODER.slice(1);
    const layers = units.map((count, i) => dense({ units: count, activation: i < 3 ? 'relu' : 'linear' }));
    return sequential(layers, { inputShape: [AUTOENCODER[0]] });
  }
  const { filters, kernelSize } = CLASSIFIERS[model];
  const layers: Layer[] = filters.flatMap((count) => [
    conv2d({ filters: count, kernelSize, activation: 'relu' }),
    maxPool2d(),
  ]);
  return sequential([...layers, flatten(), dense({ units: 10 })], { inputShape: [28, 28, 1] });
}

/** A batch of samples and targets; an autoencoder's targets are its samples. */
function dataOf(model: Supervised) {
  if (model === 'gpt') {
    const { characters, following } = problem.texts();
    const shape = [GPT.context];
    return { samples: characters, targets: following, inputShape: shape, targetShape: shape };
  }
  const { pixels, labels } = problem.batch();
  return model === 'autoencoder'
    ? { samples: pixels, targets: pixels, inputShape: [784], targetShape: [784] }
    : { samples: pixels, targets: labels, inputShape: [28, 28, 1], targetShape: [] };
}

async function supervised(gpu: Gpu, model: Supervised): Promise<Training> {
  const { samples, targets, inputShape, targetShape } = dataOf(model);
  const batchSize = batchSizeOf(model);
  const toItself = targets === samples;
  const loss = toItself ? losses.binaryCrossEntropyWithLogits : losses.softmaxCrossEntropy;
  const x = ops.input('x', [batchSize, ...inputShape], samples instanceof Int32Array ? 'i32' : 'f32');
  const y = toItself ? x : ops.input('y', [batchSize, ...targetShape], 'i32');
  const network = networkOf(model);
  const program = await gpu.compile(
    (g) => {
      const mean = ops.reduceMean(loss(network.call(x, { training: true }), y));
      g.minimize(mean, network.trainableVariables, adam(ADAM));
      return { loss: mean };
    },
    { label: model },
  );
  setWeights(gpu, network.trainableVariables, problem.firstWeights(model));
  program.write(x, samples);
  if (!toItself) program.write(y, Int32Array.from(targets));

  return trainingOf(program, async () => {
    const own = networkOf(model);
    await own.compile({ gpu, optimizer: adam(ADAM), loss });
    const many = problem.repeated(samples, LOOP_BATCHES);
    const y = toItself ? many : problem.repeated(targets, LOOP_BATCHES);
    const data = dataset({ x: many, y, inputShape, targetShape });
    return (steps) => own.fit(data, { steps, batchSize, shuffle: false });
  });
}

/** Both networks learn from the same pass: the discriminator from real and made images, the generator through it. */
async function adversaries(gpu: Gpu): Promise<Training> {
  const { pixels, labels, latent } = problem.batch();
  const networks = () => ({
    generator: sequential(SMALL.generator(), { inputShape: [DCGAN.latent] }),
    discriminator: sequential(SMALL.discriminator(), { inputShape: [28, 28, 1] }),
  });
  const { generator, discriminator } = networks();
  const [x, z] = [ops.input('x', [BATCH, 28, 28, 1]), ops.input('z', [BATCH, DCGAN.latent])];
  const training = { training: true };
  const crossEntropy = (logits: Tensor, target: number) => ops.reduceMean(ops.bceWithLogits(logits, target));
  const program = await gpu.compile(
    (g) => {
      const onMade = discriminator.call(generator.call(z, training), training);
      const onReal = discriminator.call(x, training);
      const lossD = ops.add(crossEntropy(onReal, 1), crossEntropy(onMade, 0));
      const lossG = crossEntropy(onMade, 1);
      g.minimize(lossD, discriminator.trainableVariables, adam(DCGAN_ADAM));
      g.minimize(lossG, generator.trainableVariables, adam(DCGAN_ADAM));
      return { loss: ops.add(lossD, lossG) };
    },
    { label: 'dcgan' },
  );
  const weights = problem.firstWeights('dcgan');
  const variables = [...generator.trainableVariables, ...discriminator.trainableVariables];
  setWeights(gpu, variables, weights);
  program.write(x, pixels);
  program.write(z, latent);

  return trainingOf(program, async () => {
    const gan = new Gan(networks());
    const optimizers = { generatorOptimizer: adam(DCGAN_ADAM), discriminatorOptimizer: adam(DCGAN_ADAM) };
    await gan.compile({ gpu, ...optimizers });
    const [x, y] = [problem.repeated(pixels, LOOP_BATCHES), problem.repeated(labels, LOOP_BATCHES)];
    const data = dataset({ x, y, inputShape: [28, 28, 1] });
    return (steps) => gan.fit(data, { steps, batchSize: BATCH, shuffle: false });
  });
}

function setWeights(gpu: Gpu, variables: readonly Variable[], weights: readonly Weight[]): void {
  const shapes = (list: readonly { shape: readonly number[] }[]) =>
    JSON.stringify(list.map(({ shape }) => shape));
  if (shapes(variables) !== shapes(weights)) {
    throw new Error(`the weights are ${shapes(variables)}, but were given ${shapes(weights)}`);
  }
  variables.forEach((variable, i) => gpu.variables.write(variable, weights[i].values));
}

/** @param openLoop gets `fit` ready: it is called once, before the first loop */
function trainingOf(
  program: Program,
  openLoop: () => Promise<(steps: number) => PromiseLike<unknown>>,
): Training {
  let fit: ((steps: number) => PromiseLike<unknown>) | undefined;
  return {
    async step() {
      await program.step();
      return (await program.read('loss'))[0];
    },
    async loop(steps) {
      fit ??= await openLoop();
      await fit(steps);
    },
  };
}

function resultOf(spec: KernelSpec, a: Tensor, b: Tensor): Tensor {
  if (spec.kind === 'matmul') {
    const { transposeA = false, transposeB = false } = spec;
    return ops.matmul(a, b, { transposeA, transposeB });
  }
  const { pass, x, w, stride, pad } = spec;
  const options = { stride, padding: [pad, pad, pad, pad] as const };
  if (pass === 'forward') return ops.conv2d(a, b, options);
  if (pass === 'input gradient') return conv2dGradInput(a, b, x, options);
  return conv2dGradFilter(a, b, [w[0], w[1]], options);
}

async function kernel(gpu: Gpu, spec: KernelSpec): Promise<KernelRun> {
  const operands = problem.kernelOperands(spec);
  const [a, b] = operands.map(({ shape }, i) => ops.input(`operand ${i}`, shape));
  const program = await gpu.compile(() => ({ y: resultOf(spec, a, b) }), { label: spec.kind });
  program.write(a, operands[0].values);
  program.write(b, operands[1].values);
  return {
    async run(times) {
      for (let time = 0; time < times; time++) await program.step();
      await program.finish();
    },
    async total() {
      return totalOf(await program.read('y'));
    },
  };
}
