import { choicesOf } from '../../../bench/kernels/cases.ts';
import { gradients, ops } from '../../../src/index.ts';
import type { Tensor } from '../../../src/index.ts';
import { topologicalOrder } from '../../../src/graph/traverse.ts';
import { optimize } from '../../../src/graph/passes/optimize.ts';
import type { Node, Target } from '../../../src/ops/core/op.ts';
import { gatherAugmented } from '../../../src/ops/dataset/gatherAugmented.ts';
import { randomBits, withStreams } from '../../../src/ops/random/random.ts';
import {
  neighbourProbabilities,
  tsneAttraction,
  tsneExactAttraction,
  tsneRepulsion,
} from '../../../src/ops/tsne/tsne.ts';
import { lowerGraph } from '../../../src/runtime/lower.ts';
import type { RunCase, Sizes } from './sizes.ts';

const input = (name: string, shape: readonly number[], dtype?: 'i32' | 'u8') => ops.input(name, shape, dtype);

/** The gradient of Σ y · weight by a tensor. */
function slope(y: Tensor, by: Tensor): Tensor {
  const weight = input('weight', y.shape);
  return gradients(ops.reduceSum(ops.multiply(y, weight)), [by])[0]!;
}

/** Forward, or backward to the input where the kernel's name says so. */
const forwardOrBack = (kernel: string, y: Tensor, x: Tensor) =>
  kernel.includes('gradient') ? slope(y, x) : y;

function convolution(
  { batch, side, inputs, outputs, taps, stride }: Sizes,
  isDepthwise = false,
): [y: Tensor, x: Tensor, w: Tensor] {
  const x = input('image', [batch, side, side, inputs]);
  const w = input('filter', isDepthwise ? [taps, taps, 1, inputs] : [taps, taps, inputs, outputs]);
  return [ops.conv2d(x, w, { padding: 'same', stride, ...(isDepthwise && { groups: inputs }) }), x, w];
}

const images = ({ batch, side, inputs }: Sizes) => input('image', [batch, side, side, inputs]);
const matrix = ({ rows, columns }: Sizes) => input('x', [rows, columns]);
const labels = ({ rows }: Sizes) => input('labels', [rows], 'i32');

function normalized(sizes: Sizes, kernel: string): Tensor {
  const x = images(sizes);
  const [gamma, beta] = ['gamma', 'beta'].map((name) => input(name, [sizes.inputs]));
  return forwardOrBack(kernel, ops.normalize(x, { over: 'batch', gamma, beta }).y, x);
}

function moved(sizes: Sizes, kernel: string): Tensor {
  const x = matrix(sizes);
  const { rows, columns } = sizes;
  if (kernel.includes('transpose')) return ops.transpose(x);
  if (kernel.includes('concat')) return ops.concat([x, input('y', [rows, columns])], 1);
  if (kernel.includes('cast')) return ops.cast(x, 'i32');
  return ops.slice(x, [1, 1], [rows - 2, columns - 2]);
}

function drawn({ rows, columns }: Sizes, kernel: string): Tensor {
  if (kernel.includes('uniform')) return ops.randomUniform([rows, columns]);
  if (kernel.includes('truncated')) return ops.randomTruncatedNormal([rows, columns]);
  return kernel.includes('bits') ? randomBits([rows, columns]) : ops.randomNormal([rows, columns]);
}

function gathered({ samples, batch, side }: Sizes, kernel: string): Tensor {
  const source = input('samples', [samples, side, side, 1], kernel.endsWith('bytes') ? 'u8' : undefined);
  if (kernel.endsWith('augmented')) {
    const augment = { shift: 0.2, scale: 0.2, flipHorizontal: true };
    return gatherAugmented({ source, batchSize: batch, augment })[0];
  }
  return ops.gatherBatch({ source, batchSize: batch });
}

