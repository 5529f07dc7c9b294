import { fillValue } from '../../src/ops/core/leaves.ts';
import type { Node, Tensor } from '../../src/ops/core/op.ts';
import type { Pool2dAttrs } from '../../src/ops/pooling/pool2d.ts';
import { evaluateExpression } from '../../test/graph/interpret.ts';
import { full, map, random, randomIntegers, sizeOf, zeros } from '../../test/reference/array.ts';
import type { Array64 } from '../../test/reference/array.ts';
import * as conv from '../../test/reference/conv2d.ts';
import { broadcastTo } from '../../test/reference/broadcast.ts';
import { integerTable } from '../../test/reference/integers.ts';
import { matmulOf } from '../../test/reference/matmul.ts';
import {
  avgPool2d,
  avgPool2dGrad,
  maxPool2d,
  maxPool2dGrad,
  maxPool2dWinners,
} from '../../test/reference/pooling.ts';
import { reduce } from '../../test/reference/reduce.ts';
import * as attention from './attentionTwins.ts';
import * as images from './imageTwins.ts';
import * as movement from './movementTwins.ts';
import * as normalization from './normalizationTwins.ts';
import * as draws from './randomTwins.ts';
import * as recurrent from './recurrentTwins.ts';
import * as rows from './rowTwins.ts';
import * as tsne from './tsneTwins.ts';
import type { Twin } from './twin.ts';

/** How a window moves, in the words of the float64 twins. */
function geometry(
  { stride, padding, dilation, groups, kept }: Window,
  x: readonly number[],
  window: readonly number[],
): conv.Conv2dOptions {
  const [size, kernel]: conv.Pair[] = [
    [x[1], x[2]],
    [window[0], window[1]],
  ];
  const options = { strides: stride, dilations: dilation, groups };
  const explicit =
    typeof padding === 'string' ? conv.padding2d(padding, size, kernel, stride, dilation) : padding;
  if (!kept) return { ...options, padding: explicit };
  // So much less padding, below 0 where need be, that the output has the rows and columns that are kept.
  const [top, bottom, left, right] = explicit;
  const [rows, columns] = conv.outputSize2d(size, kernel, { ...options, padding: explicit });
  const [below, beside] = [(rows - kept[0]) * stride[0], (columns - kept[1]) * stride[1]];
  return { ...options, padding: [top, bottom - below, left, right - beside] };
}

interface Window {
  readonly stride: conv.Pair;
  readonly padding: 'same' | 'valid' | conv.Padding;
  readonly dilation: conv.Pair;
  readonly groups?: number;
  readonly kept?: conv.Pair;
}

const gradInput: Twin = {
  compute: ({ attrs }, [dy, w]) => [
    conv.conv2dGradInput(dy, w, attrs.inputShape, geometry(attrs, attrs.inputShape, w.shape)),
  ],
};

function gradFilter({ attrs, outputs }: Node, [x, dy]: readonly Array64[]): Array64 {
  const { shape } = outputs[0];
  return conv.conv2dGradFilter(x, dy, shape, geometry(attrs, x.shape, shape));
}

/** Four channels' winners travel in the bytes of one word, or each in a word of its own. */
const packsFour = (packed: Array64 | Tensor, dy: Array64 | Tensor) => packed.shape[3] !== dy.shape[3];

/** The winner of each window, drawn at random: each of them is as good. */
function winners({ attrs, inputs: [dy, packed] }: Node): Array64 {
  const four = packsFour(packed, dy);
  const drawn = randomIntegers(5, [...packed.shape, four ? 4 : 1], sizeOf(attrs.poolSize)).data;
  return map(zeros(packed.shape), (_, i) =>
    four ? drawn.slice(4 * i, 4 * i + 4).reduce((word, tap, byte) => word + tap * 256 ** byte, 0) : drawn[i],
  );
}

function unpacked(packed: Array64, dy: Array64): Array64 {
  if (!packsFour(packed, dy)) return packed;
  return map(dy, (_, i) => Math.floor(packed.data[Math.floor(i / 4)] / 256 ** (i % 4)) % 256);
}

function poolOptions({ poolSize, stride, padding, dilation }: Pool2dAttrs, x: readonly number[]) {
  return { size: poolSize, ...geometry({ stride, padding, dilation }, x, poolSize) };
}

function integersOf(operation: string, shape: readonly number[], ...inputs: Array64[]): Array64 {
  const [a, b] = inputs.map((own) => broadcastTo(own, shape));
  return map(a, (value, i) => integerTable[operation](value, b.data[i]));
}

