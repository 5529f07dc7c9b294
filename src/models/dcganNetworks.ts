import { conv2d } from '../nn/layers/conv2d.ts';
import { conv2dTranspose } from '../nn/layers/conv2dTranspose.ts';
import { dense } from '../nn/layers/dense.ts';
import { batchNormalization } from '../nn/layers/normalization.ts';
import { globalMaxPool2d } from '../nn/layers/globalPooling.ts';
import { activation, dropout, flatten, reshape } from '../nn/layers/shaping.ts';
import { randomNormalInitializer } from '../nn/initializers.ts';
import { leaky, noBias, same } from './dcganSmall.ts';
import type { DcganNetworks } from './dcganSmall.ts';

/** Without batch normalization; the discriminator ends in a global maximum. */
export const KERAS: DcganNetworks = {
  latentSize: 128,
  imageShape: [28, 28, 1],
  generator: () => [
    dense({ units: 7 * 7 * 128, activation: leaky(0.2) }),
    reshape([7, 7, 128]),
    conv2dTranspose({ filters: 128, ...same, activation: leaky(0.2) }),
    conv2dTranspose({ filters: 128, ...same, activation: leaky(0.2) }),
    conv2d({ filters: 1, kernelSize: 7, padding: 'same', activation: 'sigmoid' }),
  ],
  discriminator: () => [
    conv2d({ filters: 64, kernelSize: 3, strides: 2, padding: 'same', activation: leaky(0.2) }),
    conv2d({ filters: 128, kernelSize: 3, strides: 2, padding: 'same', activation: leaky(0.2) }),
    globalMaxPool2d(),
    dense({ units: 1 }),
  ],
};

const tfBlock = (filters: number, strides: number) => [
  conv2dTranspose({ filters, kernelSize: 5, strides, padding: 'same', ...noBias }),
  batchNormalization(),
  activation(leaky(0.3)),
];

/** Batch normalization in the generator, dropout in the discriminator. */
export const TF: DcganNetworks = {
  latentSize: 100,
  imageShape: [28, 28, 1],
  generator: () => [
    dense({ units: 7 * 7 * 256, ...noBias }),
    batchNormalization(),
    activation(leaky(0.3)),
    reshape([7, 7, 256]),
    ...tfBlock(128, 1),
    ...tfBlock(64, 2),
    conv2dTranspose({
      filters: 1,
      kernelSize: 5,
      strides: 2,
      padding: 'same',
      ...noBias,
      activation: 'tanh',
    }),
  ],
  discriminator: () => [
    conv2d({ filters: 64, kernelSize: 5, strides: 2, padding: 'same', activation: leaky(0.3) }),
    dropout(0.3),
    conv2d({ filters: 128, kernelSize: 5, strides: 2, padding: 'same', activation: leaky(0.3) }),
    dropout(0.3),
    flatten(),
    dense({ units: 1 }),
  ],
};

// Weights from N(0, 0.02²), scales of the normalization from N(1, 0.02²); PyTorch's momentum of 0.1 is 0.9 here.
const normal = { kernelInitializer: randomNormalInitializer(0, 0.02), ...noBias };
const normalize = () =>
  batchNormalization({ momentum: 0.9, epsilon: 1e-5, gammaInitializer: randomNormalInitializer(1, 0.02) });

/** Batch normalization in both networks, none of them with a bias; the discriminator ends in a 4 × 4 convolution. */
export const PYTORCH: DcganNetworks = {
  latentSize: 100,
  imageShape: [64, 64, 1],
  generator: () => [
    reshape([1, 1, 100]),
    conv2dTranspose({ filters: 512, kernelSize: 4, ...normal }),
    normalize(),
    activation('relu'),
    ...[256, 128, 64].flatMap((filters) => [
      conv2dTranspose({ filters, ...same, ...normal }),
      normalize(),
      activation('relu'),
    ]),
    conv2dTranspose({ filters: 1, ...same, ...normal, activation: 'tanh' }),
  ],
  discriminator: () => [
    conv2d({ filters: 64, ...same, ...normal, activation: leaky(0.2) }),
    ...[128, 256, 512].flatMap((filters) => [
      conv2d({ filters, ...same, ...normal }),
      normalize(),
      activation(leaky(0.2)),
    ]),
    conv2d({ filters: 1, kernelSize: 4, ...normal }),
    flatten(),
  ],
};
