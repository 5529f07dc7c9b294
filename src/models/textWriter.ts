import type { Characters } from '../data/characters.ts';
import { ArgumentError } from '../errors.ts';
import { Decoding, requireStepwise } from '../nn/decoding.ts';
import type { Network } from '../nn/network.ts';
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
import type { CompileOptions, Gpu } from '../runtime/session.ts';
import type { Program } from '../runtime/program.ts';

export interface WritingOptions {
  /** Logits are divided by it: below 1 the likely becomes likelier; 0 always takes the likeliest. Default 0.8. */
  readonly temperature?: number;
  /** Only so many of the likeliest characters are drawn from; default: all. */
  readonly topK?: number;
  readonly signal?: AbortSignal;
}

/**
 * Continues a text character by character with a causal network [context] → [context, characters], on the GPU alone: each run of
 * one program reads a character, with the keys and values of those before it in a cache, and adds one. Only the text is read back.
 *
 * A beginning counts with its last `context` characters. Where the context is full, the window moves on by half of it: the cache
 * is filled again from the newer half, as the position of each character has changed. So a character is drawn after between
 * context / 2 and context characters, and takes two runs on average.
 */
export class TextWriter {
  readonly #gpu: Gpu;
  readonly #characters: Characters;
  readonly #context: number;
  readonly #state: State;
  readonly #program: Program;
  /** Where the next run stands in the text on the GPU: what `State` has there. */
  #at = { place: 0, start: 0, known: 0 };
  /** The text on the GPU. */
  #text: Int32Array = new Int32Array();
  /** A run has not come to its end. */
  #isTorn = false;

  private constructor(gpu: Gpu, characters: Characters, context: number, state: State, program: Program) {
    this.#gpu = gpu;
    this.#characters = characters;
    this.#context = context;
    this.#state = state;
    this.#program = program;
  }

  /**
   * @param network its weights are those that it has at each run
   * @param options.capacity characters that the text on the GPU may have; more than the context. What is written beyond begins
   *   a new text with the last characters. Default 1024, or twice the context
   * @param options.variants kernels to use instead of the chosen ones
   * @throws ArgumentError if a layer of the network sees later steps
   */
  static async create(
    gpu: Gpu,
    network: Network,
    characters: Characters,
    { capacity, variants }: { capacity?: number; variants?: CompileOptions['variants'] } = {},
  ): Promise<TextWriter> {
    requireStepwise(network);
    const [context] = network.inputShape;
    const state = new State(capacity ?? Math.max(1024, 2 * context));
    const own: Variable[] = [];
    try {
      const program = await gpu.compile(
        () => {
          const logits = state.step(network, context);
          const next = draw(logits, input('temperature', []), input('topK', []));
          state.advance(next, context);
          own.push(...state.variables);
          gpu.variables.retain(own);
          return { next };
        },
        { label: 'sampleText', variants },
      );
      return new TextWriter(gpu, characters, context, state, program);
    } catch (error) {
      gpu.variables.release(own);
      throw error;
    }
  }

  /** What the next character is drawn after, as the network sees it. */
  get seen(): string {
    return this.#characters.decode(this.#text.subarray(this.#at.start, this.#at.known));
  }

  /**
   * Begins a text, also again with weights that have changed.
   *
   * @throws ArgumentError if the beginning is empty or has other characters than the vocabulary
   */
  start(beginning: string, seed = 0): void {
    const given = this.#characters.encode(beginning);
    if (given.length === 0)
      throw new ArgumentError('sampleText: the prompt is empty; give at least one character');
    this.#program.reset(0, seed);
    this.#begin(given.slice(-this.#context));
  }