export const twins: Readonly<Record<string, Twin>> = {
  map: {
    compute: ({ attrs, outputs }, inputs) => [evaluateExpression(attrs.expression, inputs, outputs[0].shape)],
  },
  integers: {
    compute: ({ attrs, outputs: [{ shape }] }, [a, b]) => [integersOf(attrs.operation, shape, a, b)],
    feed({ inputs }, index) {
      const { shape } = inputs[index];
      const value = fillValue(inputs[index]); // a divisor keeps its value: a random one may be 1, and all remainders 0
      return value === undefined ? randomIntegers(6 + index, shape, 100) : full(shape, value);
    },
  },
  matmul: { compute: ({ attrs }, [a, b]) => [matmulOf(a, b, attrs)] },
  conv2d: { compute: ({ attrs }, [x, w]) => [conv.conv2d(x, w, geometry(attrs, x.shape, w.shape))] },
  conv2dGradInput: gradInput,
  conv2dTranspose: gradInput,
  conv2dGradFilter: { compute: (node, inputs) => [gradFilter(node, inputs)] },
  conv2dGradFilterBias: {
    compute: (node, inputs) => [gradFilter(node, inputs), reduce('sum', inputs[1], { axes: [0, 1, 2] })],
  },
  maxPool2d: {
    compute: (node, [x]) => [maxPool2d(x, poolOptions(node.attrs, x.shape)).output, undefined],
  },
  conv2dMaxPool: {
    compute: (node, inputs) => {
      const [x, w] = inputs;
      const { conv: window, pool } = node.attrs;
      const y = withEpilogue(node, conv.conv2d(x, w, geometry(window, x.shape, w.shape)), inputs);
      return [maxPool2d(y, poolOptions(pool, y.shape)).output, undefined];
    },
    fuses: true,
  },
  maxPool2dGradient: {
    compute: (node, [dy, packed]) => {
      const { shape } = node.outputs[0];
      return [maxPool2dGrad(dy, unpacked(packed, dy), shape, poolOptions(node.attrs, shape))];
    },
    feed: (node, index) => (index === 1 ? winners(node) : undefined),
  },
  maxPool2dWinners: {
    compute: (node, [x, packed]) => {
      const taps = unpacked(packed, zeros(node.outputs[0].shape));
      return [maxPool2dWinners(x, taps, poolOptions(node.attrs, x.shape))];
    },
    feed: (node, index) => (index === 1 ? winners(node) : undefined),
  },
  averagePool2d: { compute: ({ attrs }, [x]) => [avgPool2d(x, poolOptions(attrs, x.shape))] },
  averagePool2dGradient: {
    compute: ({ attrs, outputs: [{ shape }] }, [dy]) => [avgPool2dGrad(dy, shape, poolOptions(attrs, shape))],
  },
  ...attention.twins,
  ...normalization.twins,
  ...recurrent.twins,
  ...rows.twins,
  ...images.twins,
  ...movement.twins,
  ...tsne.twins,
  ...draws.twins,
};

/** The values of each input of a node; undefined for the program's own counters. */
export function feedOf(node: Node): (Array64 | undefined)[] {
  return node.inputs.map(({ shape, node: source }, i) =>
    source.op.name === 'programState'
      ? undefined
      : (twins[node.op.name]?.feed?.(node, i) ?? random(i + 1, shape)),
  );
}

/**
 * A node's outputs in float64, epilogue included; undefined for one that is not compared.
 *
 * @throws Error where the op, or a function fused into it, has no twin yet
 */
export function expectedOf(node: Node, feed: readonly (Array64 | undefined)[]): (Array64 | undefined)[] {
  const twin = twins[node.op.name];
  if (!twin) throw new Error(`${node.op.name} has no float64 twin yet; write it in bench/kernels/twins.ts`);
  const inputs = feed.map((values) => values ?? zeros([0]));
  const [first, ...others] = twin.compute(node, inputs);
  return [first && !twin.fuses ? withEpilogue(node, first, inputs) : first, ...others];
}

/** What an op computes, with what is fused into it. */
function withEpilogue({ epilogue }: Node, value: Array64, inputs: readonly Array64[]): Array64 {
  if (!epilogue) return value;
  const { expression, extras } = epilogue;
  return evaluateExpression(expression, [value, ...inputs.slice(inputs.length - extras.length)], value.shape);
}
