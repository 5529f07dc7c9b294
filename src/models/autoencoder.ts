import { ArgumentError } from '../errors.ts';
import { initializers } from '../nn/initializers.ts';
import type { Initializer } from '../nn/initializers.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { dense } from '../nn/layers/dense.ts';
import type { Layer, LayerTensor } from '../nn/layers/layer.ts';
import { maxPool2d } from '../nn/layers/pooling.ts';
import { flatten, reshape } from '../nn/layers/shaping.ts';
import { upSampling2d } from '../nn/layers/upSampling.ts';
import { binaryCrossentropy, meanSquaredError } from '../nn/losses.ts';
import type { LossFunction } from '../nn/losses.ts';
import { model } from '../nn/model.ts';
import type { Model } from '../nn/model.ts';
import { Network } from '../nn/network.ts';
import { adadelta, adam } from '../nn/optimizers.ts';
import type { Optimizer } from '../nn/optimizers.ts';

export type AutoencoderPreset = 'classroom' | 'keras-deep' | 'keras-conv';
/** The activation of the last layer. */
export type AutoencoderOutput = 'linear' | 'sigmoid';
/** Mean squared error or binary cross-entropy, each a mean over the pixels. */
export type AutoencoderLoss = 'mse' | 'bce';

/** The losses as `compile` takes them. */
export const AUTOENCODER_LOSSES: Readonly<Record<AutoencoderLoss, LossFunction>> = {
  mse: meanSquaredError,
  bce: binaryCrossentropy,
};

export interface AutoencoderOptions {
  /** Numbers in a code; default 64 for `classroom`. The other presets have a code of their own. */
  bottleneck?: number;
  /** Default: sigmoid. The Keras presets have no other. */
  output?: AutoencoderOutput;
  /** Default: bce for a sigmoid, mse for a linear output. The Keras presets have bce only. */
  loss?: AutoencoderLoss;
  /** Of the weights and the shuffling; default 0. */
  seed?: number;
}

/** How a preset is built and trained. */
export interface AutoencoderRecipe {
  /** One-line description. */
  readonly description: string;
  /** Where network and training come from. */
  readonly source: string;
  /** With the preset's own bottleneck. */
  readonly parameters: number;
  readonly bottleneck: number;
  /** Whether bottleneck, output and loss can be chosen. */
  readonly flexible: boolean;
  readonly optimizer: (options: { learningRate: number }) => Optimizer;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
}

export const AUTOENCODER_PRESETS: Readonly<Record<AutoencoderPreset, AutoencoderRecipe>> = {
  classroom: {
    description: '784-128-N-128-784, relu and Adadelta',
    source: 'wgrad',
    parameters: 218_192,
    bottleneck: 64,
    flexible: true,
    optimizer: adadelta,
    learningRate: 1,
    batchSize: 128,
    epochs: 10,
  },
  'keras-deep': {
    description: 'Keras’s deep one, 784-128-64-32-64-128-784',
    source: 'https://blog.keras.io/building-autoencoders-in-keras.html',
    parameters: 222_384,
    bottleneck: 32,
    flexible: false,
    optimizer: adam,
    learningRate: 0.001,
    batchSize: 256,
    epochs: 20,
  },
  'keras-conv': {
    description: 'Keras’s convolutional one, code 4×4×8',
    source: 'https://blog.keras.io/building-autoencoders-in-keras.html',
    parameters: 4_385,
    bottleneck: 128,
    flexible: false,
    optimizer: adam,
    learningRate: 0.001,
    batchSize: 128,
    epochs: 5,
  },
};

/** The three versions of the classroom: what the output layer and the loss do to the same network. */
export const CLASSROOM_VERSIONS: readonly {
  readonly output: AutoencoderOutput;
  readonly loss: AutoencoderLoss;
}[] = [
  { output: 'linear', loss: 'mse' },
  { output: 'sigmoid', loss: 'mse' },
  { output: 'sigmoid', loss: 'bce' },
];

/** The layers on both sides of the code. */
export interface Coder {
  readonly encoder: readonly Layer[];
  readonly decoder: readonly Layer[];
}

export const IMAGE_SHAPE = [28, 28, 1] as const;
const PIXELS = 28 * 28;

/**
 * The classroom's layers: 784-128-`bottleneck`-128-784, relu between them. The code is linear, as in Hinton & Salakhutdinov
 * (2006): a rectified unit that is off for every image would be lost, and of a code of two numbers none can be spared.
 *
 * Parameters: 202,258 with a code of 2 numbers, 205,856 with 16, 209,968 with 32, 218,192 with 64. Of one seed, all have
 * the same first weights in the layers of the same shapes, whatever their output is.
 *
 * @param version names the layers, where several coders share a model
 */
export function classroomCoder(bottleneck: number, output: AutoencoderOutput, version?: string): Coder {
  const named = (name: string) => ({ name: version ? `${version}/${name}` : name });
  const weights = (stream: number) => ({ kernelInitializer: glorot(stream) });
  const half = (name: string, stream: number) =>
    dense({ units: 128, activation: 'relu', ...weights(stream), ...named(name) });
  return {
    encoder: [
      flatten(named('pixels')),
      half('encoder', 0),
      dense({ units: bottleneck, ...weights(1), ...named('code') }),
    ],
    decoder: [
      half('decoder', 2),
      dense({ units: PIXELS, activation: output, ...weights(3), ...named('output') }),
      reshape(IMAGE_SHAPE, { name: version ?? 'image' }),
    ],
  };
}

/** Glorot's uniform weights from a random stream of its own, wherever the layer comes in a model. */
const glorot =
  (stream: number): Initializer =>
  (data, shape, { seed }) =>
    initializers.glorotUniform(data, shape, { seed, stream });

