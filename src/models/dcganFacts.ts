/** Facts about the presets of dcgan.ts, without their layers: a page reads them before it loads the engine. */

export type DcganPreset = 'small' | 'keras' | 'tf' | 'pytorch';

/** Two networks for 28 × 28 grey images, and how to train them. */
export interface DcganFacts {
  /** One-line description. */
  readonly description: string;
  /** Where networks and training come from. */
  readonly source: string;
  /** Values of the generator and of the discriminator, moving statistics included. */
  readonly parameters: readonly [generator: number, discriminator: number];
  /** Of both optimizers, which are Adam. */
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
}

export const DCGAN_FACTS: Readonly<Record<DcganPreset, DcganFacts>> = {
  small: {
    description: 'small, for a CPU: recognisable digits',
    source: 'wgrad',
    parameters: [115_137, 10_065],
    learningRate: 0.001,
    batchSize: 64,
    epochs: 8,
  },
  keras: {
    description: 'Keras’s GAN for MNIST',
    source: 'https://keras.io/guides/custom_train_step_in_tensorflow/',
    parameters: [1_339_905, 74_625],
    learningRate: 0.0003,
    batchSize: 64,
    epochs: 30,
  },
  tf: {
    description: 'TensorFlow’s DCGAN tutorial',
    source: 'https://www.tensorflow.org/tutorials/generative/dcgan',
    parameters: [2_330_944, 212_865],
    learningRate: 0.0001,
    batchSize: 256,
    epochs: 50,
  },
  pytorch: {
    description: 'PyTorch’s DCGAN example, 64 × 64',
    source: 'https://github.com/pytorch/examples/tree/main/dcgan',
    parameters: [3_576_576, 2_765_312],
    learningRate: 0.0002,
    batchSize: 64,
    epochs: 25,
  },
};
