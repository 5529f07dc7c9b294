import { attention } from '../../../../src/ops/attention/attention.ts';
import { simpleRnn } from '../../../../src/ops/recurrent/recurrent.ts';
import { orthonormalize } from '../../../../src/ops/linalg/orthonormalize.ts';
import { sparseSoftmaxCrossEntropy } from '../../../../src/ops/loss/softmaxCrossEntropy.ts';
import { matmul } from '../../../../src/ops/matmul/matmul.ts';
import { reduceSum } from '../../../../src/ops/reduce/sum.ts';
import { softmax } from '../../../../src/ops/softmax/softmax.ts';
import { normalize } from '../../../../src/ops/normalization/normalize.ts';
import { line, lowered, tensor } from '../../toys/toy.ts';
import { products } from '../worked.ts';
import { written } from '../written.ts';
import type { Worked } from '../worked.ts';
import { list, placeIn, toy } from './words.ts';

const LOGITS = [2, 1, 0];

/** Worked numbers of kernels of matrices. */
export const examples: Readonly<Record<string, readonly Worked[]>> = {
  matmul: [
    {
      kind: 'elements',
      title: 'A (2 × 3) times B (3 × 2)',
      toy: toy(
        'matmul/1_naive',
        () => lowered(matmul(tensor('a', [2, 3]), tensor('b', [3, 2])), { variants: { matmul: 'naive' } }),
        { values: { a: [1, 2, 3, 4, 5, 6], b: [7, 8, 9, 10, 11, 12] }, small: line(4) },
      ),
      output: 'c',
      tell: (at) =>
        `In ${placeIn(at, 2)}: row ${Math.floor(at.element / 2)} of a times column ${at.element % 2} of b, ${products(at.read('a'), at.read('b'))} = ${written(at.value)}.`,
    },
  ],
  reduce: [
    {
      kind: 'levels',
      title: 'A tree of sums: 8 → 4 → 2 → 1',
      toy: toy(
        'reduce/tree',
        () => lowered(reduceSum(tensor('x', [8, 3]), { axes: [0] }), { variants: { reduceSum: 'tree' } }),
        {
          values: { x: [3, 0, 0, 1, 0, 0, 4, 0, 0, 1, 0, 0, 5, 0, 0, 9, 0, 0, 2, 0, 0, 6, 0, 0] },
          small: {
            constants: { WORKGROUP_SIZE: 8, COLUMNS: 1, LEVELS: 3, GROUPS: 3 },
            workgroups: [3, 1, 1],
          },
        },
      ),
      memory: 'table',
      counts: [8, 4, 2, 1],
      tell: ({ values }) =>
        `The memory of the workgroup before each barrier. Invocation i adds the number of invocation i + 4, then i + 2, then i + 1; after three levels the first has the sum, ${written(values.output[0])}.`,
    },
  ],
  softmax: [
    {
      kind: 'elements',
      title: 'Softmax of three logits',
      toy: toy(
        'softmax/rows',
        () => lowered(softmax(tensor('x', [1, 3])), { variants: { softmax: 'rows' } }),
        { values: { x: LOGITS }, small: line(1, 1) },
      ),
      output: 'output',
      tell: ({ element, value, values }) =>
        `e^${written(LOGITS[element])} as a share of ${LOGITS.map((x) => `e^${written(x)}`).join(' + ')} is ${written(value)}. Together the three are ${written(Math.fround(values.output[0] + values.output[1] + values.output[2]))}.`,
    },
  ],
  attention: [
    {
      kind: 'elements',
      title: 'One head of causal attention over three steps, with a scale of 1',
      toy: toy(
        'attention/1_naive',
        () => {
          const [q, k, v] = [2, 2, 1].map((size, i) => tensor('qkv'[i], [1, 3, 1, size]));
          return lowered(attention(q, k, v, { causal: true, scale: 1 }), {
            variants: { attention: 'naive' },
          });
        },
        { values: { q: [1, 0, 1, 1, 0, 2], k: [1, 0, 0, 1, 1, 1], v: [4, 0, 2] }, small: line(3, 3) },
      ),
      output: 'output',
      tell(at) {
        const [q, k, v] = ['q', 'k', 'v'].map(at.read);
        // each key is read with the query, number by number
        const pairs = v.map((_, key) => [q, k].map((own) => own.slice(2 * key, 2 * key + 2)));
        const scores = pairs.map(([query, key]) => query[0] * key[0] + query[1] * key[1]);
        const weights = scores.map((score) => Math.fround(Math.exp(score - at.values.log_sum[at.element])));
        const sums = pairs.map(([query, key], i) => `${products(query, key)} = ${written(scores[i])}`);
        return `Step ${at.element} sees ${v.length === 1 ? 'itself alone' : `steps ${list([...v.keys()])}`}. Scores, its query times each key: ${sums.join(', ')}. Weights, e^(score − log_sum): ${list(weights)}. Output, the values times their weights: ${products(weights, v)} = ${written(at.value)}.`;
      },
    },
  ],
  loss: [
    {
      kind: 'elements',
      title: 'The cross entropy of logits (2, 1, 0) for label 0',
      toy: toy(
        'loss/softmax_cross_entropy',
        () =>
          lowered(sparseSoftmaxCrossEntropy(tensor('x', [1, 3]), tensor('labels', [1], 'i32')), {
            variants: { sparseSoftmaxCrossEntropy: 'row' },
          }),
        { values: { x: LOGITS, labels: [0] }, small: line(1, 1) },
      ),
      output: 'gradient',
      tell({ element, value, values }) {
        const loss = `The loss is ${written(values.loss[0])}: minus the logarithm of the probability of class 0.`;
        return element === 0
          ? `${loss} The gradient of the label’s own logit is its probability minus 1: ${written(value)}.`
          : `${loss} The gradient of logit ${element} is the probability of its class: ${written(value)}.`;
      },
    },
  ],
  normalization: [
    {
      kind: 'elements',
      title: 'A batch normalization of four samples of two channels',
      toy: toy(
        'normalization/apply',
        () =>
          lowered(
            normalize(tensor('x', [4, 2]), {
              over: 'batch',
              gamma: tensor('gamma', [2]),
              beta: tensor('beta', [2]),
            }).y,
            {
              variants: { normalize: 'lanes' },
            },
          ),
        { values: { x: [1, 10, 2, 20, 3, 30, 4, 40], gamma: [1, 2], beta: [0, 1] }, small: line(8) },
      ),
      output: 'output',
      tell(at) {
        const [x, mean, variance, gamma, beta] = ['input', 'mean', 'variance', 'gamma', 'beta'].map(
          (name) => at.read(name)[0],
        );
        return `(${written(x)} − ${written(mean)}) / √(${written(variance)} + 0.001) · ${written(gamma)} + ${written(beta)} = ${written(at.value)}. The mean and the variance of the channel come from another kernel.`;
      },
    },
  ],
  recurrent: [
    {
      kind: 'elements',
      title: 'Three steps of one unit that remembers half',
      toy: toy(
        'recurrent/simple_rnn',
        () =>
          lowered(
            simpleRnn(tensor('x', [1, 3, 1]), tensor('kernel', [1, 1]), tensor('recurrentKernel', [1, 1]))
              .outputs,
            { variants: { simpleRnn: 'sequence:1x1' } },
          ),
        { values: { matmul: [1, 0, 0], recurrentKernel: [0.5] } },
      ),
      output: 'hidden',
      tell({ element, value, values: { hidden, projected } }) {
        const [before, input] = [element === 0 ? 0 : hidden[element - 1], projected[element]];
        return `After step ${element + 1} the state is tanh(${written(input)} + 0.5 · ${written(before)}) = ${written(value)}.${element > 0 ? ' Nothing came in, and half of the state before is left of it.' : ''}`;
      },
    },
  ],
  linalg: [
    {
      kind: 'elements',
      title: 'Two columns made orthonormal',
      toy: toy('linalg/orthonormalize', () => lowered(orthonormalize(tensor('x', [3, 2]))), {
        values: { x: [2, 1, 0, 2, 0, 2] },
      }),
      output: 'q',
      tell({ values: { q } }) {
        const dot = (a: number, b: number) => [0, 1, 2].map((row) => q[2 * row + a] * q[2 * row + b]);
        const total = (numbers: readonly number[]) => numbers.reduce((x, y) => x + y, 0);
        return `Column 0 is divided by its length; then what column 1 has in its direction is taken off. The squares of column 1 add up to ${written(Number(total(dot(1, 1)).toFixed(3)))}, and the products of both columns to ${written(Math.abs(Number(total(dot(0, 1)).toFixed(3))))}.`;
      },
    },
  ],
};
