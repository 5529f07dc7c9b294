import type { Dataset } from '../data/dataset.ts';
import { dense } from '../nn/layers/dense.ts';
import type { LayerTensor } from '../nn/layers/layer.ts';
import { add } from '../nn/layers/merging.ts';
import { multiHeadAttention } from '../nn/layers/multiHeadAttention.ts';
import { positionalEmbedding } from '../nn/layers/positions.ts';
import { flatten } from '../nn/layers/shaping.ts';
import { cropping1d } from '../nn/layers/sequences.ts';
import { modelInput } from '../nn/layerGraph.ts';
import { model } from '../nn/model.ts';
import type { Model } from '../nn/model.ts';
import type { NetworkOptions } from '../nn/network.ts';
import { adamw } from '../nn/optimizers.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { warmUp } from '../nn/schedules.ts';
import { GROKKING_WIDTH, grokkingHead, grokkingMlp, LINEAR, numberEmbedding, ROWS } from './grokkingMlp.ts';
import { modularAddition, PRIME } from './modularAddition.ts';

/**
 * Grokking (Power et al. 2022): a network that learns a + b mod p from a part of all pairs knows them by heart after some
 * hundred steps, and much later, suddenly, answers the others, too. Weight decay does it: without, it never does. Both
 * networks are without biases and normalization (Nanda et al. 2023).
 */
export const GROKKING_PRESETS = {
  mlp: {
    description: 'two embeddings, 256 ReLU',
    parameters: 46_528,
    learningRate: 0.003,
    batchSize: 1109,
    epochs: 1500,
  },
  transformer: {
    description: 'one block of four heads',
    parameters: 54_912,
    learningRate: 0.003,
    batchSize: 1109,
    epochs: 1200,
  },
} as const;
export type GrokkingPreset = keyof typeof GROKKING_PRESETS;

const HEADS = 4;

/**
 * The pairs that a preset learns and those that it is tested on, as `modularAddition` divides them. The transformer's samples end
 * with the sign "=", whose token is p.
 */
export function grokkingData(
  preset: GrokkingPreset,
  { seed = 0 }: { seed?: number } = {},
): { train: Dataset; test: Dataset } {
  return modularAddition({ sign: preset === 'transformer', seed });
}

/**
 * A network for modular addition, [2] or [3] tokens → p logits.
 *
 * mlp: the two embeddings side by side, 256 ReLU, logits. transformer: embeddings with learned positions; one block of
 * four heads, in which only the last token asks, and 256 ReLU, both added to the stream; logits of the last token.
 *
 * @param options.seed of the weights; default 0
 */
export function grokkingNetwork(preset: GrokkingPreset, { seed = 0 }: { seed?: number } = {}): Model {
  return model(preset === 'mlp' ? grokkingMlp({ seed }) : grokkingTransformer(seed));
}

function grokkingTransformer(seed: number): NetworkOptions {
  const inputs = modelInput({ shape: [3], dtype: 'i32' });
  const embedded = numberEmbedding(PRIME + 1).apply(inputs);
  const { hidden, logits } = grokkingHead(PRIME);
  const stream = positionalEmbedding({ embeddingsInitializer: ROWS }).apply(embedded);
  const last = cropping1d({ cropping: [2, 0] }).apply(stream);
  const attention = multiHeadAttention({ numHeads: HEADS, keyDim: GROKKING_WIDTH / HEADS, ...LINEAR });
  const asked = add().apply([last, attention.apply([last, stream])]) as LayerTensor;
  const flat = flatten().apply(asked);
  const added = dense({ units: GROKKING_WIDTH, ...LINEAR }).apply(hidden.apply(flat));
  return { inputs, outputs: logits.apply(add().apply([flat, added])), name: 'grokking-transformer', seed };
}

const WARM_UP = 10;

/**
 * AdamW with β (0.9, 0.98), whose rate rises in the first 10 steps. The weight decay is decoupled and of all weights: each
 * step shrinks them by the share rate · decay.
 */
export const grokkingOptimizer = (options: { learningRate: number; weightDecay: number }): Optimizer =>
  adamw({ ...options, beta2: 0.98, schedule: warmUp({ steps: WARM_UP }) });

/** The frequency that the embedding of the numbers 0 … p − 1 has most of, and where it puts them on that circle. */
export interface Circle {
  /** Times around the circle from 0 to p. */
  readonly frequency: number;
  /** Its share of the embedding's square sum, from 0 to 1. */
  readonly share: number;
  /** [x, y] of each number. */
  readonly points: readonly (readonly [number, number])[];
}

/**
 * The strongest Fourier component along the numbers, C_k = Σ_a E_a cos(2π k a / p), S_k = Σ_a E_a sin(2π k a / p) (Nanda et
 * al. 2023): a network that has understood the addition adds angles on a few such circles.
 *
 * @param embeddings E, [p or more, width]
 */
export function strongestCircle(embeddings: ArrayLike<number>, width: number): Circle {
  const component = (frequency: number) => {
    const [cosines, sines] = [new Float64Array(width), new Float64Array(width)];
    for (let a = 0; a < PRIME; a++) {
      const angle = (2 * Math.PI * frequency * a) / PRIME;
      for (let i = 0; i < width; i++) {
        cosines[i] += Math.cos(angle) * embeddings[a * width + i];
        sines[i] += Math.sin(angle) * embeddings[a * width + i];
      }
    }
    const power = [...cosines, ...sines].reduce((sum, value) => sum + value * value, 0);
    return { frequency, cosines, sines, power };
  };
  const all = Array.from({ length: (PRIME - 1) / 2 }, (_, k) => component(k + 1));
  const best = all.reduce((a, b) => (b.power > a.power ? b : a));
  // Parseval: Σ_a |E_a|² = (|Σ_a E_a|² + 2 Σ_k power_k) / p.
  let total = 0;
  for (let i = 0; i < PRIME * width; i++) total += embeddings[i] ** 2;
  const along = (axis: Float64Array, a: number) => {
    const length = Math.sqrt(axis.reduce((sum, value) => sum + value * value, 0)) || 1;
    return axis.reduce((sum, value, i) => sum + value * embeddings[a * width + i], 0) / length;
  };
  return {
    frequency: best.frequency,
    share: (2 * best.power) / PRIME / total,
    points: Array.from({ length: PRIME }, (_, a) => [along(best.cosines, a), along(best.sines, a)] as const),
  };
}
