// jax-js: a whole training step in one jitted function, Adam included, which is written out as jax-js has no optimizers.
// Its layout is NCHW. It has no batch normalization, so it does without the DCGAN.
import { totalOf } from '../contestant.ts';
import * as problem from '../problem.ts';
import { gptLoss } from './jaxGpt.mjs';

const { ADAM, AUTOENCODER, BATCH, GPT } = problem;

/** @param jax the module @jax-js/jax, with the webgpu device as its default */
export function jaxContestant(jax, version) {
  return {
    version,
    training: async (model) => training(jax, model),
    kernel: async (spec) => kernel(jax, spec),
  };
}

const arrayOf = ({ numpy: np }, { shape, values }) => np.array(values).reshape([...shape]);

/** Keras's weights in jax-js's layouts: kernels [out, in, KH, KW]; the dense layer after them reads [C, H, W]. */
function weightsOf(model) {
  const weights = problem.firstWeights(model);
  if (model === 'autoencoder' || model === 'gpt') return weights;
  const channels = weights[2].shape[3];
  const side = Math.sqrt(weights[4].shape[0] / channels);
  const dense = { shape: [side, side, channels, 10], values: weights[4].values };
  const rows = problem.transposed(dense, [2, 0, 1, 3]).values;
  return weights.map((weight, i) => {
    if (i === 4) return { shape: weight.shape, values: rows };
    return weight.shape.length === 4 ? problem.transposed(weight, [3, 2, 0, 1]) : weight;
  });
}

function maxPool({ numpy: np }, x) {
  const [batch, channels, height, width] = x.shape;
  return np.max(np.max(x.reshape([batch, channels, height / 2, 2, width / 2, 2]), 5), 3);
}

/** Mean softmax cross-entropy of the classifier with weights p. */
function classifierLoss(jax, p, x, y) {
  const { lax, nn, numpy: np } = jax;
  const convolved = (h, w, b) =>
    nn.relu(lax.conv(h, w, [1, 1], 'VALID').add(b.reshape([1, b.shape[0], 1, 1])));
  let h = maxPool(jax, convolved(x, p[0], p[1]));
  h = convolved(h, p[2], p[3]);
  const even = h.shape[2] - (h.shape[2] % 2);
  if (even < h.shape[2]) h = h.slice([], [], [0, even], [0, even]);
  const logits = np.matmul(maxPool(jax, h).reshape([BATCH, p[4].shape[0]]), p[4]).add(p[5]);
  return nn
    .logSoftmax(logits)
    .mul(y)
    .sum()
    .mul(-1 / BATCH);
}

/** Mean binary cross-entropy of the autoencoder's logits h with its own input. */
function autoencoderLoss({ nn, numpy: np }, p, x, y) {
  let h = x;
  for (let layer = 0; layer < AUTOENCODER.length - 1; layer++) {
    h = np.matmul(h, p[2 * layer]).add(p[2 * layer + 1]);
    if (layer < AUTOENCODER.length - 2) h = nn.relu(h);
  }
  return nn.softplus(h.ref).sub(h.mul(y)).mean();
}

const oneHot = ({ nn, numpy: np }, indices, count) => nn.oneHot(np.array(Int32Array.from(indices)), count);

/** Samples and targets, classes and characters as one-hot vectors. */
function dataOf(jax, model) {
  if (model === 'gpt') {
    const { characters, following } = problem.texts();
    return [oneHot(jax, characters, GPT.characters), oneHot(jax, following, GPT.characters)];
  }
  const { pixels, labels } = problem.batch();
  if (model === 'autoencoder') {
    const x = arrayOf(jax, { shape: [BATCH, 784], values: pixels });
    return [x, x.ref];
  }
  return [arrayOf(jax, { shape: [BATCH, 1, 28, 28], values: pixels }), oneHot(jax, labels, 10)];
}

const LOSSES = { quick: classifierLoss, keras: classifierLoss, autoencoder: autoencoderLoss, gpt: gptLoss };

