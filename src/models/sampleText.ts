import type { Characters } from '../data/text.ts';
import { ArgumentError } from '../errors.ts';
import { Decoding, requireStepwise } from '../nn/decoding.ts';
import type { Model } from '../nn/model.ts';
import { writeStep } from '../ops/attention/hidden.ts';
import { constant, input, read, Variable } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import {
  add,
  equal,
  less,
  log,
  maximum,
  multiply,
  negate,
  shift,
  subtract,
  where,
} from '../ops/elementwise/elementwise.ts';
import { cast } from '../ops/movement/cast.ts';
import { gather } from '../ops/movement/gather.ts';
import { reshape } from '../ops/movement/movement.ts';
import { assign } from '../ops/optimizer/assign.ts';
import { randomUniform } from '../ops/random/random.ts';
import { argmax } from '../ops/reduce/argmax.ts';
import { topK as largest } from '../ops/sort/sort.ts';
import type { Program } from '../runtime/program.ts';

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

/** The text's memory is a multiple of it, so that texts of other lengths need no other kernels. */
const BLOCK = 1024;

/**
 * Continues a text character by character with a causal network [context] → [context, characters], on the GPU alone: each run of
 * one program reads a character, with the keys and values of those before it in a cache, and adds one. Only the text is read back.
 *
 * A prompt counts with its last `context` characters. Where the context is full, the window moves on by half of it: the cache
 * is filled again from the newer half, as the position of each character has changed. So a character is drawn after between
 * context / 2 and context characters, and takes two runs on average.
 *
 * The same weights, options and seed give the same text.
 *
 * @throws ArgumentError if the prompt is empty or has other characters, an option is out of range, or a layer of the network
 *   sees later steps
 */
export async function sampleText(
  model: Model,
  characters: Characters,
  { prompt, length, temperature = 0.8, topK = characters.size, seed = 0, signal }: SampleTextOptions,
): Promise<string> {
  const [context] = model.inputShape;
  requireStepwise(model);
  const given = characters.encode(prompt);
  checkRanges(given.length, length, temperature, topK);
  const seen = given.slice(-context);
  const total = seen.length + length;
  const state = new State(seen, Math.ceil(total / BLOCK) * BLOCK);
  const { gpu } = model.compiled;
  const [heat, count] = [input('temperature', []), input('topK', [])];
  const own: Variable[] = [];
  let program: Program | undefined;
  try {
    program = await gpu.compile(
      () => {
        const logits = state.step(model, context);
        const next = draw(logits, heat, count);
        state.advance(next, context);
        own.push(...state.variables);
        gpu.variables.retain(state.variables);
        return { next };
      },
      { label: 'sampleText', seed },
    );
    program.write(heat, new Float32Array([temperature]));
    program.write(count, new Float32Array([topK]));
    await program.run(runsFor(seen.length, total, context), { signal });
    await program.finish();
    const text = await gpu.variables.read(state.text);
    return prompt + characters.decode(text.subarray(seen.length, total));
  } finally {
    program?.destroy();
    gpu.variables.release(own);
  }
}

function checkRanges(prompt: number, length: number, temperature: number, topK: number): void {
  if (prompt === 0) throw new ArgumentError('sampleText: the prompt is empty; give at least one character');
  if (!Number.isInteger(length) || length < 0)
    throw new ArgumentError(`sampleText: length is ${length}; it must be a whole number of at least 0`);
  if (!(temperature >= 0 && temperature < Infinity))
    throw new ArgumentError(
      `sampleText: temperature is ${temperature}; it must be a finite number of at least 0`,
    );
  if (!Number.isInteger(topK) || topK < 1)
    throw new ArgumentError(`sampleText: topK is ${topK}; it must be a whole number of at least 1`);
}

const moveOf = (context: number): number => Math.max(1, Math.floor(context / 2));

/** Runs until the text has `total` characters: those that fill the cache draw nothing that is kept. */
function runsFor(known: number, total: number, context: number): number {
  let runs = 0;
  for (let place = 0, start = 0; known < total; runs++) {
    if (++place === known) known++;
    if (place - start === context) {
      start += moveOf(context);
      place = start;
    }
  }
  return runs;
}

/** What the program keeps from run to run: the text, and three places in it. */
class State {
  readonly text: Variable;
  /** Of the character that is read next. */
  readonly #place = number('place', 0);
  /** Where the window begins. */
  readonly #start = number('start', 0);
  /** Characters that are known. */
  readonly #known: Variable;
  #caches: readonly Variable[] = [];

  constructor(seen: Int32Array, capacity: number) {
    this.text = new Variable({
      name: 'text',
      shape: [capacity],
      trainable: false,
      initialize: (values) => values.set(seen),
    });
    this.#known = number('known', seen.length);
  }

  get variables(): Variable[] {
    return [this.text, this.#place, this.#start, this.#known, ...this.#caches];
  }

  /** The logits of the character after the one at the place, [characters]. */
  step(model: Model, context: number): Tensor {
    const place = read(this.#place);
    const positions = cast(subtract(place, read(this.#start)), 'i32');
    const token = cast(gather(read(this.text), cast(place, 'i32')), 'i32');
    const decoding = new Decoding({ capacity: context, positions });
    const logits = model.call(reshape(token, [1, 1]), { training: false, decoding });
    this.#caches = decoding.variables;
    return reshape(logits, [-1]);
  }

  /** Adds the next character where it is not known, and moves on. */
  advance(next: Tensor, context: number): void {
    const [place, start, known] = [read(this.#place), read(this.#start), read(this.#known)];
    const after = shift(place, 1);
    const isNew = equal(after, known);
    const text = reshape(read(this.text), [1, -1]);
    // position −1 is outside of the text: nothing is written
    const written = writeStep(text, reshape(cast(next, 'f32'), [1, 1]), cast(where(isNew, after, -1), 'i32'));
    assign(this.text, reshape(written, this.text.shape));
    assign(this.#known, add(known, isNew));
    const isFull = equal(subtract(after, start), context);
    const moved = shift(start, moveOf(context));
    assign(this.#start, where(isFull, moved, start));
    assign(this.#place, where(isFull, moved, after));
  }
}

const number = (name: string, value: number): Variable =>
  new Variable({ name, shape: [1], trainable: false, initialize: (values) => values.fill(value) });

/** Below the smallest distance of two random numbers, so that no logarithm is infinite. */
const LEAST = 2 ** -26;
/** WGSL allows a logarithm near 1 an error of 2⁻²¹: −log u must stay above 0. */
const LEAST_LOG = 2 ** -20;

/**
 * A place, i32 [1], drawn with the probabilities softmax(logits / temperature) among the `count` largest: the largest of logit +
 * temperature · noise, with noise −log(−log u) of Gumbel's distribution, u uniform (Gumbel 1954). At temperature 0: the likeliest.
 *
 * @param logits [places]
 * @param temperature a number of at least 0
 * @param count how many of the largest count; above all: all
 */
export function draw(logits: Tensor, temperature: Tensor, count: Tensor): Tensor {
  const [places] = logits.shape;
  const { values, indices } = largest(logits, places);
  const noise = negate(log(maximum(negate(log(randomUniform([places], LEAST, 1))), LEAST_LOG)));
  const rank = constant(
    Float32Array.from({ length: places }, (_, i) => i),
    [places],
  );
  const chances = where(less(rank, count), add(values, multiply(noise, temperature)), -Infinity);
  return gather(indices, reshape(argmax(chances), [1]));
}
