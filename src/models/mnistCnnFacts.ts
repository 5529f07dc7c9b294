/** Facts about the presets of mnistCnn.ts, without their layers: a page reads them before it loads the engine. */

export type MnistCnnPreset = 'quick' | 'keras' | 'tfjs' | 'mlp';

/** A network for 28 × 28 grey images of ten classes, and how to train it. */
export interface MnistCnnFacts {
  /** One-line description. */
  readonly description: string;
  /** Where network and training come from. */
  readonly source: string;
  readonly parameters: number;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly optimizerName: 'adam' | 'rmsprop';
}

export const MNIST_CNN_FACTS: Readonly<Record<MnistCnnPreset, MnistCnnFacts>> = {
  quick: {
    description: 'small: 98 % in a minute or two on a CPU',
    source: 'wgrad',
    parameters: 5_994,
    learningRate: 0.002,
    batchSize: 64,
    epochs: 3,
    optimizerName: 'adam',
  },
  keras: {
    description: 'Keras’s MNIST example: 99 %',
    source: 'https://keras.io/examples/vision/mnist_convnet/',
    parameters: 34_826,
    learningRate: 0.001,
    batchSize: 128,
    epochs: 5,
    optimizerName: 'adam',
  },
  tfjs: {
    description: 'TensorFlow.js’s MNIST example',
    source: 'https://github.com/tensorflow/tfjs-examples/tree/master/mnist',
    parameters: 33_194,
    learningRate: 0.001,
    batchSize: 320,
    epochs: 3,
    optimizerName: 'rmsprop',
  },
  mlp: {
    description: 'no convolution: 784-128-64-10',
    source: 'wgrad',
    parameters: 109_386,
    learningRate: 0.001,
    batchSize: 128,
    epochs: 5,
    optimizerName: 'adam',
  },
};
