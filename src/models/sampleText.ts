import type { Characters } from '../data/characters.ts';
import { ArgumentError } from '../errors.ts';
import { requireStepwise } from '../nn/decoding.ts';
import type { Model } from '../nn/model.ts';
import { TextWriter } from './textWriter.ts';
import type { WritingOptions } from './textWriter.ts';

export interface SampleTextOptions extends WritingOptions {
  /** What the text begins with; at least one character of the vocabulary. */
  readonly prompt: string;
  /** Characters to add. */
  readonly length: number;
  /** Default 0. */
  readonly seed?: number;
}

/** The text's memory is a multiple of it, so that texts of other lengths need no other kernels. */
const BLOCK = 1024;

/**
 * Continues a text character by character with a causal network [context] → [context, characters], on the GPU alone: see
 * TextWriter. The same weights, options and seed give the same text.
 *
 * @throws ArgumentError if the prompt is empty or has other characters, an option is out of range, or a layer of the network
 *   sees later steps
 */
export async function sampleText(
  model: Model,
  characters: Characters,
  { prompt, length, seed, ...options }: SampleTextOptions,
): Promise<string> {
  const [context] = model.inputShape;
  requireStepwise(model);
  const seen = characters.encode(prompt).slice(-context);
  if (!Number.isInteger(length) || length < 0)
    throw new ArgumentError(`sampleText: length is ${length}; it must be a whole number of at least 0`);
  const capacity = Math.ceil((seen.length + length) / BLOCK) * BLOCK;
  const { gpu } = model.compiled;
  const writer = await TextWriter.create(gpu, model, characters, { capacity });
  try {
    writer.start(prompt, seed);
    return prompt + (await writer.write(length, options));
  } finally {
    writer.destroy();
  }
}
