import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import * as ops from '../../src/ops/index.ts';
import { input } from '../../src/ops/core/leaves.ts';
import type { Tensor } from '../../src/ops/core/op.ts';
import { evaluate } from '../helpers/evaluate.ts';
import { array } from '../reference/array.ts';

const SHAPES: number[][] = [[], [1], [3], [2, 3], [2, 3, 4], [2, 4, 4, 3], [2, 2, 2, 2, 2]];
const elementwise = [
  'negate', 'abs', 'sign', 'floor', 'ceil', 'round', 'exp', 'expm1', 'log', 'log1p', 'sqrt', 'rsqrt', 'square', 'reciprocal',
  'sin', 'cos', 'selu', 'geluTanh', 'sigmoid', 'tanh', 'softplus', 'softsign', 'silu', 'mish', 'hardSigmoid', 'leakyRelu',
  'elu', 'logCosh', 'huber', 'dropout', 'stopGradient', 'relu6', 'hardTanh', 'hardSilu', 'hardShrink', 'softShrink',
  'tanhShrink', 'logSigmoid', 'celu', 'sparsePlus', 'sparseSigmoid', 'squareplus', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'asinh',
  'acosh', 'atanh', 'erf', 'isNan', 'isFinite', 'logicalNot',
] as const; // prettier-ignore
const binary = [
  'add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum', 'equal', 'notEqual', 'less', 'lessEqual', 'greater',
  'greaterEqual', 'atan2', 'logicalAnd', 'logicalOr', 'logicalXor', 'bceWithLogits', 'binaryCrossentropy', 'keepNan', 'binaryAccuracy',
] as const; // prettier-ignore

const whole = [
  'floorDivide', 'remainder', 'bitwiseAnd', 'bitwiseOr', 'bitwiseXor', 'leftShift', 'rightShift',
] as const; // prettier-ignore
const byName = { ...ops } as unknown as Record<string, (x: Tensor, other: Tensor | number) => Tensor>;

