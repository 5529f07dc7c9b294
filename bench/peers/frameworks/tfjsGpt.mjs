// The GPT in TensorFlow.js, by its operations: its layers have neither attention nor an output tied to the embedding.
import { firstWeights, GPT, texts } from '../problem.ts';

const { batchSize, blocks, characters, context, epsilon, heads, width } = GPT;
const ROWS = batchSize * context;
/** Weights of a block. */
const OWN = 8;

/** x Φ(x), without the approximation by tanh. */
const gelu = (tf, x) => x.mul(tf.erf(x.mul(Math.SQRT1_2)).add(1)).mul(0.5);

/** Rows with mean 0 and variance 1, times a scale. */
function normalized(tf, x, scale) {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(epsilon).rsqrt()).mul(scale);
}

/** Causal attention of the rows to themselves. @param mask added to the scores: 0, or so little that the weight is 0 */
function attended(tf, x, mask, query, key, value, output) {
  const split = (kernel) =>
    tf
      .matMul(x, kernel.reshape([width, width]))
      .reshape([batchSize, context, heads, width / heads])
      .transpose([0, 2, 1, 3]);
  const scores = tf.matMul(split(query), split(key), false, true).mul(1 / Math.sqrt(width / heads));
  const y = tf.matMul(tf.softmax(scores.add(mask)), split(value));
  return tf.matMul(y.transpose([0, 2, 1, 3]).reshape([ROWS, width]), output.reshape([width, width]));
}

function lossOf(tf, weights, x, y, mask) {
  const [table, positions] = weights;
  let stream = tf.gather(table, x).add(positions).reshape([ROWS, width]);
  for (let block = 0; block < blocks; block++) {
    const [scale, query, key, value, output, hiddenScale, expand, contract] = weights.slice(2 + OWN * block);
    const rows = normalized(tf, stream, scale);
    stream = stream.add(attended(tf, rows, mask, query, key, value, output));
    const hidden = tf.matMul(normalized(tf, stream, hiddenScale), expand);
    stream = stream.add(tf.matMul(gelu(tf, hidden), contract));
  }
  const logits = tf.matMul(normalized(tf, stream, weights.at(-1)), table, false, true);
  return tf.losses.softmaxCrossEntropy(y, logits);
}

/** Makes a step, and returns its loss on the GPU. */
export function gptStep(tf, optimizer) {
  const weights = firstWeights('gpt').map(({ shape, values }) => tf.variable(tf.tensor(values, shape)));
  const { characters: read, following } = texts();
  const x = tf.tensor(read, [batchSize, context], 'int32');
  const y = tf.oneHot(tf.tensor1d(following, 'int32'), characters).toFloat();
  const later = Float32Array.from({ length: context ** 2 }, (_, i) => (i % context > i / context ? -1e9 : 0));
  const mask = tf.tensor(later, [context, context]);
  return () => optimizer.minimize(() => lossOf(tf, weights, x, y, mask), true, weights);
}
