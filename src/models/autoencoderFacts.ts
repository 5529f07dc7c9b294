import { ArgumentError } from '../errors.ts';

export type AutoencoderPreset = 'classroom' | 'keras-deep' | 'keras-conv';
/** The activation of the last layer. */
export type AutoencoderOutput = 'linear' | 'sigmoid';
/** Mean squared error or binary cross-entropy, each a mean over the pixels. */
export type AutoencoderLoss = 'mse' | 'bce';

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

/** What is known of a preset without its layers. */
export interface AutoencoderFacts {
  /** One-line description. */
  readonly description: string;
  /** Where network and training come from. */
  readonly source: string;
  /** With the preset's own bottleneck. */
  readonly parameters: number;
  readonly bottleneck: number;
  /** Whether bottleneck, output and loss can be chosen. */
  readonly flexible: boolean;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
}

export const AUTOENCODER_FACTS: Readonly<Record<AutoencoderPreset, AutoencoderFacts>> = {
  classroom: {
    description: '784-128-N-128-784, relu and Adadelta',
    source: 'wgrad',
    parameters: 218_192,
    bottleneck: 64,
    flexible: true,
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

export const IMAGE_SHAPE = [28, 28, 1] as const;
export const PIXELS = 28 * 28;

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
  choose('preset', preset, Object.keys(AUTOENCODER_FACTS));
  choose('output', options.output, ['linear', 'sigmoid']);
  choose('loss', options.loss, ['mse', 'bce']);
  const recipe = AUTOENCODER_FACTS[preset];
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
