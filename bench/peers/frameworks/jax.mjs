// jax-js, the whole step in one jitted function, plain SGD (less work than Adam): node jax.mjs quick|keras|autoencoder
import { BATCH, time } from './timing.mjs';
const jax = await import('@jax-js/jax');
await jax.init('webgpu');
jax.defaultDevice('webgpu');
const { numpy: np, random, jit, nn, lax, valueAndGrad } = jax;

let key = 0;
const weights = (shape) => random.normal(random.key(key++), shape).mul(0.1);

function trainer(params, lossOf, x, y) {
  const names = Object.keys(params);
  const step = jit((p, batch, target) => {
    const copies = Object.fromEntries(names.map((name) => [name, p[name].ref]));
    const [loss, grads] = valueAndGrad(lossOf)(copies, batch, target);
    return {
      loss,
      params: Object.fromEntries(names.map((name) => [name, p[name].sub(grads[name].mul(0.01))])),
    };
  });
  let state = params;
  return async () => {
    const result = step(state, x.ref, y.ref);
    state = result.params;
    await result.loss.data();
    for (const name of names) await state[name].blockUntilReady?.();
  };
}

function maxPool(x) {
  const [batch, channels, height, width] = x.shape;
  return np.max(np.max(x.reshape([batch, channels, height / 2, 2, width / 2, 2]), 5), 3);
}

function classifier(c1, c2, k, features) {
  const lossOf = (p, x, y) => {
    let h = maxPool(nn.relu(lax.conv(x, p.w1, [1, 1], 'VALID').add(p.b1.reshape([1, c1, 1, 1]))));
    h = nn.relu(lax.conv(h, p.w2, [1, 1], 'VALID').add(p.b2.reshape([1, c2, 1, 1])));
    const side = h.shape[2];
    if (side % 2) h = h.slice([], [], [0, side - 1], [0, side - 1]);
    const logits = np.matmul(maxPool(h).reshape([BATCH, features]), p.w3).add(p.b3);
    return nn
      .logSoftmax(logits)
      .mul(y)
      .sum()
      .mul(-1 / BATCH);
  };
  const params = {
    w1: weights([c1, 1, k, k]),
    b1: np.zeros([c1]),
    w2: weights([c2, c1, k, k]),
    b2: np.zeros([c2]),
    w3: weights([features, 10]),
    b3: np.zeros([10]),
  };
  const x = random.uniform(random.key(9), [BATCH, 1, 28, 28]);
  return trainer(params, lossOf, x, nn.oneHot(np.array(new Int32Array(BATCH).fill(3)), 10));
}

const models = {
  quick: () => classifier(8, 16, 5, 16 * 4 * 4),
  keras: () => classifier(32, 64, 3, 64 * 5 * 5),
  autoencoder: () => {
    const sizes = [784, 128, 64, 128, 784];
    const params = {};
    for (let i = 0; i < 4; i++) {
      params[`w${i}`] = weights([sizes[i], sizes[i + 1]]);
      params[`b${i}`] = np.zeros([sizes[i + 1]]);
    }
    const lossOf = (p, x, y) => {
      let h = x;
      for (let i = 0; i < 4; i++) {
        h = np.matmul(h, p[`w${i}`]).add(p[`b${i}`]);
        if (i < 3) h = nn.relu(h);
      }
      return nn.softplus(h.ref).sub(h.mul(y)).mean();
    };
    const x = random.uniform(random.key(9), [BATCH, 784]);
    return trainer(params, lossOf, x, x.ref);
  },
};

await time(models[process.argv[2] ?? 'quick']);
