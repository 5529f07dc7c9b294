import { activations } from '../../src/nn/activations.ts';
import { sizeOf } from '../reference/array.ts';
import type { Call, Drawing, Id } from './entry.ts';
import { sequenceLayers } from './sequenceLayers.ts';
import { shapeLayers } from './shapeLayers.ts';
import type { OpName } from './table.ts';
import { table } from './table.ts';
import { channelsOf, make, samples } from './layerCall.ts';
import type { LayerCall, LayerDraw } from './layerCall.ts';
import type { Tape } from './tape.ts';

type Options = Record<string, any>;

/** Options of windows: layers say `strides` where ops say `stride`. */
const asLayer = ({ stride, ...rest }: Options): Options =>
  stride === undefined ? rest : { ...rest, strides: stride };

/** Activations that need no care about where they bend. */
const SMOOTH = [
  'linear',
  'gelu',
  'sigmoid',
  'tanh',
  'softplus',
  'softsign',
  'silu',
  'mish',
  'softmax',
  'logSoftmax',
] as const;
const opOf = { exponential: 'exp', swish: 'silu', hardSwish: 'hardSilu' } as Readonly<Record<string, OpName>>;
/** What activations by name take for the argument of the op. */
const DEFAULTS = { leakyRelu: 0.2, elu: 1, celu: 1, squareplus: 4, hardShrink: 0.5, softShrink: 0.5, softmax: -1, logSoftmax: -1, sparsemax: -1, glu: -1 } as Readonly<Record<string, number>>; // prettier-ignore
const activate = (tape: Tape, name: string, x: Id): Id => (name === 'linear' ? x : tape.op(opOf[name] ?? (name as OpName), [x])); // prettier-ignore

/** A layer that is an op by the same name or another, called with the arguments that the op would draw. */
function asOp(type: string, op: OpName, toArgs: (call: Call) => unknown[] | undefined): LayerDraw {
  return (draft) => {
    const call = table[op].draw(draft);
    if (!call || call.inputs[0].tensor.shape.length < 2 || call.inputs[0].tensor.dtype !== 'f32')
      return undefined;
    const given = toArgs(call);
    if (!given) return undefined;
    return {
      layer: make(type, ...given),
      inputs: [call.inputs[0]],
      twin: (tape, [x]) => tape.op(op, [x], call.args),
      text: `${type}(${given.map((own) => JSON.stringify(own)).join(', ')})`,
      exact: table[op].exact === 'always',
    };
  };
}

/** Windows [KH, KW, channels, multiplier] as those of a convolution with a group per channel. */
function asGroups(tape: Tape, w: Id): Id {
  const [height, width, channels, multiplier] = tape.value(w).shape;
  return tape.op('reshape', [w], [[height, width, 1, channels * multiplier]]);
}

/** A kernel over an image, with a bias and an activation. */
function kernel(
  type: string,
  op: 'conv2d' | 'conv2dTranspose',
  optionsOf: (call: Call, options: Options) => Options | undefined,
): LayerDraw {
  return (draft) => {
    const { rng } = draft;
    const call = table[op].draw(draft);
    if (!call) return undefined;
    const { groups, ...window } = call.args![0] as Options;
    const depthwise = type.startsWith('depthwise') || type.startsWith('separable');
    const own: Options = depthwise || groups === undefined ? window : { ...window, groups };
    const given = optionsOf(call, own);
    if (!given) return undefined;
    const [activation, useBias] = [rng.pick(SMOOTH), rng.chance(0.7)];
    const [kh, kw] = call.inputs[1].tensor.shape;
    const [x] = call.inputs;
    const options = { ...given, ...asLayer(own), kernelSize: [kh, kw], activation, useBias };
    return {
      layer: make(type, options),
      inputs: [x],
      twin(tape, [input], w) {
        let y = depthwise
          ? tape.op('conv2d', [input, asGroups(tape, w.depthwise)], [{ ...own, groups: channelsOf(x) }])
          : tape.op(op, [input, w.weight], [own]);
        if (type === 'separableConv2d') y = tape.op('conv2d', [y, w.pointwise], [{}]);
        if (useBias) y = tape.op('add', [y, w.bias]);
        return activate(tape, activation, y);
      },
      text: `${type}(${JSON.stringify(options)})`,
    };
  };
}

