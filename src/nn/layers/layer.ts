import { ArgumentError, ShapeError } from '../../errors.ts';
import { Variable } from '../../ops/core/leaves.ts';
import { withScope } from '../../ops/core/node.ts';
import { formatShape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import type { Shape } from '../../ops/core/shape.ts';
import { initializerOf } from '../initializers.ts';
import type { Initializer, InitializerName } from '../initializers.ts';

export interface LayerOptions {
  /** Names the layer in summaries, errors and saved files; `conv2d`, `conv2d_1`, … by default. */
  name?: string;
}

export interface CallContext {
  /** True in training programs: dropout drops, batch statistics are used. */
  readonly training: boolean;
}

/** What a model gives its layers when it builds them. */
export interface BuildContext {
  readonly seed: number;
  /** Counts the variables of the model, so that each has a random stream of its own. */
  nextStream(): number;
}

export interface WeightOptions {
  readonly shape: Shape;
  readonly initializer: InitializerName | Initializer;
  readonly trainable?: boolean;
}

/**
 * A place in a model before it has data: an input, or what a layer makes of other places. `modelInput` and
 * `layer.apply` give them, `model` takes them.
 */
export interface LayerTensor {
  /** Undefined for an input. */
  readonly layer?: Layer;
  /** What the layer is applied to. */
  readonly from: readonly LayerTensor[];
}

/**
 * A layer: it owns variables, which it creates when it first sees the shape of its input, and adds
 * its computation to the graph each time it is called.
 */
export abstract class Layer {
  /** `conv2d`: the first part of the default name. */
  abstract readonly type: string;
  name: string;
  readonly variables: Variable[] = [];
  /**
   * False freezes the layer: training leaves its variables alone, and batch normalization keeps to its moving
   * statistics. Takes effect when the model is compiled; default true.
   */
  trainable = true;
  /** How many inputs it takes: exactly one, or (merging layers) at least two. */
  protected readonly inputs: 'one' | 'several' = 'one';
  #building: BuildContext | undefined;
  #built = false;

  constructor(options: LayerOptions = {}) {
    this.name = options.name ?? '';
  }

  /**
   * The layer's output as part of a functional model. Applying a layer again shares its weights.
   *
   * @throws ArgumentError if it takes another number of inputs
   */
  apply(inputs: LayerTensor | readonly LayerTensor[]): LayerTensor {
    const from = 'from' in inputs ? [inputs] : inputs;
    const fits = this.inputs === 'one' ? from.length === 1 : from.length >= 2;
    if (fits) return { layer: this, from: [...from] };
    const wanted =
      this.inputs === 'one'
        ? 'one input; join branches first, with concatenate() say'
        : 'at least two inputs';
    throw new ArgumentError(`${this.name || this.type}: got ${from.length} inputs, but takes ${wanted}`);
  }

  /**
   * Creates the variables for inputs of the given shapes (without the batch dimension), the first time; layers without
   * variables check each.
   */
  build([inputShape, ...others]: readonly Shape[], context: BuildContext): void {
    if (this.#built && this.variables.length > 0) return;
    this.#building = context;
    this.createWeights(inputShape, others);
    this.#building = undefined;
    this.#built = true;
  }

  /** Adds the layer's computation on `x`, [batch, ...inputShape], to the graph; merging layers take several. */
  call(x: Tensor | readonly Tensor[], context: CallContext): Tensor {
    const [first, ...others] = 'node' in x ? [x] : x;
    return withScope(this.name || this.type, () => this.compute(first, context, others));
  }

  /** A short description of the options, for summaries: `32 filters 3×3, relu`. */
  describe(): string {
    return '';
  }

  /** `others` are the second and further inputs of merging layers. */
  protected abstract compute(x: Tensor, context: CallContext, others: readonly Tensor[]): Tensor;

  /** Checks the shapes of the inputs and adds the weights. */
  protected createWeights(_inputShape: Shape, _others: readonly Shape[]): void {}

  protected addWeight(name: string, { shape, initializer, trainable }: WeightOptions): Variable {
    const building = this.#building;
    if (!building) throw new ArgumentError(`${this.name}: weights can only be added in createWeights`);
    const key = { seed: building.seed, stream: building.nextStream() };
    const fillWith = initializerOf(initializer);
    const variable = new Variable({
      name: `${this.name}.${name}`,
      shape,
      trainable,
      initialize: (data, own) => fillWith(data, own, key),
    });
    this.variables.push(variable);
    return variable;
  }

  /** Throws unless a sample has the rank that the layer works on. */
  protected expectRank(shape: Shape, rank: number, meaning: string): void {
    if (shape.length !== rank) {
      throw new ShapeError(
        `${this.name || this.type}: expects samples of rank ${rank} (${meaning}), got shape ${formatShape(shape)}; insert a reshape or flatten layer before it`,
      );
    }
  }
}

/** Gives nameless layers the names `dense`, `dense_1`, …; names must be unique. */
export function nameLayers(layers: readonly Layer[]): void {
  const counts = new Map<string, number>();
  const names = new Set(layers.map((layer) => layer.name).filter(Boolean));
  for (const layer of new Set(layers)) {
    if (layer.name) continue;
    do {
      const count = counts.get(layer.type) ?? 0;
      counts.set(layer.type, count + 1);
      layer.name = count === 0 ? layer.type : `${layer.type}_${count}`;
    } while (names.has(layer.name));
    names.add(layer.name);
  }
  const given = [...new Set(layers)].map((layer) => layer.name);
  const twice = given.find((name, i) => given.indexOf(name) !== i);
  if (twice) throw new ArgumentError(`Two layers are named "${twice}"; give each a name of its own`);
}

/** What a sample of rank 3 is, for messages. */
export const IMAGE = 'height, width, channels';

export function positiveInteger(layer: string, option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new ArgumentError(`${layer}: ${option} must be a whole number of at least 1, not ${value}`);
  }
  return value;
}

/** A pair of extents given as one number or two: [height, width]. */
export function pair(
  layer: string,
  option: string,
  value: number | readonly [number, number],
): [number, number] {
  const [a, b] = Array.isArray(value) ? value : [value, value];
  return [positiveInteger(layer, option, a), positiveInteger(layer, option, b)];
}
