// TensorFlow.js on its webgpu backend, by its layers. Its loop is `fit`; those of the DCGAN and the GPT are written out, as in
// the examples of TensorFlow.js.
import { totalOf } from '../contestant.ts';
import * as problem from '../problem.ts';
import { gptStep } from './tfjsGpt.mjs';

const { ADAM, AUTOENCODER, BATCH, CLASSIFIERS, DCGAN, DCGAN_ADAM, LOOP_BATCHES } = problem;

/** @param tf the module @tensorflow/tfjs, with the webgpu backend ready */
export function tfjsContestant(tf) {
  return {
    version: tf.version.tfjs,
    async training(model) {
      if (model === 'dcgan') return stepped(adversaries(tf));
      return model === 'gpt' ? stepped(gptStep(tf, adamOf(tf, ADAM))) : supervised(tf, model);
    },
    kernel: async (spec) => kernel(tf, spec),
  };
}

const adamOf = (tf, { learningRate, beta1, beta2, epsilon }) =>
  tf.train.adam(learningRate, beta1, beta2, epsilon);
const tensorsOf = (tf, weights) => weights.map(({ shape, values }) => tf.tensor(values, shape));

function layersOf(tf, model) {
  const { conv2d, dense, flatten, maxPooling2d } = tf.layers;
  if (model === 'autoencoder') {
    return AUTOENCODER.slice(1).map((units, i) =>
      dense({
        units,
        activation: i < 3 ? 'relu' : 'sigmoid',
        ...(i === 0 && { inputShape: [AUTOENCODER[0]] }),
      }),
    );
  }
  const { filters, kernelSize } = CLASSIFIERS[model];
  return [
    conv2d({ inputShape: [28, 28, 1], filters: filters[0], kernelSize, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    conv2d({ filters: filters[1], kernelSize, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    dense({ units: 10, activation: 'softmax' }),
  ];
}

function supervised(tf, model) {
  const { pixels, labels } = problem.batch();
  const ofImages = model !== 'autoencoder';
  const loss = ofImages ? 'categoricalCrossentropy' : 'binaryCrossentropy';
  const compiled = () => {
    const own = tf.sequential({ layers: layersOf(tf, model) });
    own.compile({ optimizer: adamOf(tf, ADAM), loss });
    return own;
  };
  const network = compiled();
  network.setWeights(tensorsOf(tf, problem.firstWeights(model)));
  const images = (times) =>
    tf.tensor(problem.repeated(pixels, times), [times * BATCH, ...(ofImages ? [28, 28, 1] : [784])]);
  const classes = (times) => tf.oneHot(tf.tensor1d(problem.repeated(labels, times), 'int32'), 10);
  const x = images(1);
  const y = ofImages ? classes(1) : x;
  let loop;
  return {
    step: () => network.trainOnBatch(x, y),
    async loop(steps) {
      loop ??= { own: compiled(), x: images(LOOP_BATCHES), y: ofImages ? classes(LOOP_BATCHES) : undefined };
      for (let left = steps; left > 0; left -= LOOP_BATCHES) {
        const samples = Math.min(left, LOOP_BATCHES) * BATCH;
        const part = (t) => (samples === LOOP_BATCHES * BATCH ? t : tf.slice(t, 0, samples));
        const [inputs, targets] = [part(loop.x), part(loop.y ?? loop.x)];
        await loop.own.fit(inputs, targets, { batchSize: BATCH, epochs: 1, shuffle: false, verbose: 0 });
        if (inputs !== loop.x) tf.dispose([inputs, targets]);
      }
    },
  };
}

/** The networks of wgrad's preset `small`. */
function networks(tf) {
  const { batchNormalization, conv2d, conv2dTranspose, dense, flatten, leakyReLU, reshape } = tf.layers;
  const { width, latent, slope } = DCGAN;
  const same = { kernelSize: 4, strides: 2, padding: 'same' };
  const leaky = () => leakyReLU({ alpha: slope });
  const generator = tf.sequential({
    layers: [
      dense({ inputShape: [latent], units: 7 * 7 * 2 * width, useBias: false }),
      batchNormalization(),
      leaky(),
      reshape({ targetShape: [7, 7, 2 * width] }),
      conv2dTranspose({ filters: width, ...same, useBias: false }),
      batchNormalization(),
      leaky(),
      conv2dTranspose({ filters: 1, ...same, activation: 'tanh' }),
    ],
  });
  const discriminator = tf.sequential({
    layers: [
      conv2d({ inputShape: [28, 28, 1], filters: width, ...same }),
      leaky(),
      conv2d({ filters: 2 * width, ...same }),
      leaky(),
      flatten(),
      dense({ units: 1 }),
    ],
  });
  return { generator, discriminator };
}

/**
 * Makes a step of both networks from the same pass. What the generator makes in its own tape is kept for the discriminator's,
 * which spares TensorFlow.js a pass; the gradients of both are there before either network changes.
 */
function adversaries(tf) {
  const { pixels, latent } = problem.batch();
  const { generator, discriminator } = networks(tf);
  const variablesOf = (model) => model.trainableWeights.map(({ val }) => val);
  const [variablesG, variablesD] = [variablesOf(generator), variablesOf(discriminator)];
  const first = tensorsOf(tf, problem.firstWeights('dcgan'));
  [...variablesG, ...variablesD].forEach((variable, i) => variable.assign(first[i]));
  const [adamG, adamD] = [adamOf(tf, DCGAN_ADAM), adamOf(tf, DCGAN_ADAM)];
  const [x, z] = [tf.tensor(pixels, [BATCH, 28, 28, 1]), tf.tensor(latent, [BATCH, DCGAN.latent])];
  const training = { training: true };
  const crossEntropy = (logits, target) =>
    tf.losses.sigmoidCrossEntropy(target ? tf.onesLike(logits) : tf.zerosLike(logits), logits);
  return () =>
    tf.tidy(() => {
      let made;
      const ofG = tf.variableGrads(() => {
        made = tf.keep(generator.apply(z, training));
        return crossEntropy(discriminator.apply(made, training), 1);
      }, variablesG);
      const ofD = tf.variableGrads(() => {
        const real = crossEntropy(discriminator.apply(x, training), 1);
        return real.add(crossEntropy(discriminator.apply(made, training), 0));
      }, variablesD);
      adamG.applyGradients(ofG.grads);
      adamD.applyGradients(ofD.grads);
      made.dispose();
      return ofG.value.add(ofD.value);
    });
}

/** A training whose steps are made by a function that returns their loss, on the GPU. */
function stepped(makeStep) {
  const step = async () => {
    const loss = makeStep();
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
  return {
    step,
    async loop(steps) {
      for (let i = 1; i < steps; i++) makeStep().dispose();
      await step();
    },
  };
}

function resultOf(tf, spec, a, b) {
  if (spec.kind === 'matmul') return tf.matMul(a, b, spec.transposeA, spec.transposeB);
  const { pass, x, w, stride: strides, pad } = spec;
  const pads = [
    [0, 0],
    [pad, pad],
    [pad, pad],
    [0, 0],
  ];
  const kernels = {
    forward: ['Conv2D', { x: a, filter: b }, {}],
    'input gradient': ['Conv2DBackpropInput', { dy: a, filter: b }, { inputShape: x }],
    'filter gradient': ['Conv2DBackpropFilter', { x: a, dy: b }, { filterShape: w }],
  };
  const [name, inputs, own] = kernels[pass];
  const attrs = {
    strides: [strides, strides],
    pad: pad > 0 ? pads : 'valid',
    dataFormat: 'NHWC',
    dilations: [1, 1],
  };
  return tf.engine().runKernel(name, inputs, { ...attrs, dimRoundingMode: undefined, ...own });
}

function kernel(tf, spec) {
  const [a, b] = tensorsOf(tf, problem.kernelOperands(spec));
  return {
    async run(times) {
      for (let time = 0; time < times; time++) resultOf(tf, spec, a, b).dispose();
      const backend = tf.backend();
      // It submits every 15th dispatch by itself; after a multiple of 15 nothing is left.
      if (backend.commandEncoder) {
        backend.endComputePassEncoder();
        backend.submitQueue();
      }
      await backend.device.queue.onSubmittedWorkDone();
    },
    async total() {
      const y = resultOf(tf, spec, a, b);
      const values = await y.data();
      y.dispose();
      return totalOf(values);
    },
  };
}
