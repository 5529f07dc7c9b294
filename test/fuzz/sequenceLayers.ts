import { channelsOf, make, samples } from './layerCall.ts';
import type { LayerDraw } from './layerCall.ts';
import type { Id } from './entry.ts';
import type { OpName } from './table.ts';
import type { Tape } from './tape.ts';

const toRow = (tape: Tape, x: Id): Id => {
  const { shape } = tape.value(x);
  return tape.op('reshape', [x], [[shape[0], 1, ...shape.slice(1)]]);
};

/** An op of images on sequences as images of one row. */
function onRow(tape: Tape, op: OpName, inputs: readonly Id[], args: readonly unknown[] = []): Id {
  const [x, ...others] = inputs;
  const y = tape.op(op, [toRow(tape, x), ...others], args);
  const { shape } = tape.value(y);
  return shape.length === 2 ? y : tape.op('reshape', [y], [[shape[0], ...shape.slice(2)]]);
}

/** A window along `steps`, in the words of a layer and of the op of images; undefined where it does not fit. */
function windowOf(draft: Parameters<LayerDraw>[0], steps: number, words: 'poolSize' | 'kernelSize') {
  const { rng } = draft;
  const [size, dilation] = [rng.int(1, 3), rng.pick([1, 1, 2])];
  const strides = rng.int(1, 3);
  const most = size - 1;
  const padding = rng.pick(['valid', 'same', [rng.int(0, most), rng.int(0, most)]] as const);
  const span = (size - 1) * dilation + 1;
  const before = Array.isArray(padding) ? (padding as readonly number[]) : [0, 0];
  // each window of a pool needs an element: with a dilation only without padding of its own
  if (padding !== 'same' && (steps < span || (dilation > 1 && before.some((n) => n > 0)))) return undefined;
  if (padding === 'same' && dilation > 1) return undefined;
  const options = { [words]: size, strides, padding, dilation };
  const rows = {
    ...(words === 'poolSize' && { poolSize: [1, size] }),
    stride: [1, strides],
    padding: Array.isArray(padding) ? [0, 0, ...before] : padding,
    dilation: [1, dilation],
  };
  return { size, options, rows };
}

function pool(type: 'maxPool1d' | 'averagePool1d'): LayerDraw {
  const exact = type === 'maxPool1d';
  return (draft) => {
    const x = samples(draft, [3], exact);
    const window = windowOf(draft, x.tensor.shape[1], 'poolSize');
    if (!window || (exact && !x.exact)) return undefined;
    return {
      layer: make(type, window.options),
      inputs: [x],
      twin: (tape, [input]) =>
        onRow(tape, type === 'maxPool1d' ? 'maxPool2d' : 'averagePool2d', [input], [window.rows]),
      text: `${type}(${JSON.stringify(window.options)})`,
      exact,
    };
  };
}

/** Arguments of a recurrent op with a bias. */
const BIASED = {
  bias: true,
  recurrentBias: false,
  mask: false,
  initial: 0,
  activation: 'tanh',
  unroll: false,
};

const bounded = (draft: Parameters<LayerDraw>[0]) => draft.within(samples(draft, [3]), -2, 2);

/** The output of the last step that is made. */
function lastOf(tape: Tape, y: Id, backwards: boolean): Id {
  const [batch, steps, units] = tape.value(y).shape;
  const step = tape.op(
    'slice',
    [y],
    [
      [0, backwards ? 0 : steps - 1, 0],
      [batch, 1, units],
    ],
  );
  return tape.op('reshape', [step], [[batch, units]]);
}

function recurrent(type: 'lstm' | 'gru' | 'simpleRnn'): LayerDraw {
  return (draft) => {
    const { rng } = draft;
    const x = bounded(draft);
    const [units, useBias, goBackwards] = [rng.int(1, 5), rng.chance(0.7), rng.chance(0.4)];
    const [returnSequences, unroll] = [rng.chance(0.5), rng.chance(0.2) && x.tensor.shape[1] < 5];
    const options = { units, useBias, goBackwards, returnSequences, unroll };
    const args = { ...BIASED, bias: useBias, recurrentBias: useBias && type === 'gru', goBackwards, unroll };
    return {
      layer: make(type, options),
      inputs: [x],
      twin(tape, [input], w) {
        const biases = [w.bias, w.recurrentBias].filter((own) => own !== undefined);
        const y = tape.op(type, [input, w.weight, w.recurrentWeight, ...biases], [args]);
        if (!returnSequences) return lastOf(tape, y, goBackwards);
        return goBackwards ? tape.op('reverse', [y], [[1]]) : y;
      },
      text: `${type}(${JSON.stringify(options)})`,
    };
  };
}

function global(type: string, op: OpName, exact: boolean): LayerDraw {
  return (draft) => {
    const x = samples(draft, [3], exact);
    if (exact && !x.exact) return undefined;
    return { layer: make(type), inputs: [x], twin: (tape, [input]) => onRow(tape, op, [input]), text: `${type}()`, exact }; // prettier-ignore
  };
}