/** A recurrent network over sequences of 8 features, or its gradient by the recurrent weights. */
function recurrent({ batch, steps, units }: Sizes, kernel: string): Tensor {
  const [op, gates] = kernel.includes('lstm')
    ? ([ops.lstm, 4] as const)
    : kernel.includes('gru')
      ? ([ops.gru, 3] as const)
      : ([ops.simpleRnn, 1] as const);
  const weights = input('recurrentKernel', [units, gates * units]);
  const x = input('x', [batch, steps, 8]);
  return forwardOrBack(kernel, op(x, input('kernel', [8, gates * units]), weights).outputs, weights);
}

/** A step of t-SNE, or how it finds how near neighbours are. */
function embedded({ points, neighbours, features }: Sizes, kernel: string): Tensor {
  const places = input('places', [points, 2]);
  if (kernel.includes('repulsion')) return tsneRepulsion(places).force;
  if (kernel.includes('perplexity')) {
    const { p } = neighbourProbabilities(input('distances', [points, neighbours]), neighbours / 3);
    return p;
  }
  if (kernel.includes('exact')) {
    return tsneExactAttraction(places, input('x', [points, features]), input('scales', [points, 2])).force;
  }
  const edges = points * neighbours;
  return tsneAttraction(places, {
    starts: input('starts', [points + 1], 'i32'),
    neighbours: input('neighbours', [edges], 'i32'),
    p: input('p', [edges]),
  }).force;
}

const OUTPUTS: Readonly<Record<string, (sizes: Sizes, kernel: string) => Tensor>> = {
  matmul: ({ M, K, N }, kernel) =>
    kernel.endsWith('dot')
      ? ops.matmul(input('a', [M, K]), input('b', [N, K]), { transposeB: true })
      : ops.matmul(input('a', [M, K]), input('b', [K, N])),
  conv2d: (sizes) => convolution(sizes)[0],
  depthwise: (sizes) => convolution(sizes, true)[0],
  conv2dMaxPool: (sizes) => ops.maxPool2d(convolution(sizes)[0], { poolSize: 2 }),
  conv2dGradFilter: (sizes) => {
    const [y, , w] = convolution(sizes);
    return slope(y, w);
  },
  conv2dGradInput: (sizes) => {
    const [y, x] = convolution(sizes);
    return slope(y, x);
  },
  map: (sizes) => ops.tanh(matrix(sizes)),
  sum: (sizes) => ops.reduceSum(matrix(sizes), { axes: [[1], [0], [0, 1]][sizes.along] }),
  argmax: (sizes) => ops.argmax(matrix(sizes)),
  productGradient: (sizes) => {
    const x = matrix(sizes);
    return slope(ops.reduceProd(x, { axes: [1] }), x);
  },
  softmax: (sizes) => ops.softmax(matrix(sizes)),
  softmaxGradient: (sizes) => {
    const x = matrix(sizes);
    return slope(ops.softmax(x), x);
  },
  rotary: ({ batch, steps, heads, width }) => ops.rotary(input('x', [batch, steps, heads, width])),
  decode: ({ batch, steps, heads, width }) => {
    const [query, key, value] = [1, steps, steps].map((own, i) =>
      input('qkv'[i], [batch, own, heads, width]),
    );
    return ops.attention(query, key, value, { lengths: input('lengths', [batch], 'i32') });
  },
  attention: ({ batch, steps, heads, width }, kernel) => {
    const operands = ['q', 'k', 'v'].map((name) => input(name, [batch, steps, heads, width]));
    const y = ops.attention(operands[0], operands[1], operands[2], { causal: true });
    return forwardOrBack(kernel, y, operands[0]);
  },
  sparsemax: (sizes) => ops.sparsemax(matrix(sizes)),
  crossEntropy: (sizes) => ops.sparseSoftmaxCrossEntropy(matrix(sizes), labels(sizes)),
  accuracy: (sizes) => ops.categoricalAccuracy(matrix(sizes), labels(sizes)),
  pool: (sizes, kernel) => {
    const x = images(sizes);
    const pool = kernel.includes('average') ? ops.averagePool2d : ops.maxPool2d;
    const y = pool(x, { poolSize: 2 });
    if (kernel.includes('winners')) {
      const dy = input('dy', y.shape);
      return slope(gradients(ops.reduceSum(ops.multiply(y, dy)), [x])[0]!, dy);
    }
    return forwardOrBack(kernel, y, x);
  },
  adaptivePool: (sizes, kernel) => {
    const x = images(sizes);
    const pool = kernel.includes('average') ? ops.adaptiveAveragePool2d : ops.adaptiveMaxPool2d;
    return forwardOrBack(kernel, pool(x, sizes.to), x);
  },
  scaleShift: ({ inputs }) => {
    const names = ['mean', 'variance', 'gamma', 'beta'];
    const [mean, variance, gamma, beta] = names.map((name) => input(name, [inputs]));
    return ops.normalizeWith(input('x', [1, inputs]), { mean, variance, gamma, beta });
  },
  normalize: normalized,
  gather: ({ rows, columns, taken }, kernel) => {
    const [table, numbers] = [input('table', [rows, columns]), input('rows', [taken], 'i32')];
    return kernel.includes('one_hot')
      ? ops.oneHot(numbers, columns)
      : forwardOrBack(kernel.replace('links', 'gradient'), ops.gather(table, numbers), table);
  },
  cumprod: (sizes) => ops.cumprod(matrix(sizes)),
  cumsum: ({ columns }) => ops.cumsum(input('x', [columns])),
  argsort: (sizes) => ops.argsort(matrix(sizes)),
  tsne: embedded,
  integers: ({ rows, columns }) => ops.remainder(input('x', [rows, columns], 'i32'), 10),
  move: moved,
  random: drawn,
  dropout: (sizes) => ops.dropout(matrix(sizes), 0.5),
  resize: (sizes, kernel) => {
    const x = images(sizes);
    const interpolation = (['nearest', 'bilinear', 'bicubic'] as const).find((name) =>
      kernel.includes(name),
    )!;
    return forwardOrBack(kernel, ops.resize2d(x, [sizes.to, sizes.to], { interpolation }), x);
  },
  orthonormalize: (sizes) => ops.orthonormalize(matrix(sizes)),
  recurrent,
  batch: gathered,
};

