import { sampleAt } from '../../src/data/permutation.ts';
import type { Node } from '../../src/ops/core/op.ts';
import { array, map, randomIntegers, zeros } from '../../test/reference/array.ts';
import type { Array64 } from '../../test/reference/array.ts';
import { augmentImage } from '../../test/reference/augment.ts';
import * as random from '../../test/reference/random.ts';
import type { Twin } from './twin.ts';

/** Rows of a batch in the order of the first step under seed 0. */
function gathered({ attrs, outputs, inputs: tensors }: Node, inputs: readonly Array64[]): Array64[] {
  const { batchSize, size, shuffled, scale, offset, salt, labelled, pieces } = attrs;
  if (pieces !== 1) throw new Error('a data set in several pieces has no float64 twin here');
  const stream = { size, batchSize, shuffle: shuffled, salt };
  const pick = (source: Array64, shape: readonly number[]) => {
    const row = source.data.length / source.shape[0];
    return map(
      zeros(shape),
      (_, i) => source.data[sampleAt(0, Math.floor(i / row), stream) * row + (i % row)],
    );
  };
  const batch = map(pick(inputs[0], outputs[0].shape), (value) => scale * value + offset);
  return labelled ? [batch, pick(inputs[tensors.length - 2], outputs[1].shape)] : [batch];
}

/** A batch of images, each changed at random. */
function augmented(node: Node, inputs: readonly Array64[]): Array64[] {
  const { augmentation, stream, noiseStream } = node.attrs;
  const [batch, ...labels] = gathered(node, inputs);
  const [rows, ...shape] = batch.shape;
  const [height, width] = shape;
  const size = batch.data.length / rows;
  const shift = [augmentation.shift[0] * height, augmentation.shift[1] * width] as const;
  const images = Array.from({ length: rows }, (_, row) => {
    const image = array(shape, batch.data.subarray(row * size, (row + 1) * size));
    return augmentImage(image, { ...augmentation, shift }, { row, step: 0, seed: 0, stream, noiseStream });
  });
  return [
    array(
      batch.shape,
      images.flatMap(({ data }) => [...data]),
    ),
    ...labels,
  ];
}

/** Bytes, classes and indices. */
const whole = ({ inputs }: Node, index: number) =>
  inputs[index].dtype === 'f32' ? undefined : randomIntegers(7, inputs[index].shape, 10);

const keyOf = (stream: number) => ({ seed: 0, stream });

/** Ops that draw random numbers: those of the first step under seed 0. */
export const twins: Readonly<Record<string, Twin>> = {
  dropout: {
    compute: ({ attrs: { stream, rate } }, [x]) => {
      const mask = random.dropoutMask(x.shape, keyOf(stream), rate);
      return [map(x, (value, i) => value * mask.data[i])];
    },
  },
  randomUniform: {
    compute: ({ attrs: { stream, parameters }, outputs: [{ shape }] }) => [
      random.uniform(shape, keyOf(stream), parameters.LOW, parameters.LOW + parameters.RANGE),
    ],
  },
  randomNormal: {
    compute: ({ attrs: { stream, parameters }, outputs: [{ shape }] }) => [
      random.normal(shape, keyOf(stream), parameters.MEAN, parameters.DEVIATION),
    ],
  },
  randomTruncatedNormal: {
    compute: ({ attrs: { stream, parameters }, outputs: [{ shape }] }) => [
      random.truncatedNormal(shape, keyOf(stream), parameters.MEAN, parameters.DEVIATION),
    ],
  },
  randomBits: {
    compute: ({ attrs: { stream }, outputs: [{ shape }] }) => [
      map(zeros(shape), (_, i) => random.bitsAt(i, keyOf(stream))[i % 4]),
    ],
  },
  gatherBatch: { compute: gathered, feed: whole },
  gatherAugmented: { compute: augmented, feed: whole },
};
