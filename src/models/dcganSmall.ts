import type { GanOptions } from '../nn/gan/networks.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { conv2dTranspose } from '../nn/layers/conv2dTranspose.ts';
import { dense } from '../nn/layers/dense.ts';
import type { Layer } from '../nn/layers/layer.ts';
import { batchNormalization } from '../nn/layers/normalization.ts';
import { activation, flatten, reshape } from '../nn/layers/shaping.ts';
import { Network } from '../nn/network.ts';
import { chained } from '../nn/sequence.ts';
import { leakyRelu } from '../ops/elementwise/elementwise.ts';
import type { Tensor } from '../ops/core/op.ts';
import type { DcganPreset } from './dcganFacts.ts';

/** The layers of the presets' generators and discriminators. */
export interface DcganNetworks {
  /** Values of a latent vector. */
  readonly latentSize: number;
  /** Shape of an image. */
  readonly imageShape: readonly [height: number, width: number, channels: number];
  readonly generator: () => Layer[];
  readonly discriminator: () => Layer[];
}

/** Two networks, and how they meet. */
export interface DcganPair extends DcganNetworks {
  /** Black and white as the generator's last activation reaches them. */
  readonly imageRange: readonly [low: number, high: number];
  /** Brings 28 × 28 images to the networks' size. */
  readonly prepare?: (images: Tensor) => Tensor;
}

/** Under the name by which summaries show it. */
export const leaky = (slope: number) =>
  Object.defineProperty((x: Tensor) => leakyRelu(x, slope), 'name', { value: `leakyRelu ${slope}` });
export const same = { kernelSize: 4, strides: 2, padding: 'same' } as const;
export const noBias = { useBias: false } as const;

/** Two convolutions of width 16 and 32, and their mirror: 115,137 and 10,065 values. */
export const SMALL: DcganPair = {
  latentSize: 64,
  imageShape: [28, 28, 1],
  imageRange: [-1, 1],
  generator: () => [
    dense({ units: 7 * 7 * 32, ...noBias }),
    batchNormalization({ momentum: 0.9 }),
    activation(leaky(0.3)),
    reshape([7, 7, 32]),
    conv2dTranspose({ filters: 16, ...same, ...noBias }),
    batchNormalization({ momentum: 0.9 }),
    activation(leaky(0.3)),
    conv2dTranspose({ filters: 1, ...same, activation: 'tanh' }),
  ],
  discriminator: () => [
    conv2d({ filters: 16, ...same, activation: leaky(0.3) }),
    conv2d({ filters: 32, ...same, activation: leaky(0.3) }),
    flatten(),
    dense({ units: 1 }),
  ],
};

/** The two networks of a preset, for `new GanNetworks` or `new Gan`. @param options.seed default 0 */
export function dcganPair(
  preset: DcganPreset,
  { latentSize, imageShape, imageRange, prepare, ...layers }: DcganPair,
  { seed = 0 }: { seed?: number } = {},
): GanOptions {
  // Seeds of their own, or both would begin with the same random numbers.
  const generator = { inputShape: [latentSize], name: 'generator', seed: 2 * seed };
  const discriminator = { inputShape: imageShape, name: 'discriminator', seed: 2 * seed + 1 };
  return {
    name: `dcgan-${preset}`,
    generator: new Network(chained(layers.generator(), generator)),
    discriminator: new Network(chained(layers.discriminator(), discriminator)),
    seed,
    imageRange,
    prepare,
  };
}
