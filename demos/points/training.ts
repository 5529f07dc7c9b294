import { adam, dataset, losses, metrics, model, streamed } from '../../src/index.ts';
import type { Gpu, Model, NetworkOptions } from '../../src/index.ts';
import { randomStream } from '../../src/data/random.ts';
import type { PlanePoint } from '../shared/planePoints.ts';
import { BATCH } from './network.ts';
import type { Points } from './points.ts';

const STEPS_PER_EPOCH = 50;

export const OBJECTIVE = { loss: losses.binaryCrossEntropyWithLogits, metrics: [metrics.accuracy] };

/** What trains the network. */
export const compile = (gpu: Gpu, network: NetworkOptions, learningRate: number): Promise<Model> =>
  model(network).compile({ gpu, optimizer: adam({ learningRate }), ...OBJECTIVE });

/** Batches without end; points that are added or removed meanwhile count from the next one. */
export const batchesOf = (points: Points, seed: number) =>
  streamed(function* (epoch) {
    const random = randomStream(seed, epoch);
    for (let i = 0; i < STEPS_PER_EPOCH; i++) yield asDataset(chosen(points.train, random));
  });

/** Points of a batch, at random, with repetition. */
const chosen = (points: readonly PlanePoint[], random: () => number): PlanePoint[] =>
  Array.from({ length: BATCH }, () => points[Math.floor(random() * points.length)]);

export const asDataset = (points: readonly PlanePoint[]) =>
  dataset({
    name: 'points',
    x: Float32Array.from(points.flatMap(({ x, y }) => [x, y])),
    y: Float32Array.from(points, ({ blue }) => Number(blue)),
    inputShape: [2],
    targetShape: [1],
  });