/** Calls of an op with a tensor of any shape: each gives a tensor, or a ShapeError that begins with the op's name. */
const calls: Record<string, (x: Tensor, shape: number[]) => Tensor> = {
  ...Object.fromEntries(elementwise.map((name) => [name, (x: Tensor) => byName[name](x, 0.5)])),
  ...Object.fromEntries(
    binary.map((name) => [name, (x: Tensor, shape: number[]) => byName[name](x, input('other', shape))]),
  ),
  ...Object.fromEntries(
    whole.map((name) => [
      name,
      (x: Tensor) => byName[name](x && { ...x, dtype: 'i32' as const }, input('i', [3], 'i32')),
    ]),
  ),
  relu: (x) => ops.relu(x, { maxValue: 1, negativeSlope: 0.1, threshold: -0.5 }),
  gelu: (x) => ops.gelu(x, true),
  glu: (x) => ops.glu(x),
  threshold: (x) => ops.threshold(x, 0.5, 2),
  sparsemax: (x) => ops.sparsemax(x),
  scale: (x) => ops.scale(x, 2),
  shift: (x) => ops.shift(x, 2),
  broadcastTo: (x, shape) => ops.broadcastTo(x, [2, ...shape]),
  clip: (x) => ops.clip(x, 0, 1),
  where: (x) => ops.where(x, x, 0),
  argmax: (x) => ops.argmax(x),
  argmin: (x) => ops.argmin(x, 1),
  softmax: (x) => ops.softmax(x),
  logSoftmax: (x) => ops.logSoftmax(x, 1),
  categoricalAccuracy: (x, shape) => ops.categoricalAccuracy(x, input('labels', shape.slice(0, -1), 'i32')),
  softmaxCrossEntropy: (x, shape) => ops.softmaxCrossEntropy(x, input('targets', shape)),
  sparseSoftmaxCrossEntropy: (x, shape) =>
    ops.sparseSoftmaxCrossEntropy(x, input('labels', shape.slice(0, -1), 'i32')),
  adaptiveAveragePool2d: (x) => ops.adaptiveAveragePool2d(x, [2, 3]),
  adaptiveMaxPool2d: (x) => ops.adaptiveMaxPool2d(x, [2, 3]),
  averagePool2d: (x) => ops.averagePool2d(x),
  maxPool2d: (x) => ops.maxPool2d(x),
  globalAveragePool2d: (x) => ops.globalAveragePool2d(x),
  globalMaxPool2d: (x) => ops.globalMaxPool2d(x),
  resize2d: (x) => ops.resize2d(x, [8, 8]),
  conv2d: (x) => ops.conv2d(x, input('w', [3, 3, 3, 5])),
  conv2dTranspose: (x) => ops.conv2dTranspose(x, input('w', [3, 3, 5, 3])),
  attention: (x) => ops.attention(x, x, x, { causal: true }),
  linearCrossEntropy: (x, shape) =>
    ops.linearCrossEntropy(x, input('table', [7, 3]), input('labels', shape.slice(0, -1), 'i32')),
  rotary: (x) => ops.rotary(x),
  writeStep: (x, shape) =>
    ops.writeStep(x, input('step', shape), input('positions', shape.slice(0, 1), 'i32')),
  matmul: (x) => ops.matmul(x, input('b', [3, 4])),
  orthonormalize: (x) => ops.orthonormalize(x),
  lstm: (x) => ops.lstm(x, input('k', [3, 8]), input('u', [2, 8])).outputs,
  gru: (x) => ops.gru(x, input('k', [3, 6]), input('u', [2, 6])).outputs,
  simpleRnn: (x) => ops.simpleRnn(x, input('k', [3, 2]), input('u', [2, 2])).outputs,
  cast: (x) => ops.cast(x, 'i32'),
  concat: (x) => ops.concat([x, x]),
  gather: (x) => ops.gather(x, input('indices', [2], 'i32')),
  oneHot: (_x, shape) => ops.oneHot(input('indices', shape, 'i32'), 3),
  flatten: (x) => ops.flatten(x),
  pad: (x) => ops.pad(x, [[1, 1]]),
  reshape: (x) => ops.reshape(x, [3, -1]),
  reverse: (x) => ops.reverse(x, [0]),
  slice: (x) => ops.slice(x, [0, 0], [1, 1]),
  transpose: (x) => ops.transpose(x, [1, 0]),
  flip: (x) => ops.flip(x, 1),
  expandDims: (x) => ops.expandDims(x, 2),
  squeeze: (x) => ops.squeeze(x, 0),
  moveAxis: (x) => ops.moveAxis(x, 0, 1),
  tile: (x) => ops.tile(x, [2, 1]),
  repeat: (x) => ops.repeat(x, [1, 2], 0),
  stack: (x) => ops.stack([x, input('y', [2, 3])]),
  split: (x) => ops.split(x, 2)[0],
  unstack: (x) => ops.unstack(x, 1)[0],
  roll: (x) => ops.roll(x, 1, 1),
  depthToSpace: (x) => ops.depthToSpace(x, 2),
  spaceToDepth: (x) => ops.spaceToDepth(x, 2),
  tril: (x) => ops.tril(x),
  triu: (x) => ops.triu(x, 1),
  takeAlongAxis: (x) => ops.takeAlongAxis(x, input('indices', [2, 5], 'i32')),
  scatterAdd: (x) => ops.scatterAdd(x, input('indices', [2], 'i32'), input('updates', [2, 3])),
  scatterUpdate: (x) => ops.scatterUpdate(x, input('indices', [2], 'i32'), input('updates', [2, 3])),
  cumprod: (x) => ops.cumprod(x, 1),
  cumsum: (x) => ops.cumsum(x, 1),
  argsort: (x) => ops.argsort(x),
  sort: (x) => ops.sort(x, 1),
  topK: (x) => ops.topK(x, 1).values,
  einsum: (x) => ops.einsum('ij,jk', x, input('b', [3, 4])),
  logSumExp: (x) => ops.logSumExp(x, { axes: [1] }),
  variance: (x) => ops.variance(x, { axes: [1] }),
  std: (x) => ops.std(x, { axes: [-1] }),
  normalize: (x) => ops.normalize(x, { over: 'batch' }).y,
  normalizeWith: (x) => ops.normalizeWith(x, { mean: input('m', [3]), variance: input('v', [3]) } as never),
  reduceMax: (x) => ops.reduceMax(x, { axes: [0] }),
  reduceMin: (x) => ops.reduceMin(x, { axes: [-1] }),
  reduceMean: (x) => ops.reduceMean(x, { axes: [1] }),
  reduceProd: (x) => ops.reduceProd(x, { axes: [2] }),
  reduceSum: (x) => ops.reduceSum(x, { axes: [0, 1] }),
  randomNormal: (_x, shape) => ops.randomNormal(shape),
  randomTruncatedNormal: (_x, shape) => ops.randomTruncatedNormal(shape),
  randomUniform: (_x, shape) => ops.randomUniform(shape),
  constant: (_x, shape) => ops.constant(Float32Array.of(1), shape),
  fill: (_x, shape) => ops.fill(shape, 1),
  input: (_x, shape) => ops.input('x', shape),
};

/** Made from variables, data sets and programs; and what the passes read. */
const OTHERS = ['assign', 'elementwiseOps', 'gatherBatch', 'gatherLabelledBatch', 'integers', 'programState', 'read', 'stepCount']; // prettier-ignore