function normalization(type: string, over: string, ranks: readonly number[]): LayerDraw {
  return (draft) => {
    const { rng } = draft;
    const x = samples(draft, ranks);
    const channels = channelsOf(x);
    const groups = rng.pick([1, 2, 3, 4, channels].filter((n) => channels % n === 0));
    const flags = { scale: rng.chance(0.7), center: rng.chance(0.7) };
    const epsilon = rng.pick([0.001, 0.1]);
    const options = { ...flags, epsilon, ...(over === 'group' && { groups }) };
    const affine = (w: Readonly<Record<string, Id>>) => [
      ...(flags.scale ? [w.gamma] : []),
      ...(flags.center ? [w.beta] : []),
    ];
    const own = { gamma: flags.scale, beta: flags.center };
    return {
      layer: make(type, options),
      inputs: [x],
      twin: (tape, [input], w) =>
        over === 'moving'
          ? tape.op(
              'normalizeWith',
              [input, w.movingMean, w.movingVariance, ...affine(w)],
              [{ epsilon }, own],
            )
          : tape.op(
              'normalize',
              [input, ...affine(w)],
              [{ over, epsilon, groups: over === 'group' ? groups : undefined }, own],
            ),
      text: `${type}(${JSON.stringify(options)})`,
    };
  };
}

/** Of two tensors or more, of one shape. */
function merging(type: string, op: OpName, { exact = false, mean = false } = {}): LayerDraw {
  return (draft) => {
    const x = samples(draft, [2, 3, 4], exact);
    const others = Array.from({ length: type === 'subtract' ? 1 : draft.rng.int(1, 3) }, () => draft.take(x.tensor.shape, { exact })); // prettier-ignore
    if (exact && ![x, ...others].every((own) => own.exact)) return undefined;
    return {
      layer: make(type),
      inputs: [x, ...others],
      twin(tape, ids) {
        const y = ids.slice(1).reduce((a, b) => tape.op(op, [a, b], [], exact), ids[0]);
        return mean ? tape.op('scale', [y], [1 / ids.length]) : y;
      },
      text: `${type}()`,
      exact,
    };
  };
}

/** Nothing outside of training. */
const idle = (type: string, ...args: unknown[]): LayerDraw => (draft) => ({ layer: make(type, ...args), inputs: [samples(draft, [4])], twin: (tape, [x]) => tape.op('scale', [x], [1], true), text: `${type}(${args.join()})`, exact: true }); // prettier-ignore