function adaptive(type: string, op: OpName, exact: boolean): LayerDraw {
  return (draft) => {
    const x = samples(draft, [3], exact);
    const outputSize = draft.rng.int(1, 6);
    if (exact && !x.exact) return undefined;
    return {
      layer: make(type, { outputSize }),
      inputs: [x],
      twin: (tape, [input]) => onRow(tape, op, [input], [[1, outputSize]]),
      text: `${type}(${outputSize})`,
      exact,
    };
  };
}

/** Layers of sequences [N, steps, channels]. */
/** A part of multi-head attention: [batch, steps, features] → [batch, steps, heads, size]. */
function headsOf(tape: Tape, x: Id, kernel: Id, bias: Id | undefined): Id {
  const [batch, steps, features] = tape.value(x).shape;
  const [, heads, size] = tape.value(kernel).shape;
  const flat = tape.op('reshape', [x], [[batch * steps, features]]);
  const product = tape.op('matmul', [flat, tape.op('reshape', [kernel], [[features, heads * size]])], [{}]);
  const rows = tape.op('reshape', [product], [[batch, steps, heads, size]]);
  return bias === undefined ? rows : tape.op('add', [rows, bias]);
}

const attended =
  (type: 'multiHeadAttention' | 'groupQueryAttention'): LayerDraw =>
  (draft) => {
    const { rng } = draft;
    const x = samples(draft, [3]);
    const [batch, steps, features] = x.tensor.shape;
    const other =
      type === 'multiHeadAttention' && rng.chance(0.5) ? draft.take([batch, rng.int(1, 9), 3]) : x;
    const [useBias, useCausalMask] = [rng.chance(0.5), rng.chance(0.5)];
    const size = rng.int(1, 4);
    const options = {
      useBias,
      useCausalMask,
      biasInitializer: { name: 'constant', value: 0.5 },
      ...(type === 'multiHeadAttention'
        ? { numHeads: rng.int(1, 3), keyDim: size, valueDim: rng.int(1, 4) }
        : { headDim: size, numQueryHeads: 4, numKeyValueHeads: rng.pick([1, 2, 4]) }),
    };
    return {
      layer: make(type, options),
      inputs: other === x ? [x] : [x, other],
      twin(tape, [query, value = query], w) {
        const q = headsOf(tape, query, w.queryKernel, w.queryBias);
        const k = headsOf(tape, value, w.keyKernel, w.keyBias);
        const v = headsOf(tape, value, w.valueKernel, w.valueBias);
        const found = tape.op('attention', [q, k, v], [{ causal: useCausalMask }]);
        const rows = tape.op('reshape', [found], [[batch * steps, -1]]);
        const flat = tape.op('reshape', [w.outputKernel], [[tape.value(rows).shape[1], features]]);
        const product = tape.op(
          'reshape',
          [tape.op('matmul', [rows, flat], [{}])],
          [[batch, steps, features]],
        );
        return useBias ? tape.op('add', [product, w.outputBias]) : product;
      },
      text: `${type}(${JSON.stringify(options)})`,
    };
  };

