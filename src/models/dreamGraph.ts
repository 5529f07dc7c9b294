import { gradients } from '../graph/gradients.ts';
import type { Layer } from '../nn/layers/layer.ts';
import type { Network } from '../nn/network.ts';
import { read } from '../ops/core/leaves.ts';
import type { Variable } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { abs, add, clip, divide, scale, shift, square, subtract } from '../ops/elementwise/elementwise.ts';
import { minimum, subtract as subtractIntegers } from '../ops/elementwise/integers.ts';
import { cast } from '../ops/movement/cast.ts';
import { slice } from '../ops/movement/movement.ts';
import { roll } from '../ops/movement/rearrange.ts';
import { assign } from '../ops/optimizer/assign.ts';
import { randomUniform } from '../ops/random/random.ts';
import { reduceMean } from '../ops/reduce/reduce.ts';
import { std } from '../ops/reduce/statistics.ts';
import { reduceSum } from '../ops/reduce/sum.ts';
import { resize2d } from '../ops/resize/resize2d.ts';

/** Keeps a gradient of zeros from a division by zero. */
const LEAST_DEVIATION = 1e-8;

/** Whether a layer gives an output of the network. */
export const isOutput = (network: Network, layer: Layer): boolean =>
  network.applications.some(
    ({ layer: own }, i) => own === layer && network.outputPlaces.includes(network.inputs.length + i),
  );

/**
 * How strongly each channel of a layer responds to images: the mean over all places of its square, or of the value itself where the
 * layer is the network's output.
 *
 * @param x [images, height, width, channels], also of another size than the network's own, unless a dense layer is on the way
 * @returns [images, channels of the layer]
 */
export function responseOf(network: Network, layer: Layer, x: Tensor): Tensor {
  const places = [x];
  for (const { layer: own, from } of network.applications) {
    places.push(
      own.call(
        from.map((place) => places[place]),
        { training: false },
      ),
    );
    if (own === layer) break;
  }
  const activation = places.at(-1)!;
  const axes = activation.shape.slice(1, -1).map((_, i) => i + 1);
  return reduceMean(isOutput(network, layer) ? activation : square(activation), { axes });
}

/** Σ |x(row + 1, column) − x(row, column)| + |x(row, column + 1) − x(row, column)| of each image, [images, …] → [images]. */
export function totalVariationOf(x: Tensor): Tensor {
  const along = (axis: number) => {
    const shape = x.shape.with(axis, x.shape[axis] - 1);
    const from = (start: number) =>
      slice(
        x,
        x.shape.map((_, i) => (i === axis ? start : 0)),
        shape,
      );
    return reduceSum(abs(subtract(from(1), from(0))), { axes: [1, 2, 3] });
  };
  return add(along(1), along(2));
}

/** g / σ(g), with the deviation of each image. */
export const normalized = (gradient: Tensor): Tensor =>
  divide(gradient, shift(std(gradient, { axes: [1, 2, 3], keepDims: true }), LEAST_DEVIATION));

export interface AscentOptions {
  readonly learningRate: number;
  readonly jitter: number;
  readonly totalVariation: number;
}

/**
 * A step of the ascent: see Dream.
 *
 * @param objectiveOf the objective of each image, [images]
 */
export function ascend(
  images: Variable,
  objectiveOf: (x: Tensor) => Tensor,
  { learningRate, jitter, totalVariation }: AscentOptions,
): void {
  const x = read(images);
  const moved = jitter > 0 ? roll(x, randomShifts(jitter), [1, 2]) : x;
  const objective = objectiveOf(moved);
  const worth =
    totalVariation > 0 ? subtract(objective, scale(totalVariationOf(x), totalVariation)) : objective;
  const [gradient] = gradients(reduceSum(worth), [x]);
  if (gradient) assign(images, clip(add(x, scale(normalized(gradient), learningRate)), 0, 1));
}

/** Two whole numbers from −most to most, each as likely as the others, i32 [2]. */
function randomShifts(most: number): Tensor {
  const drawn = cast(randomUniform([2], 0, 2 * most + 1), 'i32'); // rounds towards 0
  return subtractIntegers(minimum(drawn, 2 * most), most);
}

/** The images of one octave become those of the next, bilinear. */
export function enlarge(from: Variable, to: Variable): void {
  const [, height, width] = to.shape;
  assign(to, resize2d(read(from), [height, width], { interpolation: 'bilinear' }));
}
