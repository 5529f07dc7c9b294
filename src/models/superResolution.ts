import { selfTargets } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import type { LayerTensor } from '../nn/layers/layer.ts';
import { add } from '../nn/layers/merging.ts';
import { averagePool2d } from '../nn/layers/pooling.ts';
import { depthToSpace } from '../nn/layers/reshaping.ts';
import { resizing } from '../nn/layers/resizing.ts';
import { upSampling2d } from '../nn/layers/upSampling.ts';
import { psnr, ssim } from '../nn/metrics.ts';
import type { Metric } from '../nn/metrics.ts';
import { Network } from '../nn/network.ts';
import type { NetworkOptions } from '../nn/network.ts';
import { adam } from '../nn/optimizers/adam.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { polynomialDecay } from '../nn/schedules.ts';
import { maximum, minimum } from '../ops/elementwise/elementwise.ts';

/** How many times larger on each side images become. */
export const UPSCALE = 2;
/** Pixels on a side of the images that are rebuilt; the network sees half as many. */
export const FULL_SIZE = 28;
const LOW_SIZE = FULL_SIZE / UPSCALE;

/** How each network is trained unless the user says otherwise: Adam, whose rate falls along a line to 0. */
export const SUPER_RESOLUTION_PRESETS = {
  edsr: {
    description: '4 residual blocks of 16 channels',
    parameters: 19_300,
    steps: 400,
    batchSize: 32,
    learningRate: 0.002,
  },
  espcn: {
    description: '3 convolutions of 32, 16, 4 channels',
    parameters: 6_036,
    steps: 400,
    batchSize: 32,
    learningRate: 0.002,
  },
} as const;

export type SuperResolutionPreset = keyof typeof SUPER_RESOLUTION_PRESETS;
/** Ways to enlarge without learning. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic';

/** A network that enlarges images, as a whole and as what trains it. */
export interface SuperResolution {
  /** Low image [14, 14, 1] → image [28, 28, 1]. Any size would do, as it has convolutions alone. */
  readonly upscaler: Network;
  /** What `model` takes to train it: full image [28, 28, 1] → low image, the mean of each 2 × 2 pixels → image [28, 28, 1]. */
  readonly options: NetworkOptions;
}

/**
 * Networks that double the size of images by convolutions on the small image, of which the last has four channels, one for each place
 * of a pixel's 2 × 2 (the pixel shuffle of Shi et al. 2016). What they give is added to the small image itself, enlarged by repeating
 * pixels: they have to find the difference alone.
 *
 * - espcn: 32 channels of 5 × 5, 16 of 3 × 3, 4 of 3 × 3. ReLU, where Shi et al. have tanh, with which an L1 loss stays near bicubic.
 * - edsr: 16 channels of 3 × 3, then four times x + conv(relu(conv(x))), without normalization (Lim et al. 2017).
 *
 * @param options.seed of the weights and the shuffling; default 0
 */
export function superResolution(
  preset: SuperResolutionPreset,
  { seed = 0 }: { seed?: number } = {},
): SuperResolution {
  return trainable(preset, seed, preset === 'espcn' ? espcn() : edsr());
}

/** The same without learning, to compare with: bicubic with a = −¾, half-pixel centres and repeated edges, as PyTorch's. */
export function interpolated(interpolation: Interpolation): SuperResolution {
  const resize = resizing({ height: FULL_SIZE, width: FULL_SIZE, interpolation });
  return trainable(interpolation, 0, (low) => resize.apply(low));
}

type Enlarge = (low: LayerTensor) => LayerTensor;

function trainable(name: string, seed: number, enlarge: Enlarge): SuperResolution {
  const full = modelInput({ shape: [FULL_SIZE, FULL_SIZE, 1], name: 'image' });
  const low = modelInput({ shape: [LOW_SIZE, LOW_SIZE, 1], name: 'low' });
  const options = {
    inputs: full,
    outputs: enlarge(averagePool2d({ poolSize: UPSCALE }).apply(full)),
    name,
    seed,
  };
  const network = new Network(options); // gives the layers their weights
  const upscaler = new Network({
    inputs: low,
    outputs: enlarge(low),
    name: `${network.name}/upscaler`,
    seed,
  });
  return { upscaler, options };
}

const convolution = (filters: number, kernelSize: number, activation?: 'relu') =>
  conv2d({ filters, kernelSize, padding: 'same', ...(activation && { activation }) });

/**
 * The last convolution, and the low image itself. It begins with zeros, so that the network begins with the enlarged image: with
 * random weights it is 2 dB behind after 400 steps.
 */
function shuffled(): (low: LayerTensor, features: LayerTensor) => LayerTensor {
  const places = conv2d({
    filters: UPSCALE ** 2,
    kernelSize: 3,
    padding: 'same',
    kernelInitializer: 'zeros',
  });
  const shuffle = depthToSpace(UPSCALE);
  const [base, sum] = [upSampling2d({ size: UPSCALE }), add()];
  return (low, features) => sum.apply([shuffle.apply(places.apply(features)), base.apply(low)]);
}

function espcn(): Enlarge {
  const [first, second] = [convolution(32, 5, 'relu'), convolution(16, 3, 'relu')];
  const last = shuffled();
  return (low) => last(low, second.apply(first.apply(low)));
}

function edsr(): Enlarge {
  const channels = 16;
  const first = convolution(channels, 3);
  const blocks = Array.from({ length: 4 }, () => {
    const [inner, outer, sum] = [convolution(channels, 3, 'relu'), convolution(channels, 3), add()];
    return (x: LayerTensor) => sum.apply([x, outer.apply(inner.apply(x))]);
  });
  const last = shuffled();
  return (low) =>
    last(
      low,
      blocks.reduce((x, block) => block(x), first.apply(low)),
    );
}

/** Adam whose rate falls along a line from `learningRate` to 0 at the last of `steps`. */
export const superResolutionOptimizer = (options: { learningRate: number; steps: number }): Optimizer =>
  adam({
    learningRate: options.learningRate,
    schedule: polynomialDecay({ decaySteps: options.steps, endLearningRate: 0 }),
  });

/**
 * PSNR and SSIM of images as they are shown: values outside of the range of pixels are clipped.
 *
 * @param largest the largest value of a pixel; default 1. Infinity for fields, which have no bound
 */
export const superResolutionMetrics = (largest = 1): Metric[] =>
  [psnr(), ssim()].map((metric) => ({
    ...metric,
    compute: (prediction, target) => {
      const shown = maximum(prediction, 0);
      return metric.compute(largest < Infinity ? minimum(shown, largest) : shown, target);
    },
  }));

/** Images as a network is trained on them: the target is the image itself, nothing is copied. */
export const superResolutionData = (images: Dataset): Dataset => selfTargets(images);
