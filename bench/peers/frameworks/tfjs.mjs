// TensorFlow.js, webgpu backend, layers API, Adam: node tfjs.mjs quick|keras|autoencoder|dcgan
import { BATCH, time } from './timing.mjs';
const tf = await import('@tensorflow/tfjs');
await import('@tensorflow/tfjs-backend-webgpu');
await tf.setBackend('webgpu');
await tf.ready();
const {
  batchNormalization,
  conv2d,
  conv2dTranspose,
  dense,
  dropout,
  flatten,
  leakyReLU,
  maxPooling2d,
  reshape,
} = tf.layers;

function classifier(filters, kernelSize, rate) {
  const layers = [
    conv2d({ inputShape: [28, 28, 1], filters: filters[0], kernelSize, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    conv2d({ filters: filters[1], kernelSize, activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
    flatten(),
    ...(rate > 0 ? [dropout({ rate })] : []),
    dense({ units: 10, activation: 'softmax' }),
  ];
  const model = tf.sequential({ layers });
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy' });
  const x = tf.randomUniform([BATCH, 28, 28, 1]);
  const y = tf.oneHot(tf.randomUniform([BATCH], 0, 10, 'int32'), 10);
  return () => model.trainOnBatch(x, y);
}

/** The networks of wgrad's small preset. The discriminator learns first, the generator from what it has become. */
function adversaries() {
  const width = 16;
  const same = { kernelSize: 4, strides: 2, padding: 'same' };
  const generator = tf.sequential({
    layers: [
      dense({ inputShape: [64], units: 7 * 7 * 2 * width, useBias: false }),
      batchNormalization(),
      leakyReLU(),
      reshape({ targetShape: [7, 7, 2 * width] }),
      conv2dTranspose({ filters: width, ...same, useBias: false }),
      batchNormalization(),
      leakyReLU(),
      conv2dTranspose({ filters: 1, ...same, activation: 'tanh' }),
    ],
  });
  const discriminator = tf.sequential({
    layers: [
      conv2d({ inputShape: [28, 28, 1], filters: width, ...same }),
      leakyReLU(),
      conv2d({ filters: 2 * width, ...same }),
      leakyReLU(),
      flatten(),
      dense({ units: 1 }),
    ],
  });
  const weightsOf = (model) => model.trainableWeights.map(({ val }) => val);
  const [weightsG, weightsD] = [weightsOf(generator), weightsOf(discriminator)];
  const [adamG, adamD] = [tf.train.adam(2e-4, 0.5), tf.train.adam(2e-4, 0.5)];
  const training = { training: true };
  const { sigmoidCrossEntropy: loss } = tf.losses;
  const x = tf.randomUniform([BATCH, 28, 28, 1], -1, 1);
  return async () => {
    const values = tf.tidy(() => {
      const z = tf.randomNormal([BATCH, 64]);
      const fake = generator.apply(z, training);
      const lossD = () => {
        const [real, made] = [discriminator.apply(x, training), discriminator.apply(fake, training)];
        return loss(tf.onesLike(real), real).add(loss(tf.zerosLike(made), made));
      };
      const lossG = () => {
        const made = discriminator.apply(generator.apply(z, training), training);
        return loss(tf.onesLike(made), made);
      };
      return tf.stack([adamD.minimize(lossD, true, weightsD), adamG.minimize(lossG, true, weightsG)]);
    });
    await values.data();
    values.dispose();
  };
}

const models = {
  quick: () => classifier([8, 16], 5, 0),
  keras: () => classifier([32, 64], 3, 0.5),
  autoencoder: () => {
    const sizes = [128, 64, 128];
    const layers = sizes.map((units, i) =>
      dense({ units, activation: 'relu', ...(i === 0 && { inputShape: [784] }) }),
    );
    const model = tf.sequential({ layers: [...layers, dense({ units: 784, activation: 'sigmoid' })] });
    model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy' });
    const x = tf.randomUniform([BATCH, 784]);
    return () => model.trainOnBatch(x, x);
  },
  dcgan: adversaries,
};

await time(models[process.argv[2] ?? 'quick']);