function kerasDeepCoder(): Coder {
  const relu = (units: number) => dense({ units, activation: 'relu' });
  return {
    encoder: [flatten(), relu(128), relu(64), relu(32)],
    decoder: [relu(64), relu(128), dense({ units: PIXELS, activation: 'sigmoid' }), reshape(IMAGE_SHAPE)],
  };
}

function kerasConvCoder(): Coder {
  const relu = (filters: number, padding: 'same' | 'valid' = 'same') =>
    conv2d({ filters, kernelSize: 3, activation: 'relu', padding });
  const half = () => maxPool2d({ padding: 'same' }); // 28 → 14 → 7 → 4
  return {
    encoder: [relu(16), half(), relu(8), half(), relu(8), half()],
    decoder: [
      relu(8),
      upSampling2d(),
      relu(8),
      upSampling2d(),
      relu(16, 'valid'), // 16 → 14, so that doubling gives 28
      upSampling2d(),
      conv2d({ filters: 1, kernelSize: 3, activation: 'sigmoid', padding: 'same' }),
    ],
  };
}

/** A network that rebuilds images from a narrow code, and its two halves, which share its layers. */
export interface Autoencoder {
  /** [28, 28, 1] → [28, 28, 1]; without an optimizer yet. */
  readonly model: Model;
  /** [28, 28, 1] → the code. */
  readonly encoder: Network;
  /** The code → [28, 28, 1]. */
  readonly decoder: Network;
  readonly output: AutoencoderOutput;
  readonly loss: AutoencoderLoss;
}

/**
 * One of the presets: [28, 28, 1] → [28, 28, 1]. Train it on `selfTargets(…)` with the loss that it names:
 * `model.compile({ loss: AUTOENCODER_LOSSES[loss], … })`. Where a sigmoid meets bce, the loss is computed from the
 * logits; predictions are probabilities all the same.
 *
 * @throws ArgumentError if there is no such preset, an option does not fit it, or the loss of a linear output is bce
 */
export function autoencoder(
  preset: AutoencoderPreset = 'classroom',
  options: AutoencoderOptions = {},
): Autoencoder {
  const { bottleneck, output, loss } = checkAutoencoder(preset, options);
  const coders: Record<AutoencoderPreset, () => Coder> = {
    classroom: () => classroomCoder(bottleneck, output),
    'keras-deep': kerasDeepCoder,
    'keras-conv': kerasConvCoder,
  };
  const coder = coders[preset]();
  const image = modelInput({ shape: IMAGE_SHAPE });
  const outputs = chain(coder.decoder, chain(coder.encoder, image));
  const whole = model({ inputs: image, outputs, name: `autoencoder-${preset}`, seed: options.seed });
  return { model: whole, ...halvesOf(coder, whole.name), output, loss };
}

/** Encoder and decoder as networks of their own, over layers that a model has built. */
export function halvesOf(
  { encoder, decoder }: Coder,
  name: string,
): Pick<Autoencoder, 'encoder' | 'decoder'> {
  const half = (layers: readonly Layer[], shape: readonly number[], part: string) => {
    const inputs = modelInput({ shape });
    return new Network({ inputs, outputs: chain(layers, inputs), name: `${name}/${part}` });
  };
  const encoding = half(encoder, IMAGE_SHAPE, 'encoder');
  return { encoder: encoding, decoder: half(decoder, encoding.outputShape, 'decoder') };
}

/** Applies layers one after another. */
export function chain(layers: readonly Layer[], input: LayerTensor): LayerTensor {
  return layers.reduce((x, layer) => layer.apply(x), input);
}

/** The options with their defaults. */
export interface CheckedAutoencoder {
  readonly bottleneck: number;
  readonly output: AutoencoderOutput;
  readonly loss: AutoencoderLoss;
}

/** @throws ArgumentError if there is no such preset, or an option does not fit it or the others */
export function checkAutoencoder(
  preset: AutoencoderPreset,
  options: Omit<AutoencoderOptions, 'seed'>,
): CheckedAutoencoder {
  const choose = (what: string, value: string | undefined, choices: readonly string[]) => {
    if (value === undefined || choices.includes(value)) return;
    throw new ArgumentError(
      `autoencoder: there is no ${what} '${value}'; choose one of ${choices.join(', ')}`,
    );
  };
  choose('preset', preset, Object.keys(AUTOENCODER_PRESETS));
  choose('output', options.output, ['linear', 'sigmoid']);
  choose('loss', options.loss, ['mse', 'bce']);
  const recipe = AUTOENCODER_PRESETS[preset];
  const output = options.output ?? 'sigmoid';
  const loss = options.loss ?? (output === 'linear' ? 'mse' : 'bce');
  const bottleneck = options.bottleneck ?? recipe.bottleneck;
  if (!recipe.flexible) {
    const fixed = { bottleneck: recipe.bottleneck, output: 'sigmoid', loss: 'bce' };
    for (const [name, value] of Object.entries({ bottleneck, output, loss })) {
      const own = fixed[name as keyof typeof fixed];
      if (value === own) continue;
      throw new ArgumentError(
        `autoencoder: ${preset} has ${name} ${own} and no other, so ${value} does not fit: leave ${name} out, or choose the preset classroom, where it is free`,
      );
    }
  }
  if (!Number.isInteger(bottleneck) || bottleneck < 1 || bottleneck > PIXELS) {
    throw new ArgumentError(
      `autoencoder: bottleneck is ${bottleneck}; it must be a whole number from 1 to the ${PIXELS} of the pixels`,
    );
  }
  if (output === 'linear' && loss === 'bce') {
    throw new ArgumentError(
      'autoencoder: loss bce takes a probability for each pixel, but a linear output may be any number: choose output sigmoid, or loss mse',
    );
  }
  return { bottleneck, output, loss };
}