/** Every built-in layer, as it computes outside of training. */
export const layers: Readonly<Record<string, LayerDraw>> = {
  dense(draft) {
    const { rng } = draft;
    const x = samples(draft, [2]);
    const [activation, useBias] = [rng.pick(SMOOTH), rng.chance(0.7)];
    const options = { units: draft.size(66), activation, useBias };
    return {
      layer: make('dense', options),
      inputs: [x],
      twin(tape, [input], w) {
        const y = tape.op('matmul', [input, w.weight]);
        return activate(tape, activation, useBias ? tape.op('add', [y, w.bias]) : y);
      },
      text: `dense(${JSON.stringify(options)})`,
    };
  },
  conv2d: kernel('conv2d', 'conv2d', ({ inputs: [, w] }) => ({ filters: channelsOf(w) })),
  conv2dTranspose: kernel('conv2dTranspose', 'conv2dTranspose', ({ inputs: [, w] }, { groups }) => groups ? undefined : { filters: w.tensor.shape[2] }), // prettier-ignore
  depthwiseConv2d: kernel('depthwiseConv2d', 'conv2d', () => ({ depthMultiplier: 2 })),
  separableConv2d: kernel('separableConv2d', 'conv2d', () => ({ filters: 3, depthMultiplier: 1 })),
  batchNormalization: normalization('batchNormalization', 'moving', [2, 3, 4]),
  layerNormalization: normalization('layerNormalization', 'layer', [2, 3, 4]),
  groupNormalization: normalization('groupNormalization', 'group', [3, 4]),
  instanceNormalization: normalization('instanceNormalization', 'instance', [3, 4]),
  prelu(draft) {
    const x = samples(draft, [2, 3, 4], true);
    const sharedAxes = [...Array(x.tensor.shape.length).keys()].slice(1).filter(() => draft.rng.chance(0.5));
    return {
      layer: make('prelu', { sharedAxes }),
      inputs: [x],
      twin(tape, [input], w) {
        const below = tape.op('relu', [tape.op('negate', [input])]);
        return tape.op('subtract', [tape.op('relu', [input]), tape.op('multiply', [w.alpha, below])]);
      },
      text: `prelu(${JSON.stringify({ sharedAxes })})`,
    };
  },
  embedding(draft) {
    const { rng } = draft;
    const [inputDim, outputDim] = [rng.int(1, 20), draft.size(20)];
    const shape = [rng.int(1, 4), ...rng.pick([[1], [5], [3, 2]])];
    return {
      layer: make('embedding', { inputDim, outputDim }),
      inputs: [draft.leaf(shape, { dtype: 'i32', low: 0, high: inputDim - 1 })],
      twin: (tape, [x], w) => tape.op('gather', [w.weight, x]),
      text: `embedding(${JSON.stringify({ inputDim, outputDim })})`,
    };
  },
  activation(draft) {
    const name = draft.rng.pick(Object.keys(activations));
    if (name === 'linear') return undefined;
    const call = table[opOf[name] ?? (name as OpName)].draw(draft);
    if (!call || call.inputs[0].tensor.shape.length < 2 || call.args?.some((own) => own !== DEFAULTS[name])) return undefined; // prettier-ignore
    return {
      layer: make('activation', name),
      inputs: [call.inputs[0]],
      twin: (tape, [x]) =>
        tape.op(opOf[name] ?? (name as OpName), [x], name in DEFAULTS ? [DEFAULTS[name]] : []),
      text: `activation(${name})`,
    };
  },
  relu(draft) {
    const [maxValue, negativeSlope] = [draft.rng.pick([1.5, 2.5]), draft.rng.pick([0, 0.125])];
    const { tensor } = samples(draft);
    // away from where it bends: at whole numbers only at 0, where both sides agree
    const x = draft.leaf(tensor.shape, { low: -9, high: 9, whole: true });
    return {
      layer: make('relu', { maxValue, negativeSlope }),
      inputs: [x],
      twin(tape, [input]) {
        const limited = tape.op('clip', [tape.op('relu', [input])], [0, maxValue]);
        const below = tape.op('relu', [tape.op('negate', [input])]);
        return tape.op('subtract', [limited, tape.op('scale', [below], [negativeSlope])]);
      },
      text: `relu(${maxValue}, ${negativeSlope})`,
    };
  },
  elu: asOp('elu', 'elu', ({ args }) => [{ alpha: args![0] }]),
  softmax: asOp('softmax', 'softmax', ({ args, inputs: [{ tensor }] }) => {
    const [axis = -1] = args as number[];
    return axis === 0 || axis === -tensor.shape.length ? undefined : [{ axis }];
  }),
  unitNormalization(draft) {
    const x = samples(draft);
    const axis = draft.rng.int(1, x.tensor.shape.length - 1);
    return {
      layer: make('unitNormalization', { axis }),
      inputs: [x],
      twin(tape, [input]) {
        const squares = tape.op(
          'reduceSum',
          [tape.op('square', [input])],
          [{ axes: [axis], keepDims: true }],
        );
        const least = tape.leaf({ shape: [], data: Float64Array.of(1e-24) });
        return tape.op('multiply', [input, tape.op('rsqrt', [tape.op('maximum', [squares, least])])]);
      },
      text: `unitNormalization(${axis})`,
    };
  },
  rmsNormalization(draft) {
    const x = samples(draft);
    const { shape } = x.tensor;
    const axis = draft.rng.int(1, shape.length - 1);
    return {
      layer: make('rmsNormalization', { axis, epsilon: 0.1 }),
      inputs: [x],
      twin(tape, [input], w) {
        const mean = tape.op('reduceMean', [tape.op('square', [input])], [{ axes: [axis], keepDims: true }]);
        const factor = tape.op('rsqrt', [tape.op('shift', [mean], [0.1])]);
        const wide = shape.map((extent, i) => (i === axis ? extent : 1));
        const scaled = tape.op('reshape', [w.scale], [wide]);
        return tape.op('multiply', [tape.op('multiply', [input, factor]), scaled]);
      },
      text: `rmsNormalization(${axis})`,
    };
  },
  dot(draft) {
    const x = samples(draft, [3]);
    const [batch, steps, features] = x.tensor.shape;
    const other = draft.take([batch, features, draft.rng.int(1, 5)]);
    return {
      layer: make('dot', { axes: [2, 1] }),
      inputs: [x, other],
      twin: (tape, [a, b]) => tape.op('matmul', [a, b]),
      text: `dot([${batch}, ${steps}, ${features}])`,
    };
  },
  leakyRelu: asOp('leakyRelu', 'leakyRelu', ({ args }) =>
    (args![0] as number) < 0 ? undefined : [{ negativeSlope: args![0] }],
  ),
  maxout(draft) {
    const x = samples(draft, [2, 3, 4], true);
    const units = draft.rng.pick([1, 2, 3, channelsOf(x)].filter((n) => channelsOf(x) % n === 0));
    const shape = [...x.tensor.shape.slice(0, -1), units, channelsOf(x) / units];
    return {
      layer: make('maxout', { units }),
      inputs: [x],
      twin: (tape, [input]) => tape.op('reduceMax', [tape.op('reshape', [input], [shape])], [{ axes: [-1] }]),
      text: `maxout(${units})`,
      exact: true,
    };
  },
  maxPool2d: asOp('maxPool2d', 'maxPool2d', ({ args }) => [asLayer(args![0] as Options)]),
  averagePool2d: asOp('averagePool2d', 'averagePool2d', ({ args }) => [asLayer(args![0] as Options)]),
  globalAveragePool2d: asOp('globalAveragePool2d', 'globalAveragePool2d', () => []),
  globalMaxPool2d: asOp('globalMaxPool2d', 'globalMaxPool2d', () => []),
  upSampling2d(draft) {
    const { rng } = draft;
    const x = samples(draft, [4]);
    const size = [rng.int(1, 3), rng.int(1, 3)];
    const interpolation = rng.pick(['nearest', 'bilinear', 'bicubic', 'bicubicKeys']);
    const to = size.map((factor, axis) => factor * x.tensor.shape[axis + 1]);
    return {
      layer: make('upSampling2d', { size, interpolation }),
      inputs: [x],
      twin: (tape, [input]) => tape.op('resize2d', [input], [to, { interpolation }]),
      text: `upSampling2d(${JSON.stringify({ size, interpolation })})`,
    };
  },
  zeroPadding2d(draft) {
    const sides = [0, 1].map(() => [draft.rng.int(0, 2), draft.rng.int(0, 2)]);
    return {
      layer: make('zeroPadding2d', { padding: sides }),
      inputs: [samples(draft, [4])],
      twin: (tape, [x]) => tape.op('pad', [x], [[[0, 0], ...sides, [0, 0]], {}]),
      text: `zeroPadding2d(${JSON.stringify(sides)})`,
      exact: true,
    };
  },
  cropping2d(draft) {
    const x = samples(draft, [4]);
    const { shape } = x.tensor;
    const cut = [1, 2].map((axis) => draft.rng.int(0, Math.floor((shape[axis] - 1) / 2)));
    const size = shape.map((extent, axis) =>
      axis === 1 || axis === 2 ? extent - 2 * cut[axis - 1] : extent,
    );
    return {
      layer: make('cropping2d', { cropping: cut }),
      inputs: [x],
      twin: (tape, [input]) => tape.op('slice', [input], [[0, ...cut, 0], size]),
      text: `cropping2d(${JSON.stringify(cut)})`,
      exact: true,
    };
  },
  flatten: asOp('flatten', 'flatten', () => []),
  reshape(draft) {
    const x = samples(draft);
    const [batch, ...rest] = x.tensor.shape;
    const shape = [sizeOf(rest), 1];
    return { layer: make('reshape', shape), inputs: [x], twin: (tape, [input]) => tape.op('reshape', [input], [[batch, ...shape]]), text: `reshape([${shape}])`, exact: true }; // prettier-ignore
  },
  dropout: idle('dropout', 0.25),
  spatialDropout2d: idle('spatialDropout2d', 0.5),
  gaussianNoise: idle('gaussianNoise', 0.1),
  gaussianDropout: idle('gaussianDropout', 0.25),
  alphaDropout: idle('alphaDropout', 0.25),
  ...sequenceLayers,
  ...shapeLayers,
  add: merging('add', 'add'),
  subtract: merging('subtract', 'subtract'),
  multiply: merging('multiply', 'multiply'),
  average: merging('average', 'add', { mean: true }),
  maximum: merging('maximum', 'maximum', { exact: true }),
  minimum: merging('minimum', 'minimum', { exact: true }),
  concatenate: asConcatenate,
};

function asConcatenate(draft: Drawing): LayerCall | undefined {
  const { rng } = draft;
  const x = samples(draft);
  const { shape } = x.tensor;
  const axis = rng.int(1, shape.length - 1);
  const others = Array.from({ length: rng.int(1, 3) }, () => draft.take(shape.with(axis, rng.int(1, 5))));
  return {
    layer: make('concatenate', { axis }),
    inputs: [x, ...others],
    twin: (tape, ids) => tape.op('concat', ids, [axis]),
    text: `concatenate(${axis})`,
    exact: true,
  };
}

export const layerNames = Object.keys(layers);
