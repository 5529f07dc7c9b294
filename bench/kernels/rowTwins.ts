import type { Node } from '../../src/ops/core/op.ts';
import { map, random, randomIntegers } from '../../test/reference/array.ts';
import { orthonormalize } from '../../test/reference/linalg.ts';
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../../test/reference/losses.ts';
import type { Loss } from '../../test/reference/losses.ts';
import { argmax, reduce, reduceGrad } from '../../test/reference/reduce.ts';
import * as rows from '../../test/reference/softmax.ts';
import type { Twin } from './twin.ts';

/** The label of each row. */
const classes = ({ inputs }: Node, index: number) =>
  index === 1 ? randomIntegers(6, inputs[1].shape, inputs[0].shape.at(-1)!) : undefined;

/** Of the sum of the losses, where the twin has that of their mean. */
const crossEntropy = ({ perSample, gradient }: Loss) => [
  map(gradient, (value) => value * perSample.data.length),
  perSample,
];

/** Ops on the rows of a matrix: reductions, softmax, losses, and columns made orthonormal. */
export const twins: Readonly<Record<string, Twin>> = {
  reduceSum: { compute: ({ attrs }, [x]) => [reduce('sum', x, attrs)] },
  reduceMean: { compute: ({ attrs }, [x]) => [reduce('mean', x, attrs)] },
  argmax: { compute: ({ attrs: { axis, keepDims } }, [x]) => [argmax(x, axis, keepDims)] },
  reduceProdGradient: {
    compute: (_node, [x, dy]) => [reduceGrad('prod', x, dy, { axes: [1] })],
    // near 1, or the product of a long row would be 0
    feed: ({ inputs }, index) => (index === 0 ? random(1, inputs[0].shape, 0.5, 1.5) : undefined),
  },
  softmax: { compute: (_node, [x]) => [rows.softmax(x)] },
  softmaxGradient: {
    compute: (_node, [y, dy]) => [rows.softmaxGrad(y, dy)],
    feed: ({ inputs }, index) => (index === 0 ? rows.softmax(random(1, inputs[0].shape)) : undefined),
  },
  sparsemax: { compute: (_node, [x]) => [rows.sparsemax(x)] },
  sparseSoftmaxCrossEntropy: {
    compute: (_node, [logits, labels]) => crossEntropy(sparseSoftmaxCrossEntropy(logits, labels)),
    feed: classes,
  },
  softmaxCrossEntropy: {
    compute: (_node, [logits, targets]) => crossEntropy(softmaxCrossEntropy(logits, targets)),
    feed: ({ inputs }, index) => (index === 1 ? rows.softmax(random(2, inputs[1].shape)) : undefined),
  },
  categoricalAccuracy: {
    compute: (_node, [predictions, labels]) => {
      const found = argmax(predictions);
      return [map(found, (index, i) => Number(index === labels.data[i]))];
    },
    feed: classes,
  },
  orthonormalize: { compute: (_node, [x]) => [orthonormalize(x)] },
};