it('the table of calls has every op', () => {
  expect([...Object.keys(calls), ...OTHERS].toSorted()).toEqual(Object.keys(ops).toSorted());
});

describe.each(SHAPES.map((shape) => [`[${shape.join(', ')}]`, shape] as const))(
  'a tensor %s',
  (text, shape) => {
    it.each(Object.keys(calls))('in %s gives a tensor, or an error that names op, shape and fix', (name) => {
      let result: Tensor | undefined;
      try {
        result = calls[name](input('x', shape), shape);
      } catch (error) {
        expect(error).toBeInstanceOf(ShapeError);
        const { message } = error as Error;
        expect(message.startsWith(name), `${message}`).toBe(true);
        expect(message).toContain(text);
      }
      if (result) expect(result.shape.every((extent) => extent >= 1)).toBe(true);
    });
  },
);

/** Those that make a tensor of a shape. */
const SOURCES = [
  'oneHot',
  'constant',
  'fill',
  'input',
  'randomNormal',
  'randomTruncatedNormal',
  'randomUniform',
];

it.each(Object.keys(calls).filter((name) => !SOURCES.includes(name)))(
  '%s says what it was given in place of a tensor',
  (name) => {
    for (const wrong of [null, undefined, 'x', [1, 2], new Float32Array(2), { shape: [2, 3] }]) {
      const call = () => calls[name](wrong as never, [2, 3]);
      expect(call).toThrow(ArgumentError);
      expect(call).toThrow(new RegExp(`^${name}: input [12] is .*, not a tensor; make one with fill`));
    }
  },
);

it('constants take arrays of another realm', () => {
  const other = runInNewContext('new Int32Array(3)') as Int32Array;
  expect(ops.constant(other).dtype).toBe('i32');
});

it('a single number passes through what works on all elements', async () => {
  const [sum, max, mean, doubled, turned, y] = await evaluate(
    (x) => [
      ops.reduceSum(x),
      ops.reduceMax(x, { axes: [] }),
      ops.reduceMean(x, { keepDims: true }),
      ops.add(x, x),
      ops.transpose(x),
      ops.softmax(ops.reshape(x, [1])),
    ],
    [array([], [-3])],
  );
  for (const same of [sum, max, mean, turned]) expect(same).toEqual(array([], [-3]));
  expect(doubled).toEqual(array([], [-6]));
  expect(y).toEqual(array([1], [1]));
});

