import { describe, expect, it } from 'vitest';
import { gradients } from '../../src/graph/gradients.ts';
import {
  adam,
  batchNormalization,
  conv2d,
  dataset,
  dense,
  dropout,
  flatten,
  relu,
  sequential,
} from '../../src/index.ts';
import { constant, fill } from '../../src/ops/core/leaves.ts';
import { isTensor } from '../../src/ops/core/node.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import * as ops from '../../src/ops/index.ts';
import { neighbourProbabilities, tsneExactAttraction, tsneRepulsion } from '../../src/ops/tsne/tsne.ts';
import { evaluate, testGpu } from '../helpers/evaluate.ts';
import { map, random } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';

/** What runs twice: shapes of its random inputs, and what is made of them. */
interface Run {
  readonly shapes: readonly (readonly number[])[];
  readonly build: (...inputs: Tensor[]) => unknown;
  /** It has no derivative. */
  readonly constant?: boolean;
}

const run = (shapes: Run['shapes'], build: Run['build']): Run => ({ shapes, build });
const constantRun = (...own: Parameters<typeof run>): Run => ({ ...run(...own), constant: true });

const indices = (count: number, below: number): Tensor =>
  constant(Int32Array.from({ length: count }, (_, i) => (i * 7) % below), [count]); // prettier-ignore
const mask = (batch: number, steps: number): Tensor =>
  constant(Float32Array.from({ length: batch * steps }, (_, i) => Number(i % 5 > 0)), [batch, steps]); // prettier-ignore

/** Weights and a sequence of a recurrent network of 20 units. */
const sequence = (gates: number) => [[9, 33, 3], [3, gates * 20], [20, gates * 20]]; // prettier-ignore

/** Of every family of kernels what it is made of, of a size that several workgroups compute; the gradients follow from it. */
const FAMILIES: Readonly<Record<string, readonly Run[]>> = {
  attention: [
    run([[2, 70, 4, 8], [2, 70, 2, 8], [2, 70, 2, 8]], (q, k, v) => ops.attention(q, k, v, { causal: true, dropout: 0.1, stream: 1 })), // prettier-ignore
    run([[3, 1, 2, 8], [3, 50, 2, 8], [3, 50, 2, 8]], (q, k, v) => ops.attention(q, k, v, { lengths: indices(3, 50) })), // prettier-ignore
    run([[2, 9, 2, 8]], (x) => ops.rotary(x)),
  ],
  conv2d: [
    run(
      [
        [4, 14, 14, 8],
        [3, 3, 8, 16],
      ],
      (x, w) => ops.conv2d(x, w, { padding: 'same' }),
    ),
    run(
      [
        [4, 9, 9, 8],
        [3, 3, 1, 8],
      ],
      (x, w) => ops.conv2d(x, w, { groups: 8 }),
    ),
    run(
      [
        [3, 6, 6, 8],
        [4, 4, 3, 8],
      ],
      (x, w) => ops.conv2dTranspose(x, w, { stride: 2, padding: 'same' }),
    ),
  ],
  elementwise: [run([[37, 41], [41]], (x, b) => ops.multiply(ops.gelu(ops.add(x, b)), ops.erf(x)))], // prettier-ignore
  linalg: [constantRun([[300, 3]], (x) => ops.orthonormalize(x))],
  loss: [
    run([[65, 10], [65, 10]], (x, t) => ops.softmaxCrossEntropy(x, ops.softmax(t))), // prettier-ignore
    run([[65, 700]], (x) => ops.sparseSoftmaxCrossEntropy(x, indices(65, 700))),
    run([[65, 8], [300, 8]], (x, table) => ops.linearCrossEntropy(x, table, indices(65, 300))), // prettier-ignore
    constantRun([[65, 10]], (x) => ops.categoricalAccuracy(x, indices(65, 10))),
  ],
  matmul: [
    run([[70, 130], [130, 66]], (a, b) => ops.matmul(a, b)), // prettier-ignore
    run([[8, 1000], [8, 1000]], (a, b) => ops.matmul(a, b, { transposeB: true })), // prettier-ignore
  ],
  movement: [
    run([[90, 5]], (table) => ops.gather(table, indices(400, 90))),
    run([[90, 5], [400, 5]], (x, u) => ops.scatterAdd(x, indices(400, 90), u)), // prettier-ignore
    run([[40, 30], [7, 30]], (x, y) => ops.transpose(ops.concat([ops.tile(ops.pad(x, [[1, 0], [2, 2]]), [2, 1]), ops.pad(y, [[0, 0], [0, 4]])], 0))), // prettier-ignore
  ],
  normalization: [
    run([[5, 21, 21, 8], [8], [8]], (x, gamma, beta) => ops.normalize(x, { over: 'batch', gamma, beta })), // prettier-ignore
    run([[70, 48], [48], [48]], (x, gamma, beta) => ops.normalize(x, { over: 'layer', gamma, beta })), // prettier-ignore
  ],
  pooling: [
    run([[4, 13, 13, 8]], (x) => ops.maxPool2d(x, { poolSize: 3, stride: 2 })),
    run([[4, 13, 13, 8]], (x) => ops.averagePool2d(x, { poolSize: 3, stride: 2, padding: 'same' })),
    run([[4, 13, 13, 8]], (x) => ops.add(ops.adaptiveMaxPool2d(x, 4), ops.adaptiveAveragePool2d(x, 4))),
  ],
  random: [
    run([[33, 70]], (x) => {
      const noise = ops.randomNormal([33, 70], 0, 1, { stream: 1 });
      const others = [
        ops.randomUniform([999], 0, 1, { stream: 3 }),
        ops.randomTruncatedNormal([999], 0, 1, { stream: 4 }),
      ];
      return [ops.dropout(ops.add(x, noise), 0.3, { stream: 2 }), ...others];
    }),
  ],
  recurrent: [
    run(sequence(4), (x, w, u) => ops.lstm(x, w, u, { mask: mask(9, 33) })),
    run(sequence(3), (x, w, u) => ops.gru(x, w, u, { mask: mask(9, 33), goBackwards: true })),
    run(sequence(1), (x, w, u) => ops.simpleRnn(x, w, u, { mask: mask(9, 33) })),
  ],
  reduce: [
    run([[3000]], (x) => ops.reduceSum(ops.square(x))),
    run([[70, 41]], (x) => [ops.reduceMax(x, { axes: [0] }), ops.reduceProd(x, { axes: [1] }), ops.std(x, { axes: [0] }), ops.argmax(x, 0)]), // prettier-ignore
  ],
  resize: [run([[2, 9, 7, 4]], (x) => ops.resize2d(ops.resize2d(x, [16, 16], { interpolation: 'bicubic' }), [5, 9], { interpolation: 'bilinear' }))], // prettier-ignore
  scan: [run([[7, 900]], (x) => [ops.cumsum(x), ops.cumprod(x)])],
  softmax: [
    run([[65, 10]], (x) => [ops.softmax(x), ops.logSoftmax(x)]),
    run([[33, 700]], (x) => [ops.softmax(x), ops.sparsemax(x)]),
  ],
  sort: [run([[5, 300]], (x) => [ops.sort(x), ops.topK(x, 9)])],
  tsne: [
    constantRun([[300, 2], [300, 300], [300, 5]], (y, d, data) => {
      const { p, scales } = neighbourProbabilities(ops.square(d), 20);
      return [p, tsneRepulsion(y), tsneExactAttraction(y, data, scales)];
    }),
  ], // prettier-ignore
};

