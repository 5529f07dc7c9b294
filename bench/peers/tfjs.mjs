// TensorFlow.js, webgpu backend, layers API, Adam: node tfjs.mjs quick|keras|autoencoder
import { BATCH, time } from './timing.mjs';
const tf = await import('@tensorflow/tfjs');
await import('@tensorflow/tfjs-backend-webgpu');
await tf.setBackend('webgpu');
await tf.ready();
const { conv2d, dense, dropout, flatten, maxPooling2d } = tf.layers;

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
};

await time(models[process.argv[2] ?? 'quick']);
