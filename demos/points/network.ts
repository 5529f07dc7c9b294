import { dataset, dense, losses, metrics, ops, sequential, streamed } from '../../src/index.ts';
import type { Gpu, Model, Program, Tensor } from '../../src/index.ts';
import { randomStream } from '../../src/data/random.ts';
import type { ValuesOf } from '../frame/settings.ts';
import type { Point, Points } from './points.ts';
import type { settings } from './settings.ts';

/** Points of a step, chosen at random. */
export const BATCH = 64;
const STEPS_PER_EPOCH = 50;
/** The network is evaluated at this many places along each side of the plane. */
export const GRID = 100;

type Shape = Pick<ValuesOf<typeof settings>, 'layers' | 'units' | 'activation' | 'seed'>;

/** From the two coordinates of a point to the logit of its being blue. */
export function network({ layers, units, activation, seed }: Shape): Model {
  const hidden = Array.from({ length: layers }, () => dense({ units, activation }));
  return sequential([...hidden, dense({ units: 1 })], { inputShape: [2], seed });
}

export const OBJECTIVE = { loss: losses.binaryCrossEntropyWithLogits, metrics: [metrics.accuracy] };

/** Batches without end; points that are added or removed meanwhile count from the next one. */
export const batchesOf = (points: Points, seed: number) =>
  streamed(function* (epoch) {
    const random = randomStream(seed, epoch);
    for (let i = 0; i < STEPS_PER_EPOCH; i++) yield asDataset(chosen(points.train, random));
  });

/** The outputs of the network and of each of its neurons at every place of the plane. */
export function compileView(gpu: Gpu, model: Model): Promise<Program> {
  const places = Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
    const [row, column] = [Math.floor(i / 2 / GRID), Math.floor(i / 2) % GRID];
    const along = (place: number) => (2 * (place + 0.5)) / GRID - 1;
    return i % 2 === 0 ? along(column) : -along(row);
  });
  return gpu.compile(
    () => {
      const outputs: Record<string, Tensor> = { 'largest:field': ops.fill([1], 1) };
      let values: Tensor = ops.constant(places, [GRID * GRID, 2]);
      model.layers.forEach((layer, i) => {
        values = layer.call(values, { training: false });
        outputs[`layer:${i}`] = values;
        outputs[`largest:layer:${i}`] = ops.reduceMax(ops.abs(values));
      });
      // The probability of blue less that of orange: σ(z) − σ(−z) = tanh(z / 2).
      outputs.field = ops.tanh(ops.multiply(values, 0.5));
      return outputs;
    },
    { label: 'view' },
  );
}

/** Points of a batch, at random, with repetition. */
const chosen = (points: readonly Point[], random: () => number): Point[] =>
  Array.from({ length: BATCH }, () => points[Math.floor(random() * points.length)]);

export const asDataset = (points: readonly Point[]) =>
  dataset({
    name: 'points',
    x: Float32Array.from(points.flatMap(({ x, y }) => [x, y])),
    y: Float32Array.from(points, ({ blue }) => Number(blue)),
    inputShape: [2],
    targetShape: [1],
  });
