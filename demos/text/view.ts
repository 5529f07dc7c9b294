import { ops } from '../../src/index.ts';
import type { Gpu, Network, Program, Tensor } from '../../src/index.ts';
import { quickKernels } from '../drawing/staged.ts';
import type { TensorSource } from '../drawing/tiles.ts';

/** A temperature below counts as this: the likeliest character has a probability of 1 all the same. */
const COLDEST = 0.002;
/** Of the normalization in the blocks. */
const EPSILON = 1e-5;

type Block = Network['layers'][number];

/** Blocks of a transformer, in order, with the place of each in the network. */
export const blocksOf = ({ layers }: Network): { block: Block; at: number }[] =>
  layers.map((block, at) => ({ block, at })).filter(({ block }) => block.type === 'transformerBlock');

/**
 * How much each step looks at which, [heads, steps, steps], row by row: what the attention of a block weights the values with.
 * The block itself never stores this. With its own weights and its own input x:
 *
 *     softmax(q kᵀ / √size), q = norm(x) W_query, k = norm(x) W_key, where a step sees itself and those before it
 */
function lookingOf(block: Block, x: Tensor): Tensor {
  const [, steps, features] = x.shape;
  const weight = (name: string) => ops.read(block.weights.get(name)!);
  const { y } = ops.normalize(x, { over: 'layer', gamma: weight('attentionGamma'), epsilon: EPSILON });
  const part = (name: string) => {
    const kernel = weight(name);
    const [, heads, size] = kernel.shape;
    const product = ops.matmul(
      ops.reshape(y, [steps, features]),
      ops.reshape(kernel, [features, heads * size]),
    );
    return ops.transpose(ops.reshape(product, [steps, heads, size]), [1, 0, 2]);
  };
  const [query, key] = [part('queryKernel'), part('keyKernel')];
  const scores = ops.multiply(ops.matmul(query, key, { transposeB: true }), 1 / Math.sqrt(query.shape[2]));
  const isSeen = Float32Array.from({ length: steps * steps }, (_, i) =>
    i % steps <= Math.floor(i / steps) ? 1 : 0,
  );
  return ops.softmax(ops.where(ops.constant(isSeen, [1, steps, steps]), scores, -Infinity));
}

/**
 * Compiles what is shown of a GPT.
 *
 * Inputs: `tokens` [1, context], of which the first `count` [1] are a text; `place` [1], the chosen one; `temperature` and `topK`.
 * Outputs: `heads` [blocks · heads, context, context], how much each character of the text looks at which; `rows` [blocks · heads,
 * 1, context], those of the chosen one; and `reading`, one after
 * the other: the characters by how likely each follows the chosen one, their probabilities in this order, those after temperature
 * and top-k, and the rows of the chosen character in `heads`.
 */
export function compileView(gpu: Gpu, network: Network): Promise<Program> {
  const [context, characters] = network.outputShape;
  const tokens = ops.input('tokens', [1, context], 'i32');
  const count = ops.input('count', [1]);
  const place = ops.input('place', [1], 'i32');
  const [temperature, topK] = [ops.input('temperature', []), ops.input('topK', [])];
  const numbers = (length: number) => Float32Array.from({ length }, (_, i) => i);
  return gpu.compile(
    () => {
      const places = [tokens, ...network.callLayers(tokens)];
      const looking = blocksOf(network).map(({ block, at }) =>
        lookingOf(block, places[network.applications[at].from[0]]),
      );
      const isText = ops.less(ops.constant(numbers(context), [1, context, 1]), ops.reshape(count, [1, 1, 1]));
      const heads = ops.multiply(ops.concat(looking, 0), isText);
      const logits = ops.reshape(places.at(-1)!, [context, characters]);
      const { values, indices } = ops.topK(ops.reshape(ops.gather(logits, place), [characters]), characters);
      const cooled = ops.divide(values, ops.maximum(temperature, COLDEST));
      const rows = ops.gather(heads, place, 1);
      const isKept = ops.less(ops.constant(numbers(characters), [characters]), topK);
      return {
        heads,
        rows,
        one: ops.fill([1], 1),
        reading: ops.concat(
          [
            ops.cast(indices, 'f32'),
            ops.softmax(values),
            ops.softmax(ops.where(isKept, cooled, -Infinity)),
            ops.reshape(rows, [-1]),
          ],
          0,
        ),
      };
    },
    { label: 'view', variants: quickKernels(gpu) },
  );
}

/** The panels of such a program: all heads, the chosen one, and the chosen character in all heads. */
export function viewSources(view: Program, chosen: number): [panel: string, source: TensorSource][] {
  const [count, steps] = view.build.outputs.heads.shape;
  const source = {
    kind: 'tensor',
    values: view.location('heads'),
    largest: view.location('one'),
    width: steps,
    height: steps,
    tileStride: steps * steps,
    rowStride: steps,
    columnStride: 1,
    gamma: 0.6,
  } as const;
  return [
    ['heads', { ...source, count }],
    ['head', { ...source, count: 1, first: Math.min(chosen, count - 1) }],
    ['rows', { ...source, values: view.location('rows'), count: 1, height: count }],
  ];
}

/** What `reading` says of a network that knows so many characters. */
export const readingOf = (values: Float32Array, characters: number) => ({
  order: values.slice(0, characters),
  given: values.slice(characters, 2 * characters),
  drawn: values.slice(2 * characters, 3 * characters),
  weights: values.slice(3 * characters),
});
