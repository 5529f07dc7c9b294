import type { Dataset } from '../data/dataset.ts';
import { selfTargets } from '../data/dataset.ts';
import { ArgumentError } from '../errors.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { lambda } from '../nn/layers/reshaping.ts';
import type { ModelCompileOptions } from '../nn/model.ts';
import { Network } from '../nn/network.ts';
import type { NetworkOptions } from '../nn/network.ts';
import { adam } from '../nn/optimizers/adam.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { cosineDecay, warmUp } from '../nn/schedules.ts';
import { constant, fill } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import {
  add,
  floor,
  less,
  multiply,
  scale,
  shift,
  square,
  subtract,
  where,
} from '../ops/elementwise/elementwise.ts';
import { cast } from '../ops/movement/cast.ts';
import { gather } from '../ops/movement/gather.ts';
import { reshape } from '../ops/movement/movement.ts';
import { randomNormal, randomUniform } from '../ops/random/random.ts';
import { reduceMean } from '../ops/reduce/reduce.ts';
import { IMAGE_SHAPE } from './autoencoderFacts.ts';
import { alphaBars, DIFFUSION_TIMES } from './diffusionSchedule.ts';
import type { DiffusionSchedule, DiffusionTarget } from './diffusionSchedule.ts';
import { unet } from './unet.ts';

/** How large the U-Net is, and how it is trained unless the user says otherwise. */
export const DIFFUSION_PRESETS = {
  small: {
    description: 'U-Net of 16 channels',
    channels: 16,
    batchSize: 64,
    learningRate: 0.002,
    steps: 1500,
  },
  long: { description: 'the same, longer', channels: 16, batchSize: 64, learningRate: 0.002, steps: 3000 },
  large: {
    description: '32 channels, for a GPU',
    channels: 32,
    batchSize: 128,
    learningRate: 0.001,
    steps: 10_000,
  },
} as const;
export type DiffusionPreset = keyof typeof DIFFUSION_PRESETS;

/** Classes of digits; this number is also the label that says nothing. */
export const DIFFUSION_CLASSES = 10;
export const NO_LABEL = DIFFUSION_CLASSES;
/** The share of labels that training hides, so that the network can also do without (Ho & Salimans 2022). */
const HIDDEN = 0.1;

export interface DiffusionOptions {
  /** Of the U-Net at 14 × 14, a multiple of 8; default 16. */
  channels?: number;
  /** Self-attention at 7 × 7; default false. */
  attention?: boolean;
  /** Default v. */
  target?: DiffusionTarget;
  /** Default cosine. */
  schedule?: DiffusionSchedule;
  /** Of the weights, the shuffling, the noise and the times; default 0. */
  seed?: number;
}

/** A diffusion model, and the network that it trains. */
export interface Diffusion {
  readonly target: DiffusionTarget;
  readonly schedule: DiffusionSchedule;
  /** What `model` takes to train it: image [28, 28, 1], 0 to 1, and class → error of what is predicted [28, 28, 1]. */
  readonly options: NetworkOptions;
  /** Noisy image [28, 28, 1], −1 to 1 before the noise, time 1 … T [], class or NO_LABEL i32 [] → v or ε [28, 28, 1]. */
  readonly denoiser: Network;
}

/** √ᾱ and √(1−ᾱ) of times [N], as [N, 1, 1, 1]. */
export function mixOf(schedule: DiffusionSchedule, times: Tensor): { signal: Tensor; noise: Tensor } {
  const bars = alphaBars(schedule);
  const pick = (table: Float64Array) => {
    const values = constant(Float32Array.from(table), [table.length]);
    return reshape(gather(values, cast(times, 'i32')), [times.shape[0], 1, 1, 1]);
  };
  return { signal: pick(bars.map(Math.sqrt)), noise: pick(bars.map((bar) => Math.sqrt(1 - bar))) };
}

/** x_t = √ᾱ x₀ + √(1−ᾱ) ε: an image as it is at a time. */
export function addNoise(schedule: DiffusionSchedule, x0: Tensor, epsilon: Tensor, times: Tensor): Tensor {
  const { signal, noise } = mixOf(schedule, times);
  return add(multiply(signal, x0), multiply(noise, epsilon));
}

/** What the network has to predict: v = √ᾱ ε − √(1−ᾱ) x₀, or ε. */
export function targetOf(
  { target, schedule }: Pick<Diffusion, 'target' | 'schedule'>,
  x0: Tensor,
  epsilon: Tensor,
  times: Tensor,
): Tensor {
  if (target === 'epsilon') return epsilon;
  const { signal, noise } = mixOf(schedule, times);
  return subtract(multiply(signal, epsilon), multiply(noise, x0));
}

