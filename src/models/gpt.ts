import { model } from '../nn/model.ts';
import type { Model } from '../nn/model.ts';
import { adamw } from '../nn/optimizers.ts';
import type { Optimizer } from '../nn/optimizers.ts';
import { cosineDecay, warmUp } from '../nn/schedules.ts';
import { gptNetwork } from './gptNetwork.ts';
import type { GptPreset } from './gptNetwork.ts';

/** A small GPT to train: see gptNetwork. */
export const gpt = (preset: GptPreset, characters: number, options: { seed?: number } = {}): Model =>
  model(gptNetwork(preset, characters, options));

const WARM_UP = 100;

/**
 * AdamW with β (0.9, 0.99), decay 0.1 of all matrices and the gradient's norm bounded by 1; the rate rises in the first 100
 * steps, then falls along a cosine to a tenth at the last of `steps`. Without `steps` it stays.
 */
export function gptOptimizer({
  learningRate,
  steps = Infinity,
}: {
  learningRate: number;
  steps?: number;
}): Optimizer {
  const rising = Math.min(WARM_UP, Math.max(1, steps - 1));
  const falls = Number.isFinite(steps);
  const next = falls ? cosineDecay({ decaySteps: Math.max(1, steps - rising), alpha: 0.1 }) : undefined;
  return adamw({
    learningRate,
    beta2: 0.99,
    weightDecay: 0.1,
    excludeFromWeightDecay: [/[gG]amma$/],
    globalClipNorm: 1,
    schedule: warmUp({ steps: rising, next }),
  });
}
