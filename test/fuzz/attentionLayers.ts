import { make, samples } from './layerCall.ts';
import type { LayerDraw } from './layerCall.ts';
import type { Id } from './entry.ts';
import type { Tape } from './tape.ts';

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
    // A single key has the weight 1 whatever it is: gradients that are 0 but for rounding, whose size the twin does not know.
    if (other.tensor.shape[1] < 2) return undefined;
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

/** Attention without heads: by scores of each query and key, which are added up from tanh(query + key) or are their products. */
const scored =
  (type: 'attention' | 'additiveAttention'): LayerDraw =>
  (draft) => {
    const { rng } = draft;
    const x = samples(draft, [3]);
    const [batch, steps, features] = x.tensor.shape;
    const other = rng.chance(0.5) ? draft.take([batch, rng.int(2, 9), features]) : x;
    const keys = other.tensor.shape[1];
    if (keys < 2 || batch * steps * keys * features > 4000) return undefined; // a single key weighs 1
    const [useScale, useCausalMask] = [rng.chance(0.5), rng.chance(0.5)];
    const added = type === 'additiveAttention';
    const scoreMode = rng.pick(['dot', 'concat'] as const);
    const options = { useScale, useCausalMask, ...(!added && { scoreMode }) };
    return {
      layer: make(type, options),
      inputs: [x, other],
      twin(tape, [query, value], w) {
        const scaled = (id: Id) => (useScale ? tape.op('multiply', [id, w.scale]) : id);
        const wide = (id: Id, shape: number[]) => tape.op('reshape', [id], [shape]);
        let scores: Id;
        if (added || scoreMode === 'concat') {
          const sum = tape.op('add', [
            wide(query, [batch, steps, 1, features]),
            wide(value, [batch, 1, keys, features]),
          ]);
          const bent = added ? scaled(tape.op('tanh', [sum])) : tape.op('tanh', [scaled(sum)]);
          scores = tape.op('reduceSum', [bent], [{ axes: [-1] }]);
          if (!added) scores = tape.op('multiply', [scores, w.concatScoreWeight]);
        } else {
          scores = scaled(tape.op('matmul', [query, value], [{ transposeB: true }]));
        }
        if (useCausalMask) {
          const data = Float64Array.from({ length: steps * keys }, (_, i) =>
            i % keys > Math.floor(i / keys) ? -1e9 : 0,
          );
          scores = tape.op('add', [scores, tape.leaf({ shape: [steps, keys], data })]);
        }
        return tape.op('matmul', [tape.op('softmax', [scores]), value]);
      },
      text: `${type}(${JSON.stringify(options)})`,
    };
  };

/** x normalized along its last axis, times γ. */
function normalized(tape: Tape, x: Id, gamma: Id, subtractsMean: boolean, epsilon: number): Id {
  const last = { axes: [-1], keepDims: true };
  const centred = subtractsMean ? tape.op('subtract', [x, tape.op('reduceMean', [x], [last])]) : x;
  const variance = tape.op('reduceMean', [tape.op('square', [centred])], [last]);
  const factor = tape.op('rsqrt', [tape.op('shift', [variance], [epsilon])]);
  return tape.op('multiply', [tape.op('multiply', [centred, factor]), gamma]);
}

/** Layers that attend, and those that tell attention where a step is: [N, steps, features]. */
export const attentionLayers: Readonly<Record<string, LayerDraw>> = {
  multiHeadAttention: attended('multiHeadAttention'),
  groupQueryAttention: attended('groupQueryAttention'),
  attention: scored('attention'),
  additiveAttention: scored('additiveAttention'),
  transformerBlock(draft) {
    const { rng } = draft;
    const numHeads = rng.int(1, 3);
    const [batch, steps, features] = [rng.int(1, 3), rng.int(2, 9), numHeads * rng.int(1, 4)];
    const normalization = rng.pick(['layer', 'rms'] as const);
    const [hiddenDim, useCausalMask, epsilon] = [rng.int(1, 9), rng.chance(0.5), 0.1];
    const options = {
      numHeads,
      hiddenDim,
      useCausalMask,
      normalization,
      epsilon,
      useBias: false,
      activation: 'relu',
    };
    return {
      layer: make('transformerBlock', options),
      inputs: [draft.take([batch, steps, features])],
      twin(tape, [x], w) {
        const rowsOf = (id: Id, width: number) => tape.op('reshape', [id], [[-1, width]]);
        const whole = (id: Id) => tape.op('reshape', [id], [[batch, steps, features]]);
        const norm = (id: Id, gamma: Id) => normalized(tape, id, gamma, normalization === 'layer', epsilon);
        const seen = norm(x, w.attentionGamma);
        const [q, k, v] = [w.queryKernel, w.keyKernel, w.valueKernel].map((kernel) =>
          headsOf(tape, seen, kernel, undefined),
        );
        const found = tape.op('attention', [q, k, v], [{ causal: useCausalMask }]);
        const output = tape.op('reshape', [w.outputKernel], [[features, features]]);
        const product = tape.op('matmul', [rowsOf(found, features), output], [{}]);
        const y = tape.op('add', [x, whole(product)]);
        const hidden = tape.op('matmul', [rowsOf(norm(y, w.hiddenGamma), features), w.expandKernel], [{}]);
        const added = tape.op('matmul', [tape.op('relu', [hidden]), w.contractKernel], [{}]);
        return tape.op('add', [y, whole(added)]);
      },
      text: `transformerBlock(${JSON.stringify(options)})`,
    };
  },
  positionalEmbedding: (draft) => ({
    layer: make('positionalEmbedding'),
    inputs: [samples(draft, [3])],
    twin: (tape, [x], w) => tape.op('add', [x, w.weight]),
    text: 'positionalEmbedding()',
  }),
  sinePositionEncoding(draft) {
    const x = samples(draft, [3]);
    const [, steps, features] = x.tensor.shape;
    const maxWavelength = draft.rng.int(1, 100);
    return {
      layer: make('sinePositionEncoding', { maxWavelength }),
      inputs: [x],
      twin(tape, [input]) {
        const data = Float64Array.from({ length: steps * features }, (_, at) => {
          const feature = at % features;
          const pair = feature - (feature % 2);
          const angle = Math.floor(at / features) * maxWavelength ** (-pair / features);
          return pair === feature ? Math.sin(angle) : Math.cos(angle);
        });
        return tape.op('add', [input, tape.leaf({ shape: [steps, features], data })]);
      },
      text: `sinePositionEncoding(${maxWavelength})`,
    };
  },
  reversibleEmbedding(draft) {
    const { rng } = draft;
    const [inputDim, outputDim] = [rng.int(1, 20), draft.size(20)];
    const shape = [rng.int(1, 4), ...rng.pick([[1], [5], [3, 2]])];
    return {
      layer: make('reversibleEmbedding', { inputDim, outputDim }),
      inputs: [draft.leaf(shape, { dtype: 'i32', low: 0, high: inputDim - 1 })],
      twin: (tape, [x], w) => tape.op('gather', [w.weight, x]),
      text: `reversibleEmbedding(${JSON.stringify({ inputDim, outputDim })})`,
    };
  },
};
