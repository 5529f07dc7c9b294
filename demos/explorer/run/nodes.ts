import { choicesOf } from '../../../bench/kernels/cases.ts';
import { gradients, ops } from '../../../src/index.ts';
import type { Tensor } from '../../../src/index.ts';
import { topologicalOrder } from '../../../src/graph/traverse.ts';
import { optimize } from '../../../src/graph/passes/optimize.ts';
import type { Node, Target } from '../../../src/ops/core/op.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import type { RunCase, Sizes } from './sizes.ts';

const input = (name: string, shape: readonly number[], dtype?: 'i32') => ops.input(name, shape, dtype);

/** The gradient of Σ y · weight by a tensor. */
function slope(y: Tensor, by: Tensor): Tensor {
  const weight = input('weight', y.shape);
  return gradients(ops.reduceSum(ops.multiply(y, weight)), [by])[0]!;
}

function convolution(
  { batch, side, inputs, outputs, taps }: Sizes,
  isDepthwise: boolean,
): [y: Tensor, x: Tensor, w: Tensor] {
  const x = input('image', [batch, side, side, inputs]);
  const w = input('filter', isDepthwise ? [taps, taps, 1, inputs] : [taps, taps, inputs, outputs]);
  return [ops.conv2d(x, w, { padding: 'same', ...(isDepthwise && { groups: inputs }) }), x, w];
}

const pooled = ({ batch, side, inputs }: Sizes): [y: Tensor, x: Tensor] => {
  const x = input('image', [batch, side, side, inputs]);
  return [ops.maxPool2d(x, { poolSize: 2 }), x];
};
const matrix = ({ rows, columns }: Sizes) => input('x', [rows, columns]);

const OUTPUTS: Readonly<Record<RunCase['name'], (sizes: Sizes, kernel: string) => Tensor>> = {
  matmul: ({ M, K, N }, kernel) =>
    kernel.endsWith('dot')
      ? ops.matmul(input('a', [M, K]), input('b', [N, K]), { transposeB: true })
      : ops.matmul(input('a', [M, K]), input('b', [K, N])),
  conv2d: (sizes, kernel) => convolution(sizes, kernel.endsWith('depthwise'))[0],
  conv2dGradFilter: (sizes) => {
    const [y, , w] = convolution(sizes, false);
    return slope(y, w);
  },
  conv2dGradInput: (sizes) => {
    const [y, x] = convolution(sizes, false);
    return slope(y, x);
  },
  sum: (sizes, kernel) => ops.reduceSum(matrix(sizes), { axes: [kernel.endsWith('tree') ? 1 : 0] }),
  map: (sizes) => ops.tanh(matrix(sizes)),
  maxPool: (sizes) => pooled(sizes)[0],
  maxPoolGradient: (sizes) => {
    const [y, x] = pooled(sizes);
    return slope(y, x);
  },
  crossEntropy: (sizes) => ops.sparseSoftmaxCrossEntropy(matrix(sizes), input('labels', [sizes.rows], 'i32')),
  normal: ({ rows, columns }) => ops.randomNormal([rows, columns]),
  dropout: (sizes) => ops.dropout(matrix(sizes), 0.5),
};

/** The op that comes to a kernel: a node by itself, as the engine's passes leave it. */
export function nodeOf({ name }: RunCase, kernel: string, sizes: Sizes): Node {
  const [output] = optimize([OUTPUTS[name](sizes, kernel)]);
  const opName = /^conv2dGrad|^maxPool/.test(name) ? output.node.op.name : undefined;
  if (opName === undefined || /^(conv2d|maxPool)/.test(opName)) return output.node;
  return topologicalOrder([output]).findLast(({ op }) => /^(conv2dGrad|maxPool)/.test(op.name))!;
}

/** The plans of a node that run a kernel, by the names of variants; '' is what the engine takes by itself. */
export function plansOf(node: Node, kernel: string, target: Target): Readonly<Record<string, string>>[] {
  const names = choicesOf(node, target).flatMap(({ opName, candidates, tunable }) =>
    [...new Set([...candidates, ...tunable])].map((variant) => ({ [opName]: variant })),
  );
  const runs = (variants: Readonly<Record<string, string>>) => {
    try {
      return lowerGraph(node.outputs, [], [], { target, variants }).some((own) => own.kernel.name === kernel);
    } catch {
      return false; // not for these sizes
    }
  };
  const all: Readonly<Record<string, string>>[] = names.length > 0 ? names : [{}];
  return all.filter((variants) => !Object.values(variants).some((own) => own.endsWith(':half'))).filter(runs);
}
