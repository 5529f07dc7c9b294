import { selfTargets } from '../data/dataset.ts';
import type { Dataset } from '../data/dataset.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { lambda } from '../nn/layers/reshaping.ts';
import { flatten } from '../nn/layers/shaping.ts';
import { constant } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import {
  add,
  divide,
  log,
  multiply,
  negate,
  scale,
  shift,
  sigmoid,
  subtract,
} from '../ops/elementwise/elementwise.ts';
import { randomUniform } from '../ops/random/random.ts';
import { IMAGE_SHAPE, PIXELS } from './autoencoderFacts.ts';
import { flow } from './flow.ts';
import type { Flow } from './flow.ts';

/** Keeps the logit of a pixel finite: grey values are pressed into [ε, 1 − ε]. */
const EPSILON = 1e-6;
const LEVELS = 256;

/** Of the logits of each pixel. */
export interface PixelStatistics {
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
}

/**
 * Mean and deviation of the logit of each pixel over images of bytes. What the noise adds is averaged exactly enough: each grey level
 * counts with the mean of its logits, and of their squares, at 256 places of the noise.
 */
export function pixelStatistics(images: Dataset): PixelStatistics {
  const bytes = images.x.data;
  const [means, squares] = [new Float64Array(LEVELS), new Float64Array(LEVELS)];
  for (let level = 0; level < LEVELS; level++) {
    for (let i = 0; i < 256; i++) {
      const p = EPSILON + (1 - 2 * EPSILON) * ((level + (i + 0.5) / 256) / LEVELS);
      const logit = Math.log(p / (1 - p));
      means[level] += logit / 256;
      squares[level] += (logit * logit) / 256;
    }
  }
  const [sum, sumOfSquares] = [new Float64Array(PIXELS), new Float64Array(PIXELS)];
  for (let i = 0; i < bytes.length; i++) {
    sum[i % PIXELS] += means[bytes[i]];
    sumOfSquares[i % PIXELS] += squares[bytes[i]];
  }
  const mean = Float32Array.from(sum, (own) => own / images.size);
  const deviation = mean.map((_, i) =>
    Math.sqrt(sumOfSquares[i] / images.size - (sum[i] / images.size) ** 2),
  );
  return { mean, deviation };
}

const row = (values: Float32Array): Tensor => constant(values, [1, values.length]);

/** ε + (1 − 2ε) v and 1 minus that, both exact where they are small: v = (255 x + u) / 256. */
function probabilities(x: Tensor, noise: Tensor): readonly [p: Tensor, q: Tensor] {
  const pressed = (v: Tensor) => shift(scale(v, (1 - 2 * EPSILON) / LEVELS), EPSILON);
  const rest = (v: Tensor) => shift(negate(v), 1);
  return [pressed(add(scale(x, 255), noise)), pressed(add(scale(rest(x), 255), rest(noise)))];
}

/** (logit p − mean) / deviation for pixels x [N, 784] from 0 to 1, with the noise u from 0 to 1 of their dequantisation. */
export function standardLogits(x: Tensor, noise: Tensor, { mean, deviation }: PixelStatistics): Tensor {
  const [p, q] = probabilities(x, noise);
  return divide(subtract(subtract(log(p), log(q)), row(mean)), row(deviation));
}

/**
 * The logarithm of how that stretches an axis, from grey levels 0 … 256 to standardised logits, [N, 784]:
 *
 *     log((1 − 2ε) / 256) − log p − log(1 − p) − log deviation
 */
export function logitStretches(x: Tensor, noise: Tensor, { deviation }: PixelStatistics): Tensor {
  const [p, q] = probabilities(x, noise);
  const constants = deviation.map((own) => Math.log((1 - 2 * EPSILON) / LEVELS) - Math.log(own));
  return subtract(row(constants), add(log(p), log(q)));
}

/** Pixels from 0 to 1 of standardised logits [N, 784], without the noise. */
export const pixelsOf = (x: Tensor, { mean, deviation }: PixelStatistics): Tensor =>
  sigmoid(add(multiply(x, row(deviation)), row(mean)));

/** Masks of couplings over an image: a chessboard, its complement, the upper and the lower half, over again. */
export function imageMasks(couplings: number): Float32Array[] {
  const [height, width] = IMAGE_SHAPE;
  const kinds = [
    (y: number, x: number) => (y + x) % 2,
    (y: number, x: number) => 1 - ((y + x) % 2),
    (y: number) => Number(y < height / 2),
    (y: number) => Number(y >= height / 2),
  ];
  return Array.from({ length: couplings }, (_, i) =>
    Float32Array.from({ length: PIXELS }, (_, at) => kinds[i % 4](Math.floor(at / width), at % width)),
  );
}

export interface ImageFlowOptions {
  statistics: PixelStatistics;
  /** Default 6. */
  couplings?: number;
  /** Units of each of the two hidden layers; default 128. */
  units?: number;
  /** Default 0. */
  seed?: number;
}

/**
 * A flow of images of 28 × 28 bytes; 1,920,288 parameters. A byte has no density. So each gets noise, drawn anew in each step, that fills
 * the gap to the next (Theis, van den Oord & Bethge 2016): without it the flow would put spikes of any height on the 256 levels, and the
 * loss would fall without bound. A logit then takes the borders of grey away, and is standardised for each pixel.
 *
 * The loss is in nats of grey levels, so that it bounds the nats of the bytes themselves from above: bits per dimension are
 * loss / (784 log 2).
 */
export function imageFlow({ statistics, couplings = 6, units = 128, seed = 0 }: ImageFlowOptions): Flow {
  const [pixels, noise] = [
    flatten({ name: 'pixels' }),
    lambda((x) => randomUniform(x.shape), { name: 'noise' }),
  ];
  const both = (compute: typeof standardLogits, name: string) =>
    lambda((x, { others: [u] }) => compute(x, u, statistics), { name });
  return flow({
    name: 'image-flow',
    masks: imageMasks(couplings),
    hidden: [units, units],
    sample: modelInput({ shape: IMAGE_SHAPE, name: 'image' }),
    prepare(image) {
      const x = pixels.apply(image);
      const inputs = [x, noise.apply(x)];
      return {
        x: both(standardLogits, 'logits').apply(inputs),
        stretches: both(logitStretches, 'logitStretches').apply(inputs),
      };
    },
    seed,
  });
}

/** Images as a flow is trained on them. The loss looks at no target, so that nothing is copied or gathered for it. */
export function imageFlowData(images: Dataset): Dataset {
  const data = selfTargets(images);
  return { ...data, moreTargets: [data.x] };
}