function training(jax, model) {
  const { jit, numpy: np, valueAndGrad } = jax;
  const lossOf = LOSSES[model];
  const { learningRate, beta1, beta2, epsilon } = ADAM;
  const update = jit((params, means, squares, rate, x, y) => {
    const [loss, grads] = valueAndGrad((p, ...data) => lossOf(jax, p, ...data))(
      params.map((p) => p.ref),
      x,
      y,
    );
    const next = params.map((p, i) => {
      const m = means[i].mul(beta1).add(grads[i].ref.mul(1 - beta1));
      const v = squares[i].mul(beta2).add(grads[i].ref.mul(grads[i]).mul(1 - beta2));
      return [p.sub(m.ref.mul(rate.ref).div(np.sqrt(v.ref).add(epsilon))), m, v];
    });
    rate.dispose();
    return {
      loss,
      params: next.map(([p]) => p),
      means: next.map(([, m]) => m),
      squares: next.map(([, , v]) => v),
    };
  });
  const params = weightsOf(model).map((weight) => arrayOf(jax, weight));
  const zeros = () => params.map(({ shape }) => np.zeros(shape));
  let state = { params, means: zeros(), squares: zeros() };
  const [x, y] = dataOf(jax, model);
  let t = 0;
  const makeStep = () => {
    t++;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    const { loss, ...next } = update(state.params, state.means, state.squares, np.array(rate), x.ref, y.ref);
    state = next;
    return loss;
  };
  const step = async () => (await makeStep().data())[0];
  return {
    step,
    // jax-js computes what is asked for and recommends to ask regularly: without it steps take longer.
    async loop(steps) {
      for (let i = 0; i < steps; i++) {
        const loss = makeStep();
        await loss.blockUntilReady();
        loss.dispose();
      }
    },
  };
}

/** Operands in NCHW and OIHW, and the function of them. Gradients are what jax-js's own transposition gives. */
function operation(jax, spec) {
  const { lax, numpy: np, vjp } = jax;
  const [a, b] = problem.kernelOperands(spec);
  if (spec.kind === 'matmul') {
    const turned = (x, turn) => (turn ? np.transpose(x) : x);
    return {
      operands: [a, b],
      f: (x, y) => np.matmul(turned(x, spec.transposeA), turned(y, spec.transposeB)),
    };
  }
  const images = (x) => problem.transposed(x, [0, 3, 1, 2]);
  const filters = (w) => problem.transposed(w, [3, 2, 0, 1]);
  const { pass, x, w, stride, pad } = spec;
  const pads = [
    [pad, pad],
    [pad, pad],
  ];
  const convolved = (input, weights) => lax.conv(input, weights, [stride, stride], pads);
  const zerosOf = ([n, h, width, c]) => np.zeros([n, c, h, width]);
  if (pass === 'forward') return { operands: [images(a), filters(b)], f: convolved };
  if (pass === 'input gradient') {
    const f = (dy, weights) => vjp((input) => convolved(input, weights.ref), [zerosOf(x)])[1](dy)[0];
    return { operands: [images(a), filters(b)], f };
  }
  const zeroFilters = () => np.zeros([w[3], w[2], w[0], w[1]]);
  const f = (input, dy) => vjp((weights) => convolved(input.ref, weights), [zeroFilters()])[1](dy)[0];
  return { operands: [images(a), images(b)], f };
}

const TOGETHER = 16;

function kernel(jax, spec) {
  const { operands, f } = operation(jax, spec);
  const [a, b] = operands.map((operand) => arrayOf(jax, operand));
  const call = jax.jit(f);
  return {
    // A result that is thrown away is not computed: some are asked for at a time.
    async run(times) {
      for (let left = times; left > 0; left -= TOGETHER) {
        const results = Array.from({ length: Math.min(left, TOGETHER) }, () => call(a.ref, b.ref));
        await jax.blockUntilReady(results);
        for (const result of results) result.dispose();
      }
    },
    total: async () => totalOf(await call(a.ref, b.ref).data()),
  };
}