it('what is no tensor, no list of axes, no shape, or does not fit its type is told', () => {
  const x = input('x', [2, 3]);
  const images = input('images', [1, 4, 4, 2]);
  const kernel = input('kernel', [2, 2, 2, 2]);
  const wrong = (value: unknown) => value as never;
  const cases: [() => unknown, new (...args: never[]) => Error, RegExp][] = [
    [
      () => ops.softmax(ops.fill([], 1)),
      ShapeError,
      /softmax: works along a dimension.* single number; reshape it to \[1\]/,
    ],
    [
      () => ops.softmax(x, 2),
      ShapeError,
      /softmax: axis 2 does not exist in a tensor \[2, 3\] of rank 2; use -2 … 1/,
    ],
    [
      () => ops.add(x, wrong(undefined)),
      ArgumentError,
      /add: input 2 is undefined, not a tensor; make one with fill/,
    ],
    [() => ops.relu(wrong([1, 2])), ArgumentError, /relu: input 1 is an array of 2, not a tensor/],
    [() => ops.relu(wrong(2)), ArgumentError, /relu: input 1 is 2, not a tensor/],
    [() => ops.reduceSum(x, { axes: wrong(0) }), ArgumentError, /reduceSum: axes are 0; give a list/],
    [() => ops.reverse(x, wrong(0)), ArgumentError, /reverse: axes are 0; give a list/],
    [
      () => ops.fill(wrong(3), 1),
      ShapeError,
      /fill: the shape is 3; give a list of extents, such as \[2, 3\]/,
    ],
    [() => ops.randomNormal(wrong(3)), ShapeError, /randomNormal: the shape is 3/],
    [() => ops.input('x', [2, 1.5]), ShapeError, /input: shape \[2, 1.5\] has the extent 1.5/],
    [() => ops.fill([2], NaN), ArgumentError, /fill: the value must be a number that f32 holds, not NaN/],
    [
      () => ops.fill([2], 0.5, 'i32'),
      ArgumentError,
      /number that i32 holds, not 0.5; use f32, or a whole number/,
    ],
    [() => ops.fill([2], -1, 'u32'), ArgumentError, /number that u32 holds, not -1/],
    [() => ops.fill([2], Infinity, 'i32'), ArgumentError, /number that i32 holds, not Infinity/],
    [() => ops.constant(wrong([1, 2])), ArgumentError, /constant: the data must be a Float32Array/],
    [() => ops.constant(wrong(Float64Array.of(1))), ArgumentError, /Float32Array.from/],
    [
      () => ops.fill([2], wrong('1')),
      ArgumentError,
      /fill: the value must be a number that f32 holds, not "1"/,
    ],
    [() => ops.fill([2], wrong(null)), ArgumentError, /not null/],
    [
      () => ops.input('x', [2], wrong('f64')),
      ArgumentError,
      /input: the type is "f64"; choose one of f32, i32/,
    ],
    [
      () => ops.read(wrong(x)),
      ArgumentError,
      /read: reads a Variable, but was given an object with .*new Variable/,
    ],
    [() => ops.scale(x, wrong('2')), ArgumentError, /scale: factor is "2"; it must be a finite f32 number/],
    [() => ops.shift(x, wrong([])), ArgumentError, /shift: offset is an array of 0/],
    [() => ops.leakyRelu(x, wrong(null)), ArgumentError, /leakyRelu: slope is null/],
    [() => ops.huber(x, wrong('1')), ArgumentError, /huber: delta is "1"/],
    [() => ops.dropout(x, wrong('0.5')), ArgumentError, /dropout: rate is "0.5"/],
    [
      () => ops.randomUniform([2], wrong('0'), 1),
      ArgumentError,
      /randomUniform: low is "0"; it must be a finite/,
    ],
    [() => ops.normalize(x, { over: 'batch', epsilon: 1e300 }), ArgumentError, /epsilon is 1e\+300/],
    [
      () => ops.reshape(x, wrong(6)),
      ArgumentError,
      /reshape: the shape is 6; give a list, such as \[2, -1\]/,
    ],
    [() => ops.concat(wrong(x)), ArgumentError, /concat: what is to be joined is an object with .*\[a, b\]/],
    [() => ops.concat([x, wrong(null)]), ArgumentError, /concat: input 2 is null, not a tensor/],
    [() => ops.slice(x, wrong(0), [1]), ArgumentError, /slice: begin is 0; give a list/],
    [() => ops.slice(x, [0, 0], wrong(undefined)), ArgumentError, /slice: size is undefined/],
    [() => ops.slice(x, [0, 0], [1, 1], wrong(1)), ArgumentError, /slice: step is 1/],
    [() => ops.pad(x, wrong(1)), ArgumentError, /pad: paddings is 1; give a list, such as \[\[1, 1\]/],
    [() => ops.pad(x, wrong([1, 1])), ArgumentError, /pad: an entry of paddings is 1/],
    [() => ops.pad(x, [[1, 1], [1, 1]], { value: wrong('1') }), ArgumentError, /pad: the value "1" does not fit f32/], // prettier-ignore
    [() => ops.pad(x, [[1, 1], [1, 1]], { interior: wrong(1) }), ArgumentError, /pad: interior is 1/], // prettier-ignore
    [() => ops.broadcastTo(x, wrong(2)), ShapeError, /broadcastTo: the shape is 2; give a list of extents/],
    [
      () => ops.resize2d(images, wrong([2, 2, 2])),
      ShapeError,
      /resize2d: size is \[2, 2, 2\]; give two whole/,
    ],
    [() => ops.resize2d(images, wrong([2])), ShapeError, /resize2d: size is \[2\]; give two/],
    [() => ops.resize2d(images, wrong(2)), ShapeError, /resize2d: size is 2; give two/],
    [
      () => ops.adaptiveAveragePool2d(images, wrong('a')),
      ShapeError,
      /adaptiveAveragePool2d: outputSize is "a"/,
    ],
    [() => ops.adaptiveMaxPool2d(images, wrong([2])), ShapeError, /adaptiveMaxPool2d: outputSize is \[2\]/],
    [() => ops.maxPool2d(images, { poolSize: wrong([2]) }), ShapeError, /maxPool2d: kernel is \[2\]/],
    [() => ops.averagePool2d(images, { stride: wrong('a') }), ShapeError, /averagePool2d: stride is "a"/],
    [
      () => ops.conv2d(images, kernel, { dilation: wrong([1, 1, 1]) }),
      ShapeError,
      /conv2d: dilation is \[1, 1, 1\]/,
    ],
    [
      () => ops.conv2dTranspose(images, kernel, { padding: wrong(null) }),
      ShapeError,
      /conv2dTranspose: padding 'null' is not known/,
    ],
    [
      () => ops.conv2dTranspose(images, kernel, { outputSize: wrong(4) }),
      ShapeError,
      /outputSize is 4; give two/,
    ],
    [() => ops.clip(x, NaN, 1), ArgumentError, /clip: low is NaN; it must be a finite f32 number/],
  ];
  for (const [action, type, text] of cases) {
    expect(action).toThrow(type);
    expect(action).toThrow(text);
  }
});
