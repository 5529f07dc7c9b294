import { selfTargets } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { ArgumentError } from '../errors.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { conv2dTranspose } from '../nn/layers/conv2dTranspose.ts';
import { dense } from '../nn/layers/dense.ts';
import type { Layer, LayerTensor } from '../nn/layers/layer.ts';
import { concatenate } from '../nn/layers/merging.ts';
import { lambda } from '../nn/layers/reshaping.ts';
import { flatten, reshape } from '../nn/layers/shaping.ts';
import type { ModelCompileOptions } from '../nn/model.ts';
import { Network } from '../nn/network.ts';
import type { NetworkOptions } from '../nn/network.ts';
import type { Tensor } from '../ops/core/op.ts';
import {
  add,
  exp,
  multiply,
  scale,
  shift,
  sigmoid,
  softplus,
  square,
  subtract,
} from '../ops/elementwise/elementwise.ts';
import { oneHot } from '../ops/movement/gather.ts';
import { randomNormal } from '../ops/random/random.ts';
import { reduceSum } from '../ops/reduce/sum.ts';
import { chain } from './autoencoderCoders.ts';
import { IMAGE_SHAPE, PIXELS } from './autoencoderFacts.ts';

/** How a VAE is trained unless the user says otherwise: Adam, images in batches of 128. */
export const VAE_PRESETS = {
  bernoulli: {
    description: 'grey values as probabilities of ink',
    epochs: 5,
    batchSize: 128,
    learningRate: 0.001,
  },
} as const;

/** Classes of a conditional VAE. */
export const VAE_CLASSES = 10;

export interface VaeOptions {
  /** Numbers in a code; default 16. */
  latent?: number;
  /** Convolutions in place of two dense layers; default false. */
  conv?: boolean;
  /** Encoder and decoder also see the class of the image, so that one can ask for a class; default false. */
  labels?: boolean;
  /** Of the weights, the shuffling and the noise; default 0. */
  seed?: number;
}

/** A variational autoencoder, and its two halves, which share its layers. */
export interface Vae {
  readonly latent: number;
  readonly labels: boolean;
  /** What `model` takes to train it. */
  readonly options: NetworkOptions;
  /** Image [28, 28, 1], with labels also a class → logits [28, 28, 1] of a sampled code, and the KL [latent] in nats. */
  readonly network: Network;
  /** Image, with labels also a class → means [latent] and logarithms of the variances [latent]. */
  readonly encoder: Network;
  /** Code [latent], with labels also a class → logits [28, 28, 1]. */
  readonly decoder: Network;
}

/**
 * Draws a code from the encoder's normal distribution N(μ, σ²): z = μ + σ ε with ε ~ N(0, 1). As all randomness is in ε, which
 * depends on no weight, gradients pass through μ and σ (the reparameterisation trick, Kingma & Welling 2014, section 2.4).
 *
 * @param mean μ, [N, latent]
 * @param logVariance log σ², [N, latent]: any number, while σ² has to be positive
 * @param noise ε, [N, latent]; by default drawn anew in each step
 */
export const sampleCode = (
  mean: Tensor,
  logVariance: Tensor,
  noise: Tensor = randomNormal(mean.shape),
): Tensor => add(mean, multiply(exp(scale(logVariance, 0.5)), noise));

/**
 * How far each number's distribution is from the prior, in nats (Kingma & Welling 2014, appendix B):
 *
 *     KL(N(μ, σ²) ‖ N(0, 1)) = ½ (μ² + σ² − log σ² − 1)
 *
 * @returns [N, latent]; 0 where the code says nothing about the image
 */
export const klToPrior = (mean: Tensor, logVariance: Tensor): Tensor =>
  scale(shift(subtract(add(square(mean), exp(logVariance)), logVariance), -1), 0.5);

/**
 * −log p(x | z) in nats, [N], where each pixel is ink with probability σ(l). A grey value x counts as x parts ink:
 *
 *     −Σ (x log σ(l) + (1 − x) log(1 − σ(l))) = Σ (log(1 + e^l) − x l)
 *
 * It is the sum over the pixels, not their mean: the KL is a sum over the code, and the two must be in the same unit.
 *
 * @param logits l, [N, 28, 28, 1]
 * @param images x, from 0 to 1
 */
export const bernoulliNll = (logits: Tensor, images: Tensor): Tensor =>
  reduceSum(subtract(softplus(logits), multiply(images, logits)), { axes: [1, 2, 3] });

/** The pictures [N, 28, 28, 1], 0 to 1, that codes [N, latent], with labels also classes i32 [N], stand for. */
export const drawCodes = ({ decoder }: Vae, codes: Tensor, classes?: Tensor): Tensor =>
  sigmoid(decoder.call(classes ? [codes, classes] : codes));

