import { randomNormalInitializer, varianceScalingInitializer } from '../nn/initializers.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { dense } from '../nn/layers/dense.ts';
import { embedding } from '../nn/layers/embedding.ts';
import { flatten } from '../nn/layers/shaping.ts';
import type { NetworkOptions } from '../nn/network.ts';
import { PRIME } from './modularAddition.ts';

/** Values that represent a number. */
export const GROKKING_WIDTH = 64;
const HIDDEN = 256;

/** N(0, 1 / fan-in), and no bias. */
export const LINEAR = {
  useBias: false,
  kernelInitializer: varianceScalingInitializer({ distribution: 'untruncatedNormal' }),
} as const;
/** As wide: the embeddings of a number have a square sum of 1. */
export const ROWS = randomNormalInitializer(0, 1 / Math.sqrt(GROKKING_WIDTH));

/** The embedding of so many tokens, named 'numbers'. */
export const numberEmbedding = (tokens: number) =>
  embedding({ inputDim: tokens, outputDim: GROKKING_WIDTH, embeddingsInitializer: ROWS, name: 'numbers' });

/** The layers after the embedding: 256 ReLU, and p logits. */
export const grokkingHead = (prime: number) => ({
  hidden: dense({ units: HIDDEN, activation: 'relu', ...LINEAR }),
  logits: dense({ units: prime, ...LINEAR }),
});

/**
 * A network for modular addition without attention, [2] numbers → p logits: their two embeddings side by side, 256 ReLU, logits.
 * For `new Network`, which only computes, or `model`, which trains.
 *
 * @param options.prime the modulus p; default 43
 * @param options.seed of the weights; default 0
 */
export function grokkingMlp({
  prime = PRIME,
  seed = 0,
}: { prime?: number; seed?: number } = {}): NetworkOptions {
  const inputs = modelInput({ shape: [2], dtype: 'i32' });
  const embedded = numberEmbedding(prime).apply(inputs);
  const { hidden, logits } = grokkingHead(prime);
  return {
    inputs,
    outputs: logits.apply(hidden.apply(flatten().apply(embedded))),
    name: 'grokking-mlp',
    seed,
  };
}
