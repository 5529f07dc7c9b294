import { ArgumentError } from '../../errors.ts';
import { constant } from '../../ops/core/leaves.ts';
import { withScope } from '../../ops/core/node.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { withSideEffects } from '../../ops/core/sideEffects.ts';
import {
  add,
  bceWithLogits,
  greater,
  keepNan,
  lessEqual,
  negate,
  scale,
  shift,
  where,
} from '../../ops/elementwise/elementwise.ts';
import { describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import type { Layer } from '../layers/layer.ts';
import { reshape } from '../../ops/movement/movement.ts';
import { randomNormal, randomUniform } from '../../ops/random/random.ts';
import type { Network } from '../network.ts';

/** Which of the two networks a step trains. */
export type GanPart = 'both' | 'generator' | 'discriminator';

export const GAN_PARTS: readonly GanPart[] = ['both', 'generator', 'discriminator'];

/**
 * The generator's loss, per generated image, with l = D(G(z)) before the sigmoid (Goodfellow et al. 2014):
 * `nonSaturating` −log σ(l), whose gradient is large where the discriminator is not fooled; `minimax`
 * log(1 − σ(l)), the value of the two-player game, whose gradient vanishes there.
 */
export type GeneratorLoss = 'nonSaturating' | 'minimax';

/** How the two losses are made. */
export interface GanLossOptions {
  /** Default 'nonSaturating'. */
  generatorLoss?: GeneratorLoss;
  /**
   * The distance of the discriminator's targets from 1 (real) and 0 (generated). One number is the one-sided
   * smoothing of Salimans et al. 2016: 0.1 makes the target of real images 0.9. Default 0.
   */
  labelSmoothing?: number | { readonly real: number; readonly fake: number };
  /**
   * ν: the discriminator's targets are lowered by ν u, with u uniform in [0, 1) per image and step (the keras-io
   * DCGAN example has 0.05). Default 0.
   */
  labelNoise?: number;
  /**
   * σ of normal noise on all images, real or generated, that the discriminator sees while training (Sønderby et al.
   * 2017). Default 0.
   */
  instanceNoise?: number;
}

export const ganLossOptions: OptionTable<GanLossOptions> = {
  generatorLoss: true,
  labelSmoothing: true,
  labelNoise: true,
  instanceNoise: true,
};

/** The options with their defaults. */
export interface GanLosses {
  readonly generatorLoss: GeneratorLoss;
  readonly labelSmoothing: { readonly real: number; readonly fake: number };
  readonly labelNoise: number;
  readonly instanceNoise: number;
}

/** @throws ArgumentError if an option is out of range */
export function lossesOf(name: string, options: GanLossOptions): GanLosses {
  const { generatorLoss = 'nonSaturating', labelSmoothing = 0, labelNoise = 0, instanceNoise = 0 } = options;
  if (generatorLoss !== 'nonSaturating' && generatorLoss !== 'minimax') {
    throw new ArgumentError(
      `${name}: generatorLoss is '${String(generatorLoss)}'; choose nonSaturating or minimax`,
    );
  }
  const smoothing =
    typeof labelSmoothing === 'number' ? { real: labelSmoothing, fake: 0 } : { ...labelSmoothing };
  const check = (option: string, value: number, below: number) => {
    if (typeof value === 'number' && value >= 0 && value < below) return;
    const range = below === Infinity ? 'a finite number of at least 0' : `at least 0 and below ${below}`;
    throw new ArgumentError(`${name}: ${option} is ${describe(value)}; it must be ${range}`);
  };
  check('labelSmoothing.real', smoothing.real, 0.5);
  check('labelSmoothing.fake', smoothing.fake, 0.5);
  check('labelNoise', labelNoise, 0.5);
  check('instanceNoise', instanceNoise, Infinity);
  return { generatorLoss, labelSmoothing: smoothing, labelNoise, instanceNoise };
}

/** What a step records, in this order: means over the batch. */
export const GAN_VALUES = ['discriminatorLoss', 'generatorLoss', 'realAccuracy', 'fakeAccuracy'] as const;

/** The graph of one step; each tensor has a value per image, [N, 1]. */
export type GanGraph = Readonly<Record<(typeof GAN_VALUES)[number], Tensor>>;

export interface GanNetworks {
  readonly generator: Network;
  readonly discriminator: Network;
}

/**
 * One generation, D(real), D(G(z)) and both losses, with what regularizers add to them: of weights once, of outputs for each
 * call. Both losses read the same D(G(z)): each of its values is
 * computed once, whichever gradients are asked for.
 *
 * In a step that trains one network the other computes as usual (batch statistics, dropout), but neither its weights nor
 * its moving statistics change.
 *
 * @param frozen the layers that are frozen; by default those whose `trainable` is false now
 */
export function ganGraph(
  { generator, discriminator }: GanNetworks,
  real: Tensor,
  part: GanPart,
  losses: GanLosses,
  frozen?: ReadonlySet<Layer>,
): GanGraph {
  const [batchSize] = real.shape;
  /** What regularizers and addLoss add to a network's loss: a value per image, [N, 1], or a single number. */
  const penalties = { generator: [] as Tensor[], discriminator: [] as Tensor[] };
  const called = (network: Network, x: Tensor, own: Tensor[]) => {
    const losses: Tensor[] = [];
    const y = network.call(x, { training: true, frozen, losses });
    own.push(...losses.map((loss) => (loss.shape.length === 0 ? loss : reshape(loss, [batchSize, 1]))));
    return y;
  };
  const penalized = (loss: Tensor, own: readonly Tensor[], network: Network) =>
    [loss, ...own, ...network.weightPenalties(frozen)].reduce((a, b) => add(a, b));
  const noisy = (images: Tensor) =>
    losses.instanceNoise > 0 ? add(images, randomNormal(images.shape, 0, losses.instanceNoise)) : images;
  const logits = (images: Tensor) =>
    reshape(called(discriminator, noisy(images), penalties.discriminator), [batchSize, 1]);

  const latent = randomNormal([batchSize, ...generator.inputShape]);
  const fake = keep(part === 'discriminator', () =>
    withScope('generator', () => called(generator, latent, penalties.generator)),
  );
  // Real first: the moving statistics take up their batches in this order.
  const onReal = keep(part === 'generator', () => withScope('real', () => logits(real)));
  const onFake = keep(part === 'generator', () => withScope('fake', () => logits(fake)));
  const { labelSmoothing, labelNoise } = losses;
  const target = (value: number): Tensor | number =>
    labelNoise > 0 ? shift(scale(randomUniform([batchSize, 1]), -labelNoise), value) : value;
  return {
    // −log σ(l) on real and −log(1 − σ(l)) on generated images
    discriminatorLoss: penalized(
      add(
        bceWithLogits(onReal, target(1 - labelSmoothing.real)),
        bceWithLogits(onFake, target(labelSmoothing.fake)),
      ),
      penalties.discriminator,
      discriminator,
    ),
    generatorLoss: penalized(
      losses.generatorLoss === 'minimax' ? negate(bceWithLogits(onFake, 0)) : bceWithLogits(onFake, 1),
      penalties.generator,
      generator,
    ),
    realAccuracy: keepNan(onReal, greater(onReal, 0)),
    fakeAccuracy: keepNan(onFake, lessEqual(onFake, 0)),
  };
}

/** All values of a graph side by side, [N, 4] in the order of GAN_VALUES: one kernel computes and one records them. */
export function ganValues(graph: GanGraph): Tensor {
  const column = constant(Float32Array.from(GAN_VALUES, (_, k) => k));
  return GAN_VALUES.map((name) => graph[name]).reduceRight((others, value, k) =>
    where(lessEqual(column, k), value, others),
  );
}

/** Builds a part of the graph; where it is to be `kept` as it is, without its side effects. */
function keep<T>(kept: boolean, build: () => T): T {
  return kept ? withSideEffects(undefined, build) : build();
}
