import { ArgumentError, ShapeError } from '../../errors.ts';
import { Variable } from '../../ops/core/leaves.ts';
import { formatShape, sameShape } from '../../ops/core/shape.ts';
import { requireTensor, withScope } from '../../ops/core/node.ts';
import { aliasOf } from '../../ops/movement/movement.ts';
import type { Shape } from '../../ops/core/shape.ts';
import type { Tensor } from '../../ops/core/op.ts';
import { describe } from '../../options.ts';
import { constraintOf } from '../constraints.ts';
import { initializerOf } from '../initializers.ts';
import { maskOf, masked } from '../masks.ts';
import { plainJson } from '../json/plain.ts';
import type {
  BuildContext,
  LayerConfig,
  LayerOptions,
  WeightOptions,
  WeightsOrigin,
} from './layerOptions.ts';
import { Penalties } from './penalties.ts';
import type { LayerLoss } from './penalties.ts';

export { IMAGE, pair, positiveInteger } from './sizes.ts';
export { layerDefaults } from './layerOptions.ts';
export type {
  BuildContext,
  LayerConfig,
  LayerOptions,
  WeightOptions,
  WeightsOrigin,
} from './layerOptions.ts';
export type { LayerLoss } from './penalties.ts';
import type { Decoding } from '../decoding.ts';

export interface CallContext {
  /** True in training programs: dropout drops, batch statistics are used. */
  readonly training: boolean;
  /** The layers that are frozen: what `compile` found. By default those whose `trainable` is false now. */
  readonly frozen?: ReadonlySet<Layer>;
  /**
   * Receives what layers add to the loss by their outputs: a value per sample, [N], whose mean counts, or a single number of
   * weights alone. A layer class of your own may push its penalties.
   */
  readonly losses?: Tensor[];
  /** The input is one step of a sequence; attention sees those before it in a cache. */
  readonly decoding?: Decoding;
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

const ARITY = {
  one: { least: 1, most: 1, wanted: 'one input; join branches first, with concatenate() say' },
  several: { least: 2, most: Infinity, wanted: 'at least two inputs' },
  any: { least: 1, most: Infinity, wanted: 'at least one input' },
};

/** Whether it is a LayerTensor. */
export const isPlace = (value: unknown): value is LayerTensor =>
  typeof value === 'object' && value !== null && 'from' in value && Array.isArray(value.from);

/**
 * A layer: it owns variables, which it creates when it first sees the shape of its input, and adds
 * its computation to the graph each time it is called.
 */
export abstract class Layer {
  /** `conv2d`: the first part of the default name. */
  abstract readonly type: string;
  /** May be changed at any time; where a model has several layers of one name, see `Network.layerNames`. */
  name: string;
  readonly variables: Variable[] = [];
  /** See LayerOptions. */
  trainable: boolean;
  /** How many inputs it takes: exactly one, (merging layers) at least two, or at least one. */
  protected readonly inputs: 'one' | 'several' | 'any' = 'one';
  /** Whether its output has the mask of its input, as with Keras's supports_masking: see `outputMask`. */
  protected readonly passesMask: boolean = false;
  readonly #settings: object | undefined;
  readonly #penalties: Penalties;
  readonly #weights = new Map<string, Variable>();
  /** While weights are created. */
  #building: BuildContext | undefined;
  /** The shapes that it was built for. */
  #built: readonly Shape[] | undefined;
  #origin: WeightsOrigin | undefined;

  /**
   * @param settings what the layer was made with besides name and trainable, for `config`: names, numbers, booleans,
   *   arrays and records of them. A class that gives none cannot be saved as part of a model's architecture.
   */
  constructor({ name = '', trainable = true, activityRegularizer }: LayerOptions = {}, settings?: object) {
    if (typeof name !== 'string' || typeof trainable !== 'boolean') {
      throw new ArgumentError(
        `A layer is named ${describe(name)} and its trainable is ${describe(trainable)}; a name is a text, and trainable true or false`,
      );
    }
    this.name = name;
    this.trainable = trainable;
    this.#penalties = new Penalties(activityRegularizer, name || 'a layer');
    this.#settings = settings;
  }