/** Times 1 … T, all equally likely, one for each of `count` images: f32 [count]. */
export const randomTimes = (count: number): Tensor =>
  shift(floor(scale(randomUniform([count]), DIFFUSION_TIMES)), 1);

/** Labels i32 [N] of which a tenth, drawn anew in each step, says nothing. */
export function hideLabels(labels: Tensor): Tensor {
  const hidden = less(randomUniform(labels.shape), HIDDEN);
  return cast(where(hidden, fill(labels.shape, NO_LABEL), cast(labels, 'f32')), 'i32');
}

/**
 * A denoising diffusion model (Ho et al. 2020) of digits; `model(diffusion(…).options)` trains it. A step draws a time and noise
 * for each image on the GPU, mixes them, and has the U-Net predict v from the mixture (Salimans & Ho 2022).
 *
 * @throws ArgumentError if channels is not a multiple of 8
 */
export function diffusion({
  channels = 16,
  attention = false,
  target = 'v',
  schedule = 'cosine',
  seed = 0,
}: DiffusionOptions = {}): Diffusion {
  if (!Number.isInteger(channels) || channels < 8 || channels % 8 !== 0) {
    throw new ArgumentError(`diffusion: channels is ${channels}; it must be a multiple of 8`);
  }
  const network = unet({ channels, classes: DIFFUSION_CLASSES, attention });
  const inputOf = (shape: readonly number[], name: string, dtype: 'f32' | 'i32' = 'f32') =>
    modelInput({ shape: [...shape], name, dtype });

  const [noisyImage, time, label] = [
    inputOf(IMAGE_SHAPE, 'noisy'),
    inputOf([], 'time'),
    inputOf([], 'label', 'i32'),
  ];
  const denoiser = new Network({
    inputs: [noisyImage, time, label],
    outputs: network(noisyImage, time, label),
    name: 'diffusion/denoiser',
    seed,
  });

  const [image, digit] = [inputOf(IMAGE_SHAPE, 'image'), inputOf([], 'digit', 'i32')];
  const x0 = lambda((x) => shift(scale(x, 2), -1), { name: 'x0' }).apply(image);
  const epsilon = lambda((x) => randomNormal(x.shape), { name: 'epsilon' }).apply(image);
  const times = lambda((x) => randomTimes(x.shape[0]), { name: 'times' }).apply(image);
  const parts = [x0, epsilon, times];
  const mixed = lambda((x, { others: [e, t] }) => addNoise(schedule, x, e, t), { name: 'mixed' }).apply(
    parts,
  );
  const wanted = lambda((x, { others: [e, t] }) => targetOf({ target, schedule }, x, e, t), {
    name: 'wanted',
  }).apply(parts);
  const told = lambda(hideLabels, { name: 'told' }).apply(digit);
  const error = lambda((x, { others: [y] }) => subtract(x, y), { name: 'error' }).apply([
    network(mixed, times, told),
    wanted,
  ]);
  const options = { inputs: [image, digit], outputs: error, name: 'diffusion', seed };
  return { target, schedule, options, denoiser };
}

/** What `model.compile` needs besides the optimizer: the mean square of the error, over the pixels of an image. */
export const diffusionObjective = {
  loss: (error: Tensor) => reduceMean(square(error), { axes: [1, 2, 3] }),
} as const satisfies Pick<ModelCompileOptions, 'loss'>;

/**
 * Images as the model is trained on them; the targets are drawn in the step, so the loss looks at none. Classes become whole
 * numbers of four bytes: one byte each is a pixel, which is scaled.
 */
export function diffusionData(images: Dataset): Dataset {
  const { y } = images;
  return { ...selfTargets(images), moreInputs: [{ ...y, data: Int32Array.from(y.data) }] };
}

const WARM_UP = 100;

/**
 * Adam whose rate rises in the first 100 steps and then falls along a cosine to 0 at the last of `steps`, and weights averaged
 * with 0.995 a step, which draw. Without `steps` the rate stays.
 */
export function diffusionOptimizer({
  learningRate,
  steps = Infinity,
}: {
  learningRate: number;
  steps?: number;
}): Optimizer {
  const rising = Math.min(WARM_UP, Math.max(1, steps - 1));
  const next = Number.isFinite(steps) ? cosineDecay({ decaySteps: Math.max(1, steps - rising) }) : undefined;
  return adam({ learningRate, schedule: warmUp({ steps: rising, next }), ema: { decay: 0.995 } });
}
