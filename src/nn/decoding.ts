import { ArgumentError } from '../errors.ts';
import { writeStep } from '../ops/attention/hidden.ts';
import { Variable, read } from '../ops/core/leaves.ts';
import type { Tensor } from '../ops/core/op.ts';
import { shift } from '../ops/elementwise/elementwise.ts';
import { cast } from '../ops/movement/cast.ts';
import { assign } from '../ops/optimizer/assign.ts';

/**
 * The state of layers that are called on one step of a sequence at a time, [batch, 1, …]: where that step is, and the keys and
 * values of those before it. Make one in the function that a program is compiled from, and pass it to `model.call` as `decoding`.
 */
export class Decoding {
  /** Steps that a cache holds. */
  readonly capacity: number;
  /** Of the step in its sequence, from 0: i32 [batch]. */
  readonly positions: Tensor;
  /** Steps that the caches hold with this one: i32 [batch]. */
  readonly lengths: Tensor;
  /** The caches. They are to be retained with the program that is compiled, and released after it. */
  readonly variables: Variable[] = [];

  constructor({ capacity, positions }: { capacity: number; positions: Tensor }) {
    this.capacity = capacity;
    this.positions = positions;
    this.lengths = cast(shift(cast(positions, 'f32'), 1), 'i32');
  }

  /**
   * A cache [batch, capacity, …] with the step [batch, 1, …] at its position. It belongs to the call: the first call of each run
   * of the program finds what the first of the run before has left. What is behind the position is old: see `lengths`.
   */
  remember(step: Tensor): Tensor {
    const [batch, , ...rest] = step.shape;
    const cache = new Variable({
      name: `cache_${this.variables.length}`,
      shape: [batch, this.capacity, ...rest],
      trainable: false,
      initialize: (values) => values.fill(0),
    });
    this.variables.push(cache);
    const written = writeStep(read(cache), step, this.positions);
    assign(cache, written);
    return written;
  }
}

/** Layers that work on each step alone, or know `decoding`. */
const STEPWISE = new Set([
  'add',
  'dense',
  'dropout',
  'embedding',
  'groupQueryAttention',
  'layerNormalization',
  'multiHeadAttention',
  'positionalEmbedding',
  'reversibleEmbedding',
  'transformerBlock',
]);

interface Steps {
  readonly name: string;
  readonly layers: readonly { readonly name: string; readonly type: string; readonly mixesSteps: boolean }[];
}

/** @throws ArgumentError where a layer cannot work on one step at a time */
export function requireStepwise({ name, layers }: Steps): void {
  for (const layer of layers) {
    if (!STEPWISE.has(layer.type)) {
      throw new ArgumentError(
        `${name}: has a layer ${layer.type}, which cannot be called step by step; it may consist of ${[...STEPWISE].join(', ')}`,
      );
    }
    if (layer.mixesSteps) {
      throw new ArgumentError(
        `${name}: its layer ${layer.name || layer.type} works on all steps of a sequence together, along axis 1, and so cannot be called step by step; give it another axis, such as -1`,
      );
    }
  }
}
