import type { Characters } from '../data/text.ts';
import { randomStream } from '../data/random.ts';
import { ArgumentError } from '../errors.ts';
import type { Model } from '../nn/model.ts';

export interface SampleTextOptions {
  /** What the text begins with; at least one character of the vocabulary. */
  readonly prompt: string;
  /** Characters to add. */
  readonly length: number;
  /** Logits are divided by it: below 1 the likely becomes likelier; 0 always takes the likeliest. Default 0.8. */
  readonly temperature?: number;
  /** Only so many of the likeliest characters are drawn from; default: all. */
  readonly topK?: number;
  /** Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/**
 * Continues a text character by character with a network [context] → [context, characters]. Each character takes one forward
 * pass over the last `context` characters; what follows the last one does not count, as the network is causal.
 *
 * @throws ArgumentError if the prompt is empty or has other characters
 */
export async function sampleText(
  model: Model,
  characters: Characters,
  { prompt, length, temperature = 0.8, topK = characters.size, seed = 0, signal }: SampleTextOptions,
): Promise<string> {
  const [context] = model.inputShape;
  const text = [...characters.encode(prompt)];
  if (text.length === 0)
    throw new ArgumentError('sampleText: the prompt is empty; give at least one character');
  const random = randomStream(seed);
  for (let i = 0; i < length; i++) {
    signal?.throwIfAborted();
    const seen = text.slice(-context);
    const window = new Int32Array(context);
    window.set(seen);
    const logits = await model.predictOnBatch(window);
    const last = logits.subarray((seen.length - 1) * characters.size, seen.length * characters.size);
    text.push(draw(last, temperature, topK, random));
  }
  return characters.decode(text);
}

/** A place drawn with the probabilities softmax(logits / temperature) among the `topK` largest. */
export function draw(
  logits: ArrayLike<number>,
  temperature: number,
  topK: number,
  random: () => number,
): number {
  const order = Array.from(logits, (_, i) => i).sort((a, b) => logits[b] - logits[a] || a - b);
  if (temperature === 0) return order[0];
  const kept = order.slice(0, Math.max(1, topK));
  const weights = kept.map((i) => Math.exp((logits[i] - logits[order[0]]) / temperature));
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [i, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return kept[i];
  }
  return kept.at(-1)!; // rounding
}
