// The GPT in jax-js, of arrays: it has functions for the parts, and no layers. Rows of the embedding are a product with one-hot
// vectors, as the gradient of jax-js's gather fails within jit ("routine primitive scatter input is not imm").
import { GPT } from '../problem.ts';

const { batchSize, blocks, context, epsilon, heads, width } = GPT;
const ROWS = batchSize * context;
/** Weights of a block. */
const OWN = 8;

/** Rows with mean 0 and variance 1, times a scale. */
const normalized = ({ nn }, x, scale) => nn.standardize(x, -1, { epsilon }).mul(scale);

/**
 * Causal attention of the rows to themselves, by the steps of jax-js's nn.dotProductAttention, which itself needs an iterator's
 * `map`: Node 20 does not have it.
 */
function attended({ nn, numpy: np }, x, query, key, value, output) {
  const size = width / heads;
  const split = (rows, kernel, order) =>
    np.transpose(
      np.matmul(rows, kernel.reshape([width, width])).reshape([batchSize, context, heads, size]),
      order,
    );
  const scores = np.matmul(split(x.ref, query, [0, 2, 1, 3]), split(x.ref, key, [0, 2, 3, 1]));
  const seen = np.tri(context, context, 0, { dtype: np.bool });
  const weights = nn.softmax(np.where(seen, scores.mul(1 / Math.sqrt(size)), -Infinity), -1);
  const y = np.transpose(np.matmul(weights, split(x, value, [0, 2, 1, 3])), [0, 2, 1, 3]);
  return np.matmul(y.reshape([ROWS, width]), output.reshape([width, width]));
}

/**
 * Mean cross-entropy of the characters after those in x.
 *
 * @param p weights in the order of the problem
 * @param x one-hot, [batch · context, characters]
 * @param y one-hot, the same shape
 */
export function gptLoss(jax, p, x, y) {
  const { nn, numpy: np } = jax;
  const [table, positions] = p;
  const read = np.matmul(x, table.ref).reshape([batchSize, context, width]);
  let stream = read.add(positions).reshape([ROWS, width]);
  for (let block = 0; block < blocks; block++) {
    const [scale, query, key, value, output, hiddenScale, expand, contract] = p.slice(2 + OWN * block);
    const rows = normalized(jax, stream.ref, scale);
    stream = stream.add(attended(jax, rows, query, key, value, output));
    const hidden = np.matmul(normalized(jax, stream.ref, hiddenScale), expand);
    stream = stream.add(np.matmul(nn.gelu(hidden, { approximate: false }), contract));
  }
  const logits = np.matmul(normalized(jax, stream, p.at(-1)), np.transpose(table));
  return nn
    .logSoftmax(logits)
    .mul(y)
    .sum()
    .mul(-1 / ROWS);
}