export const sequenceLayers: Readonly<Record<string, LayerDraw>> = {
  multiHeadAttention: attended('multiHeadAttention'),
  groupQueryAttention: attended('groupQueryAttention'),
  conv1d(draft) {
    const x = samples(draft, [3]);
    const window = windowOf(draft, x.tensor.shape[1], 'kernelSize');
    if (!window) return undefined;
    const options = { ...window.options, filters: draft.rng.int(1, 5), useBias: draft.rng.chance(0.5) };
    return {
      layer: make('conv1d', options),
      inputs: [x],
      twin(tape, [input], w) {
        const kernel = tape.op('reshape', [w.weight], [[1, window.size, channelsOf(x), options.filters]]);
        const y = onRow(tape, 'conv2d', [input, kernel], [window.rows]);
        return options.useBias ? tape.op('add', [y, w.bias]) : y;
      },
      text: `conv1d(${JSON.stringify(options)})`,
    };
  },
  maxPool1d: pool('maxPool1d'),
  averagePool1d: pool('averagePool1d'),
  globalAveragePool1d: global('globalAveragePool1d', 'globalAveragePool2d', false),
  globalMaxPool1d: global('globalMaxPool1d', 'globalMaxPool2d', true),
  adaptiveAveragePool1d: adaptive('adaptiveAveragePool1d', 'adaptiveAveragePool2d', false),
  adaptiveMaxPool1d: adaptive('adaptiveMaxPool1d', 'adaptiveMaxPool2d', true),
  upSampling1d(draft) {
    const x = samples(draft, [3]);
    const size = draft.rng.int(1, 3);
    const [batch, steps, channels] = x.tensor.shape;
    return {
      layer: make('upSampling1d', { size }),
      inputs: [x],
      twin: (tape, [input]) => onRow(tape, 'resize2d', [input], [[1, steps * size], {}]),
      text: `upSampling1d(${size}) of ${[batch, steps, channels]}`,
      exact: true,
    };
  },
  zeroPadding1d(draft) {
    const padding = [draft.rng.int(0, 2), draft.rng.int(0, 2)];
    return {
      layer: make('zeroPadding1d', { padding }),
      inputs: [samples(draft, [3])],
      twin: (tape, [x]) => tape.op('pad', [x], [[[0, 0], padding, [0, 0]], {}]),
      text: `zeroPadding1d(${padding})`,
      exact: true,
    };
  },
  cropping1d(draft) {
    const x = samples(draft, [3]);
    const [batch, steps, channels] = x.tensor.shape;
    const before = draft.rng.int(0, steps - 1);
    const cropping = [before, draft.rng.int(0, steps - 1 - before)];
    const size = [batch, steps - cropping[0] - cropping[1], channels];
    return {
      layer: make('cropping1d', { cropping }),
      inputs: [x],
      twin: (tape, [input]) => tape.op('slice', [input], [[0, before, 0], size]),
      text: `cropping1d(${cropping})`,
      exact: true,
    };
  },
  spatialDropout1d: (draft) => ({
    layer: make('spatialDropout1d', 0.5),
    inputs: [samples(draft, [3])],
    twin: (tape, [x]) => tape.op('scale', [x], [1], true),
    text: 'spatialDropout1d(0.5)',
    exact: true,
  }),
  lstm: recurrent('lstm'),
  gru: recurrent('gru'),
  simpleRnn: recurrent('simpleRnn'),
  bidirectional(draft) {
    const x = bounded(draft);
    const [units, returnSequences] = [draft.rng.int(1, 4), draft.rng.chance(0.5)];
    return {
      layer: make('bidirectional', make('gru', { units, returnSequences })),
      inputs: [x],
      twin(tape, [input], w) {
        const way = (begin: 'forward' | 'backward') => {
          const goBackwards = begin === 'backward';
          const own = ['weight', 'recurrentWeight', 'bias', 'recurrentBias'].map(
            (name) => `${begin}.${name}`,
          );
          const weights = own.map((name) => w[name]);
          const y = tape.op('gru', [input, ...weights], [{ ...BIASED, recurrentBias: true, goBackwards }]);
          return returnSequences ? y : lastOf(tape, y, goBackwards);
        };
        return tape.op('concat', [way('forward'), way('backward')], [-1]);
      },
      text: `bidirectional(gru(${units}), every step: ${returnSequences})`,
    };
  },
  recurrentState(draft) {
    const x = bounded(draft);
    const units = draft.rng.int(1, 4);
    const layer = make('recurrentState', 0);
    // The layer before it, in whose output it looks: its weights count as weights of this one, under a name as long.
    const before = make('simpleRnn', { units, name: 'recurrentFirst' });
    const apply = layer.apply.bind(layer);
    layer.apply = (inputs) => apply(before.apply(inputs));
    Object.defineProperty(layer, 'variables', { get: () => before.variables });
    return {
      layer,
      inputs: [x],
      twin: (tape, [input], w) =>
        lastOf(tape, tape.op('simpleRnn', [input, w.weight, w.recurrentWeight, w.bias], [BIASED]), false),
      text: `recurrentState(0) of simpleRnn(${units})`,
    };
  },
  masking(draft) {
    const x = samples(draft, [3], true);
    if (!x.exact) return undefined;
    const maskValue = draft.rng.pick([0, x.value.data[0]]);
    if (!Number.isFinite(maskValue) || Math.fround(maskValue) !== maskValue) return undefined;
    return {
      layer: make('masking', { maskValue }),
      inputs: [x],
      twin(tape, [input]) {
        const value = tape.leaf({ shape: [], data: Float64Array.of(maskValue) });
        const counts = tape.op(
          'reduceMax',
          [tape.op('notEqual', [input, value])],
          [{ axes: [-1], keepDims: true }],
        );
        return tape.op('multiply', [input, counts], [], true);
      },
      text: `masking(${maskValue})`,
      exact: true,
    };
  },
  timeDistributed(draft) {
    const x = samples(draft, [3]);
    const units = draft.rng.int(1, 5);
    return {
      layer: make('timeDistributed', make('dense', { units })),
      inputs: [x],
      twin(tape, [input], w) {
        const [batch, steps, channels] = x.tensor.shape;
        const rows = tape.op('reshape', [input], [[batch * steps, channels]]);
        const y = tape.op('add', [tape.op('matmul', [rows, w.weight]), w.bias]);
        return tape.op('reshape', [y], [[batch, steps, units]]);
      },
      text: `timeDistributed(dense(${units}))`,
    };
  },
};