  /**
   * What it was made with, defaults filled in: with `type` enough to make it again.
   *
   * @throws ArgumentError if an option is a function that has no name in wgrad, or the layer's class tells no settings
   */
  get config(): LayerConfig {
    const label = this.name || this.type;
    if (!this.#settings) {
      throw new ArgumentError(
        `${label}: layers of type "${this.type}" cannot be saved, as their class does not say how they are made; pass its options to Layer's constructor, super(options, { … }), and call registerLayer("${this.type}", (config) => …)`,
      );
    }
    const { name, trainable } = this;
    const { activityRegularizer } = this.#penalties;
    return plainJson(label, { ...this.#settings, name, trainable, activityRegularizer }) as LayerConfig;
  }

  /** The variables by their names within the layer: `weight`, `bias`. */
  get weights(): ReadonlyMap<string, Variable> {
    return this.#weights;
  }

  /** Whether it is part of a model already. */
  get isBuilt(): boolean {
    return this.#built !== undefined;
  }

  /** Of the initial weights; undefined without weights, or before they are there. */
  get origin(): WeightsOrigin | undefined {
    return this.#origin;
  }

  /** Has weights that get their initial values again get those of another seed. */
  reseed(seed: number): void {
    if (this.#origin) this.#origin = { ...this.#origin, seed };
  }

  /**
   * The layer's output as part of a functional model. Applying a layer again shares its weights.
   *
   * @throws ArgumentError if it takes another number of inputs, or they are none
   */
  apply(inputs: LayerTensor | readonly LayerTensor[]): LayerTensor {
    const from = isPlace(inputs) ? [inputs] : inputs;
    if (!Array.isArray(from) || !from.every(isPlace)) {
      const wrong: unknown = Array.isArray(from) ? from.find((own) => !isPlace(own)) : from;
      throw new ArgumentError(
        `${this.name || this.type}: is applied to ${describe(wrong)}; apply it to what modelInput({ shape }) or another layer's apply(…) gives`,
      );
    }
    const { least, most, wanted } = ARITY[this.inputs];
    if (from.length >= least && from.length <= most) return { layer: this, from: [...from] };
    throw new ArgumentError(`${this.name || this.type}: got ${from.length} inputs, but takes ${wanted}`);
  }

  /**
   * Creates the variables for inputs of the given shapes (without the batch dimension), the first time. Later shapes
   * must be such that it would create the same.
   *
   * @throws ShapeError if it cannot work on inputs of these shapes, or was built for others
   */
  build(shapes: readonly Shape[], context: BuildContext): void {
    if (this.#built) {
      this.#expect(shapes);
      return;
    }
    this.#building = context;
    try {
      this.#create(shapes);
      this.#built = shapes.map((shape) => [...shape]);
    } catch (error) {
      this.variables.length = 0;
      this.#weights.clear();
      this.#penalties.forgetWeights();
      this.#origin = undefined;
      throw error;
    } finally {
      this.#building = undefined;
    }
  }

  #create([inputShape, ...others]: readonly Shape[]): void {
    this.createWeights(inputShape, others);
  }

  /** Throws a ShapeError unless `build` would create for these shapes what is there. */
  #expect(shapes: readonly Shape[]): void {
    const built = this.#built;
    if (built?.length === shapes.length && built.every((shape, i) => sameShape(shape, shapes[i]))) return;
    if (!built || this.#weights.size === 0) {
      this.#create(shapes);
      return;
    }
    try {
      this.#create(shapes);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      const list = (all: readonly Shape[]) => all.map(formatShape).join(' and ');
      throw new ShapeError(
        `${this.name || this.type}: was built for samples of shape ${list(built)} and cannot take ${list(shapes)} (${error.message}); use another layer for them, or bring them to one shape first`,
        { cause: error },
      );
    }
  }

  /**
   * Adds the layer's computation on `x`, [batch, ...inputShape], to the graph; merging layers take several.
   *
   * @throws ShapeError if it was built for samples of another shape
   */
  call(x: Tensor | readonly Tensor[], context: CallContext): Tensor {
    const inputs: readonly Tensor[] = Array.isArray(x) ? x : [x as Tensor];
    inputs.forEach((input, i) => requireTensor(this.name || this.type, input, `input ${i + 1}`));
    const [first, ...others] = inputs;
    this.#expect(inputs.map(({ shape }) => shape.slice(1)));
    if (typeof this.compute !== 'function') {
      throw new ArgumentError(
        `${this.name || this.type}: its class ${this.constructor.name} has no compute(x); write one that gives the output's tensor`,
      );
    }
    return withScope(this.name || this.type, () => {
      const output = this.#masked(this.compute(first, context, others), inputs);
      context.losses?.push(...this.#penalties.ofCall(this.name || this.type, output, inputs));
      return output;
    });
  }

  /** The output with the mask that is its own, and no other. */
  #masked(output: Tensor, inputs: readonly Tensor[]): Tensor {
    const mask = this.outputMask(inputs);
    if (maskOf(output) === mask) return output;
    // What has a mask elsewhere, as an input say, keeps it there.
    return masked(inputs.includes(output) || maskOf(output) ? aliasOf(output) : output, mask);
  }

  /**
   * Which steps of the output count: f32 [batch, steps], 1 where they do and 0 where not; undefined: all. By default that of
   * the (first) input where `passesMask`, else none: a layer that knows nothing of masks drops them, as in Keras.
   * `maskOf(x)` tells the mask of an input, also in `compute`.
   */
  protected outputMask(inputs: readonly Tensor[]): Tensor | undefined {
    return this.passesMask ? maskOf(inputs[0]) : undefined;
  }

  /**
   * Adds a penalty to the loss of every model that the layer is part of (Keras's add_loss), as it is reported and minimised: a
   * graph function of its output [N, …] and its inputs, called each time the layer is. It gives a value per sample, [N], whose
   * mean counts, or a single number made of weights alone. It is not saved with the model. Takes effect when the model is
   * compiled.
   *
   * @throws ArgumentError if it is not a function
   */
  addLoss(loss: LayerLoss): void {
    this.#penalties.add(loss, this.name || this.type);
  }

  /** The penalties of the weights that training changes, single numbers: none of a frozen layer (Keras). */
  weightPenalties(frozen?: ReadonlySet<Layer>): Tensor[] {
    if (frozen ? frozen.has(this) : !this.trainable) return [];
    return withScope(this.name || this.type, () => this.#penalties.ofWeights());
  }

  /** Whether steps of a sequence, along axis 1, have a part in each other's results, where its type alone does not tell. */
  get mixesSteps(): boolean {
    return false;
  }

  /** A short description of the options, for summaries: `32 filters 3×3, relu`. */
  describe(): string {
    return '';
  }

  /** `others` are the second and further inputs of merging layers. */
  protected abstract compute(x: Tensor, context: CallContext, others: readonly Tensor[]): Tensor;

  /**
   * Checks the shapes of the inputs and adds the weights. It is called again for each further shape that the layer is
   * applied to; `addWeight` then gives the weights that are there.
   */
  protected createWeights(_inputShape: Shape, _others: readonly Shape[]): void {}

  /**
   * Adds a weight; only in `createWeights`.
   *
   * @param name within the layer: another for each weight, without dots
   */
  protected addWeight(
    name: string,
    { shape, initializer, trainable = true, regularizer, constraint }: WeightOptions,
  ): Variable {
    const label = this.name || this.type;
    const building = this.#building;
    const known = this.#weights.get(name);
    if (!building) {
      if (!this.#built) {
        throw new ArgumentError(
          `${label}: has no weights yet; apply it to inputs, and make a model of them, before it is called`,
        );
      }
      if (known && sameShape(known.shape, shape)) return known;
      throw new ShapeError(
        known
          ? `its ${name} is ${formatShape(known.shape)} and would have to be ${formatShape(shape)}`
          : `it would need another weight, ${name}`,
      );
    }
    if (known || name === '' || name.includes('.')) {
      throw new ArgumentError(
        `${label}: ${known ? `has two weights named "${name}"` : `a weight is named "${name}"`}; give each a name of its own, without dots`,
      );
    }
    const fillWith = initializerOf(initializer, label);
    const key = { seed: building.seed, stream: building.nextStream() };
    this.#origin ??= key;
    const variable = new Variable({
      name: `${building.owner ?? label}.${name}`,
      shape,
      trainable,
      initialize: (data, own) => fillWith(data, own, { ...key, seed: this.#origin!.seed }),
      constraint: constraint && constraintOf(constraint, label),
    });
    if (regularizer && trainable) this.#penalties.charge(variable, regularizer);
    this.variables.push(variable);
    this.#weights.set(name, variable);
    return variable;
  }

  /**
   * Builds a layer within this one, which then has its weights and their regularizers; only in `createWeights`.
   *
   * @param prefix what the names of its weights begin with: `forward` makes `forwardBias` of `bias`
   * @throws ArgumentError if it has an activityRegularizer
   */
  protected buildWithin(layer: Layer, inputShapes: readonly Shape[], prefix = ''): void {
    const building = this.#building;
    if (!building) {
      layer.build(inputShapes, { seed: 0, nextStream: () => 0 }); // only checks: it is built, too
      return;
    }
    const owner = building.owner ?? (this.name || this.type);
    if (layer.#penalties.activityRegularizer) {
      throw new ArgumentError(
        `${owner}: the ${layer.type} within has an activityRegularizer, which Keras would leave out; give it to ${this.type} instead`,
      );
    }
    const begin = prefix && `${owner}_${prefix}`;
    layer.build(inputShapes, {
      seed: building.seed,
      nextStream: () => building.nextStream(),
      owner: begin || owner,
    });
    this.#origin ??= layer.origin;
    for (const [name, variable] of layer.weights) {
      this.variables.push(variable);
      this.#weights.set(prefix ? prefix + name[0].toUpperCase() + name.slice(1) : name, variable);
    }
    this.#penalties.chargeWeightsOf(layer.#penalties);
  }

  /** Whether training leaves it alone: see CallContext. */
  protected isFrozen({ frozen }: CallContext): boolean {
    return frozen ? frozen.has(this) : !this.trainable;
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
