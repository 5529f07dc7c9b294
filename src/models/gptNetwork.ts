import { randomNormalInitializer } from '../nn/initializers.ts';
import { modelInput } from '../nn/layerGraph.ts';
import type { LayerTensor } from '../nn/layers/layer.ts';
import { layerNormalization } from '../nn/layers/normalization.ts';
import { positionalEmbedding } from '../nn/layers/positions.ts';
import { reversibleEmbedding } from '../nn/layers/reversibleEmbedding.ts';
import { transformerBlock } from '../nn/layers/transformerBlock.ts';
import type { NetworkOptions } from '../nn/network.ts';

/** How large a language model is, and how it is trained. */
export interface GptRecipe {
  readonly description: string;
  readonly blocks: number;
  readonly heads: number;
  readonly width: number;
  /** Characters that it sees at once. */
  readonly context: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly steps: number;
}

/** `small` is nanoGPT's setting for a CPU. */
export const GPT_PRESETS = {
  tiny: {
    description: '2 blocks of 64, context 32',
    blocks: 2,
    heads: 4,
    width: 64,
    context: 32,
    batchSize: 32,
    learningRate: 0.002,
    steps: 2000,
  },
  small: {
    description: '4 blocks of 128, context 64',
    blocks: 4,
    heads: 4,
    width: 128,
    context: 64,
    batchSize: 12,
    learningRate: 0.001,
    steps: 2000,
  },
  medium: {
    description: '6 blocks of 192, context 128',
    blocks: 6,
    heads: 6,
    width: 192,
    context: 128,
    batchSize: 32,
    learningRate: 0.001,
    steps: 5000,
  },
  '10m': {
    description: '6 blocks of 384, context 256, for a GPU',
    blocks: 6,
    heads: 6,
    width: 384,
    context: 256,
    batchSize: 64,
    learningRate: 0.001,
    steps: 5000,
  },
} as const satisfies Record<string, GptRecipe>;
export type GptPreset = keyof typeof GPT_PRESETS;

const DEVIATION = 0.02;

/**
 * A small GPT (Radford et al. 2019), [context] characters → [context, characters] logits of the character after each: learned
 * positions, blocks normalized before each part, without biases, exact GELU, and the output's table tied to the embedding.
 * All weights start with N(0, 0.02), those that add to the stream with that ÷ √(2 · blocks). For `new Network`, which only
 * computes, or `model`, which trains.
 *
 * @param characters of the vocabulary
 * @param options.seed of the weights and the shuffling; default 0
 */
export function gptNetwork(
  preset: GptPreset,
  characters: number,
  { seed = 0 }: { seed?: number } = {},
): NetworkOptions {
  const { blocks, heads, width, context } = GPT_PRESETS[preset];
  const normal = randomNormalInitializer(0, DEVIATION);
  const words = reversibleEmbedding({
    inputDim: characters,
    outputDim: width,
    embeddingsInitializer: normal,
    name: 'characters',
  });
  const tokens = modelInput({ shape: [context], dtype: 'i32' });
  let stream = positionalEmbedding({ embeddingsInitializer: normal, name: 'positions' }).apply(
    words.apply(tokens),
  ) as LayerTensor;
  for (let block = 0; block < blocks; block++) {
    stream = transformerBlock({
      numHeads: heads,
      useBias: false,
      useCausalMask: true,
      kernelInitializer: normal,
      residualInitializer: randomNormalInitializer(0, DEVIATION / Math.sqrt(2 * blocks)),
    }).apply(stream);
  }
  const last = layerNormalization({ center: false, epsilon: 1e-5 }).apply(stream);
  return { inputs: tokens, outputs: words.apply(last), name: `gpt-${preset}`, seed };
}