  #begin(seen: Int32Array): void {
    const { variables } = this.#gpu;
    const { text, place, start, known } = this.#state;
    const values = new Float32Array(text.shape[0]);
    values.set(seen);
    variables.write(text, values);
    variables.write(place, Float32Array.of(0));
    variables.write(start, Float32Array.of(0));
    variables.write(known, Float32Array.of(seen.length));
    this.#at = { place: 0, start: 0, known: seen.length };
    this.#text = seen;
    this.#isTorn = false;
  }

  /**
   * Adds so many characters to the text, and gives them.
   *
   * @throws ArgumentError if an option is out of range
   */
  async write(
    length: number,
    { temperature = 0.8, topK = this.#characters.size, signal }: WritingOptions = {},
  ): Promise<string> {
    if (!(temperature >= 0 && temperature < Infinity))
      throw new ArgumentError(
        `sampleText: temperature is ${temperature}; it must be a finite number of at least 0`,
      );
    if (!Number.isInteger(topK) || topK < 1)
      throw new ArgumentError(`sampleText: topK is ${topK}; it must be a whole number of at least 1`);
    const capacity = this.#state.text.shape[0];
    if (this.#isTorn || this.#at.known + length > capacity) this.#begin(this.#text.slice(-this.#context));
    const from = this.#at.known;
    const total = from + length;
    if (total > capacity)
      throw new ArgumentError(
        `sampleText: ${from} and ${length} more characters are more than the capacity of ${capacity}`,
      );
    this.#program.write('temperature', Float32Array.of(temperature));
    this.#program.write('topK', Float32Array.of(topK));
    this.#isTorn = true;
    await this.#program.run(this.#runsUntil(total), { signal });
    await this.#program.finish();
    this.#text = Int32Array.from((await this.#gpu.variables.read(this.#state.text)).subarray(0, total));
    this.#isTorn = false;
    return this.#characters.decode(this.#text.subarray(from));
  }

  /** Runs until the text has so many characters: those that fill the cache draw nothing that is kept. */
  #runsUntil(total: number): number {
    let { place, start, known } = this.#at;
    let runs = 0;
    for (; known < total; runs++) {
      if (++place === known) known++;
      if (place - start === this.#context) {
        start += moveOf(this.#context);
        place = start;
      }
    }
    this.#at = { place, start, known };
    return runs;
  }

  destroy(): void {
    this.#program.destroy();
    this.#gpu.variables.release(this.#state.variables);
  }
}

const moveOf = (context: number): number => Math.max(1, Math.floor(context / 2));

/** What the program keeps from run to run: the text, and three places in it. */
class State {
  readonly text: Variable;
  /** Of the character that is read next. */
  readonly place = number('place');
  /** Where the window begins. */
  readonly start = number('start');
  /** Characters that are known. */
  readonly known = number('known');
  #caches: readonly Variable[] = [];

  constructor(capacity: number) {
    this.text = zeros('text', capacity);
  }

  get variables(): Variable[] {
    return [this.text, this.place, this.start, this.known, ...this.#caches];
  }

  /** The logits of the character after the one at the place, [characters]. */
  step(network: Network, context: number): Tensor {
    const place = read(this.place);
    const positions = cast(subtract(place, read(this.start)), 'i32');
    const token = cast(gather(read(this.text), cast(place, 'i32')), 'i32');
    const decoding = new Decoding({ capacity: context, positions });
    const logits = network.call(reshape(token, [1, 1]), { training: false, decoding });
    this.#caches = decoding.variables;
    return reshape(logits, [-1]);
  }

  /** Adds the next character where it is not known, and moves on. */
  advance(next: Tensor, context: number): void {
    const [place, start, known] = [read(this.place), read(this.start), read(this.known)];
    const after = shift(place, 1);
    const isNew = equal(after, known);
    const text = reshape(read(this.text), [1, -1]);
    // position −1 is outside of the text: nothing is written
    const written = writeStep(text, reshape(cast(next, 'f32'), [1, 1]), cast(where(isNew, after, -1), 'i32'));
    assign(this.text, reshape(written, this.text.shape));
    assign(this.known, add(known, isNew));
    const isFull = equal(subtract(after, start), context);
    const moved = shift(start, moveOf(context));
    assign(this.start, where(isFull, moved, start));
    assign(this.place, where(isFull, moved, after));
  }
}

/** Of the GPU's memory, until a text begins. */
const zeros = (name: string, size: number): Variable =>
  new Variable({ name, shape: [size], trainable: false, initialize: (values) => values.fill(0) });
const number = (name: string): Variable => zeros(name, 1);

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
