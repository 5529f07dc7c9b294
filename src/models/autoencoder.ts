import { modelInput } from '../nn/layerGraph.ts';
import { conv2d } from '../nn/layers/conv2d.ts';
import { dense } from '../nn/layers/dense.ts';
import { maxPool2d } from '../nn/layers/pooling.ts';
import { flatten, reshape } from '../nn/layers/shaping.ts';
import { upSampling2d } from '../nn/layers/upSampling.ts';
import { binaryCrossentropy, meanSquaredError } from '../nn/losses.ts';
import type { LossFunction } from '../nn/losses.ts';
import { model } from '../nn/model.ts';
import type { Model } from '../nn/model.ts';
import { adadelta, adam } from '../nn/optimizers.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { chain, classroomCoder, halvesOf } from './autoencoderCoders.ts';
import type { Coder, Halves } from './autoencoderCoders.ts';
import { AUTOENCODER_FACTS, checkAutoencoder, IMAGE_SHAPE, PIXELS } from './autoencoderFacts.ts';
import type {
  AutoencoderFacts,
  AutoencoderLoss,
  AutoencoderOptions,
  AutoencoderOutput,
  AutoencoderPreset,
} from './autoencoderFacts.ts';

export { CLASSROOM_VERSIONS, checkAutoencoder, IMAGE_SHAPE } from './autoencoderFacts.ts';
export type {
  AutoencoderLoss,
  AutoencoderOptions,
  AutoencoderOutput,
  AutoencoderPreset,
} from './autoencoderFacts.ts';

/** The losses as `compile` takes them. */
export const AUTOENCODER_LOSSES: Readonly<Record<AutoencoderLoss, LossFunction>> = {
  mse: meanSquaredError,
  bce: binaryCrossentropy,
};

/** How a preset is built and trained. */
export interface AutoencoderRecipe extends AutoencoderFacts {
  readonly optimizer: (options: { learningRate: number }) => Optimizer;
}

export const AUTOENCODER_PRESETS: Readonly<Record<AutoencoderPreset, AutoencoderRecipe>> = {
  classroom: { ...AUTOENCODER_FACTS.classroom, optimizer: adadelta },
  'keras-deep': { ...AUTOENCODER_FACTS['keras-deep'], optimizer: adam },
  'keras-conv': { ...AUTOENCODER_FACTS['keras-conv'], optimizer: adam },
};

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
export interface Autoencoder extends Halves {
  /** [28, 28, 1] → [28, 28, 1]; without an optimizer yet. */
  readonly model: Model;
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