const tensorsIn = (made: unknown): Tensor[] =>
  isTensor(made) ? [made] : Object.values(made as object).flatMap(tensorsIn);

/** The outputs, and where there are any the gradients of Σ y². */
const withGradients = ({ build, constant: flat }: Run, inputs: readonly Tensor[]): Tensor[] => {
  const outputs = tensorsIn(build(...inputs));
  if (flat) return outputs;
  const loss = outputs
    .filter(({ dtype }) => dtype === 'f32')
    .map((y) => ops.reduceSum(ops.square(y)))
    .reduce(ops.add, fill([], 0));
  const slopes = gradients(loss, inputs).flatMap((own) => own ?? []);
  return [...outputs, ...slopes];
};

/** Where two runs differ: tensor and element. */
const differences = (first: readonly Array64[], second: readonly Array64[]) =>
  first.flatMap(({ data }, i) =>
    [...data].flatMap((value, k) => (Object.is(value, second[i].data[k]) ? [] : [`${i}[${k}]`])),
  );

describe.each(Object.entries(FAMILIES))('%s gives the same bits in every run', (_, runs) => {
  it.each(runs.map((own, i) => [i, own] as const))('case %i, forward and backward', async (__, own) => {
    const inputs = own.shapes.map((shape, i) => map(random(i + 1, shape), (x) => 0.3 * x + 0.01));
    const once = () => evaluate((...tensors) => withGradients(own, tensors), inputs, { seed: 3 });
    const first = await once();
    expect(first.every(({ data }) => data.every(Number.isFinite))).toBe(true);
    expect(differences(first, await once())).toEqual([]);
  });
});

it('dataset and optimizer: two trainings give the same file', async () => {
  const samples = random(1, [50, 8, 8, 2], 0, 1);
  const labels = Array.from({ length: 50 }, (_, i) => i % 3);
  const data = dataset({ x: Float32Array.from(samples.data), y: labels, inputShape: [8, 8, 2] });
  const trained = async () => {
    const layers = [conv2d({ filters: 4, kernelSize: 3 }), batchNormalization(), relu(), flatten(), dropout(0.2), dense({ units: 3 })]; // prettier-ignore
    const model = sequential(layers, { inputShape: [8, 8, 2], seed: 5 });
    await model.compile({ gpu: await testGpu(), optimizer: adam({ globalClipNorm: 1 }), loss: 'sparseSoftmaxCrossEntropy' }); // prettier-ignore
    await model.fit(data, { epochs: 2, batchSize: 16, augment: { shift: 0.1, rotate: 10 } });
    return model.save();
  };
  expect(Buffer.compare(await trained(), await trained())).toBe(0);
});

const OTHERS: Readonly<Record<string, string>> = {
  dataset: 'in a training',
  optimizer: 'in a training',
  draw: 'pixels of a picture, not numbers that anything is computed from',
  shared: 'functions within the kernels of others',
};

it('no family is left out', () => {
  const files = import.meta.glob('../../shaders/*/*.wgsl');
  const folders = new Set(Object.keys(files).map((path) => path.split('/').at(-2)!));
  expect([...Object.keys(FAMILIES), ...Object.keys(OTHERS)].toSorted()).toEqual([...folders].toSorted());
});
