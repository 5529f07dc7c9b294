import { selfTargets } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { ArgumentError } from '../errors.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { gaussianNoise } from '../nn/layers/noise.ts';
import { meanSquaredError } from '../nn/losses.ts';
import { model } from '../nn/model.ts';
import type { Model, ModelCompileOptions } from '../nn/model.ts';
import {
  AUTOENCODER_LOSSES,
  chain,
  checkAutoencoder,
  CLASSROOM_VERSIONS,
  classroomCoder,
  halvesOf,
  IMAGE_SHAPE,
} from './autoencoder.ts';
import type { Autoencoder } from './autoencoder.ts';

/** The versions by name: output and loss. */
export const VERSION_NAMES = ['linearMse', 'sigmoidMse', 'sigmoidBce'] as const;

export type AutoencoderVersion = (typeof VERSION_NAMES)[number];

export interface AutoencoderVersionsOptions {
  /** Numbers in a code; default 64. */
  bottleneck?: number;
  /**
   * Standard deviation of normal noise on the inputs while training, the same for all versions: they learn to take it
   * away, for the targets are clean (Vincent et al. 2008). Default 0.
   */
  noise?: number;
  /** Of the weights, the shuffling and the noise; default 0. */
  seed?: number;
}

/** The three versions of the classroom in one model. */
export interface AutoencoderVersions {
  /** [28, 28, 1] → three times [28, 28, 1], in the order of the names. */
  readonly model: Model;
  readonly versions: Readonly<Record<AutoencoderVersion, Omit<Autoencoder, 'model'>>>;
  /** What `model.compile` needs besides the optimizer: the loss of each version, and for all the squared error. */
  readonly objective: Pick<ModelCompileOptions, 'loss' | 'metrics'>;
}

/**
 * The three versions of the classroom side by side: linear output and MSE, sigmoid and MSE, sigmoid and BCE. They begin
 * with the same weights and see the same batches. They share no parameter, so one step of the whole, in one submit, is for
 * each exactly a step of its own.
 *
 * A step records `linearMseLoss` and so on, and `linearMseMeanSquaredError` and so on, by which they can be compared.
 *
 * @throws ArgumentError if an option is out of range
 */
export function autoencoderVersions({
  bottleneck = 64,
  noise = 0,
  seed = 0,
}: AutoencoderVersionsOptions = {}): AutoencoderVersions {
  checkAutoencoder('classroom', { bottleneck });
  if (!(noise >= 0 && noise < Infinity)) {
    throw new ArgumentError(
      `autoencoderVersions: noise is ${noise}; it must be a finite number of at least 0`,
    );
  }
  const name = 'autoencoder-versions';
  const image = modelInput({ shape: IMAGE_SHAPE });
  const seen = noise > 0 ? gaussianNoise(noise).apply(image) : image;
  const coders = CLASSROOM_VERSIONS.map(({ output }, i) =>
    classroomCoder(bottleneck, output, VERSION_NAMES[i]),
  );
  const outputs = coders.map(({ encoder, decoder }) => chain(decoder, chain(encoder, seen)));
  const whole = model({ inputs: image, outputs, name, seed });
  const byName = <T>(valueOf: (i: number) => T) =>
    Object.fromEntries(VERSION_NAMES.map((version, i) => [version, valueOf(i)])) as Record<
      AutoencoderVersion,
      T
    >;
  return {
    model: whole,
    versions: byName((i) => ({
      ...halvesOf(coders[i], `${name}/${VERSION_NAMES[i]}`),
      ...CLASSROOM_VERSIONS[i],
    })),
    objective: {
      loss: byName((i) => AUTOENCODER_LOSSES[CLASSROOM_VERSIONS[i].loss]),
      metrics: byName(() => meanSquaredError),
    },
  };
}

/** Images as the versions are trained on them: each output's target is the input. Nothing is copied. */
export function versionsData(images: Dataset): Dataset {
  const data = selfTargets(images);
  return { ...data, moreTargets: VERSION_NAMES.slice(1).map(() => data.x) };
}