/**
 * A variational autoencoder (Kingma & Welling 2014), which computes; `model(vae(…).options)` trains it. The encoder says for an
 * image which codes are likely, as a normal distribution; one of them is drawn, and the decoder rebuilds the image from it.
 *
 * MLP: 784-400-(μ, log σ²)-400-784, relu; 648,016 parameters with 16 latent numbers. Convolutional: 16 and 32 filters 3×3 of
 * stride 2, and back through 1,568 units and two transposed convolutions 4×4; 90,129 parameters.
 *
 * @throws ArgumentError if `latent` is not a whole number from 1 to the 784 of the pixels
 */
export function vae({ latent = 16, conv = false, labels = false, seed = 0 }: VaeOptions = {}): Vae {
  if (!Number.isInteger(latent) || latent < 1 || latent > PIXELS) {
    throw new ArgumentError(
      `vae: latent is ${latent}; it must be a whole number from 1 to the ${PIXELS} of the pixels`,
    );
  }
  const { before, after, decoding } = conv ? convolutions() : denseLayers();
  const mean = dense({ units: latent, name: 'mean' });
  const logVariance = dense({ units: latent, name: 'logVariance' });
  const category = lambda((label) => oneHot(label, VAE_CLASSES), { name: 'class' });
  const withClass = (x: LayerTensor, label: LayerTensor | undefined): LayerTensor =>
    label ? concatenate().apply([x, category.apply(label)]) : x;
  const encode = (image: LayerTensor, label?: LayerTensor) => {
    const features = chain(after, withClass(chain(before, image), label));
    return [mean.apply(features), logVariance.apply(features)];
  };
  const decode = (code: LayerTensor, label?: LayerTensor) => chain(decoding, withClass(code, label));

  const image = modelInput({ shape: IMAGE_SHAPE, name: 'image' });
  const code = modelInput({ shape: [latent], name: 'code' });
  const label = labels ? modelInput({ shape: [], name: 'label', dtype: 'i32' }) : undefined;
  const also = label ? [label] : [];
  const posterior = encode(image, label);
  const sampled = lambda((mu, { others }) => sampleCode(mu, others[0]), { name: 'code' }).apply(posterior);
  const kl = lambda((mu, { others }) => klToPrior(mu, others[0]), { name: 'kl' }).apply(posterior);
  const options = {
    inputs: [image, ...also],
    outputs: [decode(sampled, label), kl],
    outputNames: ['reconstruction', 'kl'],
    name: 'vae',
    seed,
  };
  const network = new Network(options);
  const encoder = new Network({ inputs: [image, ...also], outputs: posterior, name: 'vae/encoder' });
  const decoder = new Network({
    inputs: [code, ...also],
    outputs: decode(code, label),
    name: 'vae/decoder',
  });
  return { latent, labels, options, network, encoder, decoder };
}

/** Layers on both sides of the code; a label joins between `before` and `after`, and beside the code. */
interface Coder {
  readonly before: readonly Layer[];
  readonly after: readonly Layer[];
  readonly decoding: readonly Layer[];
}

const relu = (units: number) => dense({ units, activation: 'relu' });

const denseLayers = (): Coder => ({
  before: [flatten()],
  after: [relu(400)],
  decoding: [relu(400), dense({ units: PIXELS }), reshape(IMAGE_SHAPE)],
});

function convolutions(): Coder {
  const half = (filters: number) =>
    conv2d({ filters, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' });
  const twice = { kernelSize: 4, strides: 2, padding: 'same' } as const;
  return {
    before: [half(16), half(32), flatten()],
    after: [],
    decoding: [
      relu(7 * 7 * 32),
      reshape([7, 7, 32]),
      conv2dTranspose({ filters: 16, ...twice, activation: 'relu' }),
      conv2dTranspose({ filters: 1, ...twice }),
    ],
  };
}

/**
 * What `model.compile` needs besides the optimizer: the loss is −ELBO = −log p(x | z) + β KL in nats per image, and its two
 * parts are reported as `reconstructionLoss` and `klLoss`. The mean over many images bounds −log p(x) from above where β is 1.
 *
 * @param options.beta weight of the KL (Higgins et al. 2017): above 1 codes say less; 0 is no VAE. Default 1
 */
export const vaeObjective = ({ beta = 1 }: { beta?: number } = {}): Pick<
  ModelCompileOptions,
  'loss' | 'lossWeights'
> => ({
  loss: { reconstruction: bernoulliNll, kl: (kl: Tensor) => reduceSum(kl, { axes: [1] }) },
  lossWeights: { kl: beta },
});

/** Images as a VAE is trained on them: the target is the image itself. Nothing is copied; the KL looks at no target. */
export function vaeData(images: Dataset, { labels }: Pick<Vae, 'labels'>): Dataset {
  const data = selfTargets(images);
  return { ...data, moreTargets: [data.x], ...(labels && { moreInputs: [images.y] }) };
}