/** What runs: the node of the case that comes to the kernel, by itself, and its plans that do. */
export interface Chosen {
  readonly node: Node;
  /** By the names of variants; none is what the engine takes by itself. */
  readonly plans: readonly Readonly<Record<string, string>>[];
}

/**
 * The op that comes to a kernel, as the engine's passes leave it.
 *
 * @throws Error where no plan for this device and these sizes does
 */
export function chosenNode({ name }: RunCase, kernel: string, sizes: Sizes, target: Target): Chosen {
  const [output] = optimize([withStreams(() => OUTPUTS[name](sizes, kernel))]);
  for (const node of topologicalOrder([output]).toReversed()) {
    if (node.op.kind === 'leaf' || node.op.kind === 'alias') continue;
    const plans = plansOf(node, kernel, target);
    if (plans.length > 0) return { node, plans };
  }
  throw new Error(
    `This device does not run ${kernel}.wgsl at these sizes: try multiples of four, or another kernel.`,
  );
}

/** The plans of a node that run a kernel. */
function plansOf(node: Node, kernel: string, target: Target): Readonly<Record<string, string>>[] {
  const names = choicesOf(node, target).flatMap(({ opName, candidates, tunable }) =>
    [...new Set([...candidates, ...tunable])].map((variant) => ({ [opName]: variant })),
  );
  const runs = (variants: Readonly<Record<string, string>>) => {
    try {
      return lowerGraph(node.outputs, [], [], { target, variants }).some(
        (own) => own.node === node && own.kernel.name === kernel,
      );
    } catch {
      return false; // not for these sizes
    }
  };
  const all: Readonly<Record<string, string>>[] = names.length > 0 ? names : [{}];
  return all.filter((variants) => !Object.values(variants).some((own) => own.endsWith(':half'))).filter(runs);
}
