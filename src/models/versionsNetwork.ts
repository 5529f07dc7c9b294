import { selfTargets } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { ArgumentError } from '../errors.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { gaussianNoise } from '../nn/layers/noise.ts';
import { Network } from '../nn/network.ts';
import type { NetworkOptions } from '../nn/network.ts';
import { chain, classroomCoder, halvesOf } from './autoencoderCoders.ts';
import type { Halves } from './autoencoderCoders.ts';
import { checkAutoencoder, CLASSROOM_VERSIONS, IMAGE_SHAPE } from './autoencoderFacts.ts';
import type { AutoencoderLoss, AutoencoderOutput } from './autoencoderFacts.ts';

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

/** One of the versions, and how its halves are called alone. */
export interface Version extends Halves {
  readonly output: AutoencoderOutput;
  readonly loss: AutoencoderLoss;
}

/** The three versions of the classroom in one network. */
export interface VersionsNetwork {
  /** [28, 28, 1] → three times [28, 28, 1], in the order of the names. */
  readonly network: Network;
  /** What `model` takes to train it: it has the same layers. */
  readonly options: NetworkOptions;
  readonly versions: Readonly<Record<AutoencoderVersion, Version>>;
}

/**
 * The three versions as one network, which only computes; `autoencoderVersions` trains it.
 *
 * @throws ArgumentError if an option is out of range
 */
export function versionsNetwork({
  bottleneck = 64,
  noise = 0,
  seed = 0,
}: AutoencoderVersionsOptions = {}): VersionsNetwork {
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
  const options = { inputs: image, outputs, name, seed };
  const network = new Network(options); // builds the layers, which the halves share
  const versions = byVersion((i) => ({
    ...halvesOf(coders[i], `${name}/${VERSION_NAMES[i]}`),
    ...CLASSROOM_VERSIONS[i],
  }));
  return { options, network, versions };
}

export const byVersion = <T>(valueOf: (i: number) => T) =>
  Object.fromEntries(VERSION_NAMES.map((version, i) => [version, valueOf(i)])) as Record<
    AutoencoderVersion,
    T
  >;

/** Images as the versions are trained on them: each output's target is the input. Nothing is copied. */
export function versionsData(images: Dataset): Dataset {
  const data = selfTargets(images);
  return { ...data, moreTargets: VERSION_NAMES.slice(1).map(() => data.x) };
}
