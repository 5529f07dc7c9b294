import { gradients } from '../../../src/graph/autodiff.ts';
import { multiply } from '../../../src/ops/elementwise/elementwise.ts';
import { categoricalAccuracy } from '../../../src/ops/loss/accuracy.ts';
import { softmaxCrossEntropy, sparseSoftmaxCrossEntropy } from '../../../src/ops/loss/softmaxCrossEntropy.ts';
import { argmax } from '../../../src/ops/reduce/argmax.ts';
import { reduceProd } from '../../../src/ops/reduce/reduce.ts';
import { reduceSum } from '../../../src/ops/reduce/sum.ts';
import { softmax } from '../../../src/ops/softmax/softmax.ts';
import { sparsemax } from '../../../src/ops/softmax/sparsemax.ts';
import { line, lowered, tensor } from './toy.ts';
import type { Toy } from './toy.ts';

const row = (size: number) => ({
  constants: { WORKGROUP_SIZE: size, LEVELS: Math.log2(size) },
  workgroups: [2, 1, 1] as const,
});
const LOGITS = { x: [2, 1, 0, 0.5, -1, 3, 1, 1, 0, 2] };

/** Kernels in which each row of a matrix becomes a number, or another row. */
export const toys: readonly Toy[] = [
  {
    kernel: 'reduce/tree',
    title: 'the sum of each row of 2 × 16 numbers',
    lower: () => lowered(reduceSum(tensor('x', [2, 16]), { axes: [1] }), { variants: { reduceSum: 'tree' } }),
    small: { constants: { WORKGROUP_SIZE: 4, COLUMNS: 1, LEVELS: 2 }, workgroups: [2, 1, 1] },
  },
  {
    kernel: 'reduce/lanes',
    title: 'the sum of each column of 4 × 6 numbers',
    lower: () => lowered(reduceSum(tensor('x', [4, 6]), { axes: [0] }), { variants: { reduceSum: 'lanes' } }),
    small: line(6, 3),
  },
  {
    kernel: 'reduce/arg_tree',
    title: 'where the largest of each row of 2 × 64 numbers is',
    lower: () => lowered(argmax(tensor('x', [2, 64])), { variants: { argmax: 'tree' } }),
    small: row(4),
  },
  {
    kernel: 'reduce/arg_lanes',
    title: 'where the largest of each row of 3 × 6 numbers is',
    lower: () => lowered(argmax(tensor('x', [3, 6])), { variants: { argmax: 'lanes' } }),
    small: line(3),
  },
  {
    kernel: 'reduce/product_gradient',
    title: 'the gradient of the product of each row of 2 × 4 numbers',
    lower: () => {
      const x = tensor('x', [2, 4]);
      return lowered(gradients(reduceSum(reduceProd(x, { axes: [1] })), [x]));
    },
    small: line(2, 2),
  },
  {
    kernel: 'softmax/rows',
    title: 'softmax of each row of 2 × 5 logits',
    lower: () => lowered(softmax(tensor('x', [2, 5])), { variants: { softmax: 'rows' } }),
    values: LOGITS,
    small: line(2, 2),
  },
  {
    kernel: 'softmax/workgroup',
    title: 'softmax of each row of 2 × 10 logits',
    lower: () => lowered(softmax(tensor('x', [2, 10])), { variants: { softmax: 'workgroup' } }),
    values: LOGITS,
    small: row(4),
  },
  ...(['rows', 'workgroup'] as const).map((variant): Toy => {
    return {
      kernel: `softmax/gradient_${variant}`,
      title: 'the gradient of softmax by 2 × 5 logits',
      lower: () => {
        const [x, weight] = [tensor('x', [2, 5]), tensor('weight', [2, 5])];
        return lowered(gradients(reduceSum(multiply(softmax(x), weight)), [x]), {
          variants: { softmax: variant, softmaxGradient: variant },
        });
      },
      values: LOGITS,
      small: variant === 'rows' ? line(2, 2) : row(4),
    };
  }),
  {
    kernel: 'softmax/sparsemax',
    title: 'sparsemax of each row of 2 × 5 logits',
    lower: () => lowered(sparsemax(tensor('x', [2, 5]))),
    values: LOGITS,
    small: line(2, 2),
  },
  {
    kernel: 'loss/softmax_cross_entropy',
    title: 'the loss of logits (2, 1, 0) for label 0, and of (0.5, −1, 3) for label 1',
    lower: () =>
      lowered(sparseSoftmaxCrossEntropy(tensor('x', [2, 3]), tensor('labels', [2], 'i32')), {
        variants: { sparseSoftmaxCrossEntropy: 'row' },
      }),
    values: { ...LOGITS, labels: [0, 1] },
    small: line(2, 2),
  },
  {
    kernel: 'loss/softmax_cross_entropy_workgroup',
    title: 'the loss of 2 × 5 logits',
    lower: () =>
      lowered(softmaxCrossEntropy(tensor('x', [2, 5]), tensor('targets', [2, 5])), {
        variants: { softmaxCrossEntropy: 'workgroup' },
      }),
    values: { ...LOGITS, targets: [1, 0, 0, 0, 0, 0, 0, 1, 0, 0] },
    small: row(4),
  },
  {
    kernel: 'loss/categorical_accuracy',
    title: 'whether the largest of 2 × 5 logits is at the label',
    lower: () =>
      lowered(categoricalAccuracy(tensor('x', [2, 5]), tensor('labels', [2], 'i32')), {
        variants: { categoricalAccuracy: 'row' },
      }),
    values: { ...LOGITS, labels: [0, 1] },
    small: line(2, 2),
  },
  {
    // Targets that are distributions: the tree runs twice, and so each of its barriers is needed.
    kernel: 'loss/categorical_accuracy_workgroup',
    title: 'whether the largest of 2 × 5 logits is where the target is largest',
    lower: () =>
      lowered(categoricalAccuracy(tensor('x', [2, 5]), tensor('targets', [2, 5])), {
        variants: { categoricalAccuracy: 'workgroup' },
      }),
    values: { ...LOGITS, targets: [0.25, 0.5, 0, 0, 0.25, 0.75, 0, 0, 0.25, 0] },
    small: row(4),
  },
];
