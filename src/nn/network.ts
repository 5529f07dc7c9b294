import { ArgumentError } from '../errors.ts';
import { didYouMean } from '../nearestName.ts';
import { input } from '../ops/core/leaves.ts';
import type { Variable } from '../ops/core/leaves.ts';
import { sizeOf } from '../ops/core/shape.ts';
import { withScope } from '../ops/core/node.ts';
import type { DType, Shape } from '../ops/core/shape.ts';
import type { Tensor } from '../ops/core/op.ts';
import { checkOptions, describe, required, requireSeed } from '../options.ts';
import type { OptionTable } from '../options.ts';
import { architectureOf } from './json/architecture.ts';
import type { ModelJson } from './json/architecture.ts';
import { inputNames, layerGraph, nameLayers, uniqueNames } from './layerGraph.ts';
import type { Application, ModelInput } from './layerGraph.ts';
import { isPlace } from './layers/layer.ts';
import type { BuildContext, CallContext, Layer, LayerTensor } from './layers/layer.ts';
import { checkPenalty } from './modelLosses.ts';
import { usesOf } from './uses.ts';

export interface NetworkOptions {
  /** What `modelInput` gave: one, or several. */
  inputs: ModelInput | readonly ModelInput[];
  /** What applying layers to the inputs gave: one, or several. */
  outputs: LayerTensor | readonly LayerTensor[];
  /** Names of the outputs, each another; by default those of the layers that give them. */
  outputNames?: readonly string[];
  /** Default 'model'. */
  name?: string;
  /** Of the initial weights, the shuffling and the dropout masks; default 0. */
  seed?: number;
}

export const networkOptions: OptionTable<NetworkOptions> = {
  inputs: required,
  outputs: required,
  outputNames: true,
  name: true,
  seed: true,
};

/** An input or an output of a model: its name, and the shape of one sample. */
export interface Port {
  readonly name: string;
  readonly shape: Shape;
}

export interface InputPort extends Port {
  readonly dtype: DType;
  /** Its values are indices into a table of a layer, as of an embedding. */
  readonly indices: boolean;
}

/** What a model adds to its loss: a graph function of its outputs and its inputs. */
export type ModelLoss = (outputs: readonly Tensor[], inputs: readonly Tensor[]) => Tensor;

/** Layers between inputs and outputs: what a model computes, without the means to train it. */
export class Network {
  readonly name: string;
  readonly inputs: readonly InputPort[];
  /** Named by `outputNames`, or after the layers that give them. */
  readonly outputs: readonly Port[];
  /** The layers in the order of computation, and the places of their inputs: inputs of the model first, then layers. */
  readonly applications: readonly Application[];
  /** Of the initial weights, the shuffling and the dropout masks; saved, and restored by `load`. */
  seed: number;
  /** Places of the outputs, counted as `from` of the applications. */
  readonly outputPlaces: readonly number[];
  readonly #losses: ModelLoss[] = [];

  constructor(options: NetworkOptions) {
    checkOptions('model', options, networkOptions);
    const { inputs, outputs, name = 'model', seed = 0 } = options;
    if (typeof name !== 'string' || name === '') {
      throw new ArgumentError(`model: name is ${describe(name)}; give a text, or leave it out`);
    }
    requireSeed(name, seed);
    checkPlaces(name, 'inputs', inputs);
    checkPlaces(name, 'outputs', outputs);
    this.name = name;
    this.seed = seed;
    const entries = listOf(inputs);
    const graph = layerGraph(name, entries, listOf(outputs));
    const names = inputNames(name, entries);
    this.inputs = entries.map(({ shape, dtype }, i) => ({ name: names[i], shape, dtype, indices: false }));
    this.applications = graph.applications;
    this.outputPlaces = graph.outputs;
    if (this.layers.length === 0) throw new ArgumentError(`${name}: a model needs at least one layer`);
    nameLayers(this.layers);
    let streams = 0;
    const context: BuildContext = { seed, nextStream: () => streams++ };
    const samples = entries.map(({ shape, dtype }, i) => input(names[i], [1, ...shape], dtype));
    const places = this.#run(samples, ({ layer }, from) => {
      const shapes = from.map(({ shape }) => shape.slice(1));
      layer.build(shapes, context);
      return layer.call(from, { training: false });
    });
    const uses = usesOf(samples, places);
    this.inputs = this.inputs.map((port, i) => ({ ...port, indices: uses[i].choices !== undefined }));
    const outputNames = options.outputNames ?? this.#outputNames();
    checkOutputNames(name, outputNames, graph.outputs.length);
    this.outputs = graph.outputs.map((place, i) => ({
      name: outputNames[i],
      shape: places[place].shape.slice(1),
    }));
  }

  /** The layers in the order of computation; one that is applied several times comes as often. */
  get layers(): Layer[] {
    return this.applications.map(({ layer }) => layer);
  }

  #outputNames(): string[] {
    const names = this.layerNames;
    const { inputs, applications } = this;
    const nameOf = (place: number) =>
      place < inputs.length ? inputs[place].name : names.get(applications[place - inputs.length].layer)!;
    return uniqueNames(this.outputPlaces.map(nameOf));
  }

  /**
   * Each layer's name in this model: its own name, unless an earlier layer, in the order of computation, has the
   * same, because one was renamed or both come from other models. Then it is numbered, `dense_1`. So the names depend on
   * the architecture alone.
   */
  get layerNames(): ReadonlyMap<Layer, string> {
    const layers = [...new Set(this.layers)];
    const names = uniqueNames(layers.map(({ name, type }) => name || type));
    return new Map(layers.map((layer, i) => [layer, names[i]]));
  }

  /**
   * What each variable is called in files, in layer order: the layer's name in this model, a dot, and the variable's name
   * within the layer, `dense_1.weight`. No two are equal, as the part behind the last dot has none.
   */
  variableKeys(): ReadonlyMap<Variable, string> {
    const keys = new Map<Variable, string>();
    for (const [layer, name] of this.layerNames) {
      for (const [weight, variable] of layer.weights) {
        if (!keys.has(variable)) keys.set(variable, `${name}.${weight}`);
      }
    }
    return keys;
  }

  /**
   * A layer by its name in this model, or by its place in the order of computation, from 0 (Keras's get_layer).
   *
   * @throws ArgumentError if there is none
   */
  getLayer(which: string | number | Layer): Layer {
    const names = [...this.layerNames];
    const found = names.find(([layer, name], i) => which === layer || which === name || which === i);
    if (found) return found[0];
    const meant =
      typeof which === 'string'
        ? didYouMean(
            which,
            names.map(([, name]) => name),
          )
        : '';
    throw new ArgumentError(
      `${this.name}: has no layer ${describe(which)}${meant}; its layers are ${names.map(([, name]) => name).join(', ')}, numbered from 0 to ${names.length - 1}`,
    );
  }

  /** The layers that are frozen now: see CallContext. */
  get frozenLayers(): ReadonlySet<Layer> {
    return new Set(this.layers.filter((layer) => !layer.trainable));
  }

  /**
   * What the model is made of, as plain JSON, for `modelFromJSON`: layers with their options, connections, names, seeds;
   * not the weights. `JSON.stringify(model)` gives it as text.
   *
   * @throws ArgumentError if a layer has a function of your own as an option, or does not give its options
   */
  toJSON(): ModelJson {
    return architectureOf(this);
  }

  /** Shape of one sample of the (first) input. */
  get inputShape(): Shape {
    return this.inputs[0].shape;
  }

  /** Shape of one sample of the (first) output. */
  get outputShape(): Shape {
    return this.outputs[0].shape;
  }

  /** The model as a part of another one: its layers, with their weights, applied to other inputs. */
  apply(inputs: LayerTensor | readonly LayerTensor[]): LayerTensor {
    return this.applyAll(inputs)[0];
  }

  /** `apply` with every output. */
  applyAll(inputs: LayerTensor | readonly LayerTensor[]): LayerTensor[] {
    const places = [...listOf(inputs)];
    this.#expectInputs(places.length);
    for (const { layer, from } of this.applications)
      places.push(layer.apply(from.map((place) => places[place])));
    return this.outputPlaces.map((place) => places[place]);
  }

  #expectInputs(count: number): void {
    if (count === this.inputs.length) return;
    const names = this.inputs.map(({ name }) => name).join(', ');
    throw new ArgumentError(`${this.name}: got ${count} inputs, but takes ${this.inputs.length}: ${names}`);
  }

  /** The values at all places, [batch, ...]: the inputs, then what each layer gives. */
  #run(
    inputs: readonly Tensor[],
    call: (application: Application, from: Tensor[], index: number) => Tensor,
  ): Tensor[] {
    this.#expectInputs(inputs.length);
    const places = [...inputs];
    this.applications.forEach((application, i) => {
      const from = application.from.map((place) => places[place]);
      places.push(call(application, from, i));
    });
    return places;
  }

  /** Every variable, in layer order. */
  get variables(): Variable[] {
    return [...new Set(this.layers.flatMap((layer) => layer.variables))];
  }

  /** The variables that training changes: not those of frozen layers, and no moving statistics. */
  get trainableVariables(): Variable[] {
    const layers = this.layers.filter((layer) => layer.trainable);
    const variables = new Set(layers.flatMap((layer) => layer.variables));
    return [...variables].filter((variable) => variable.trainable);
  }

  /** Freezes or unfreezes all layers. Takes effect when the model is compiled. */
  set trainable(value: boolean) {
    for (const layer of this.layers) layer.trainable = value;
  }

  get trainable(): boolean {
    return this.layers.some((layer) => layer.trainable);
  }

  /** Number of values in all variables. */
  get parameters(): number {
    return this.variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  }

  /** Adds the model's computation on a batch to a graph, for programs of your own; gives the (first) output. */
  call(x: Tensor | readonly Tensor[], context: CallContext = { training: false }): Tensor {
    return this.callAll(x, context)[0];
  }

  /** `call` with every output. */
  callAll(x: Tensor | readonly Tensor[], context: CallContext = { training: false }): Tensor[] {
    const places = this.#run(listOf(x), ({ layer }, from) => layer.call(from, context));
    return this.outputPlaces.map((place) => places[place]);
  }

  /**
   * Adds a penalty to the loss of this model (Keras's add_loss), as it is reported and minimised, by `fit` and `evaluate`: a
   * graph function of all outputs, [N, …], and all inputs. It gives a value per sample, [N], whose mean counts, or a single
   * number made of weights alone. It is not saved with the model, nor taken over by a model that this one becomes part of. Takes
   * effect when the model is compiled.
   *
   * @throws ArgumentError if it is not a function
   */
  addLoss(loss: ModelLoss): void {
    if (typeof loss !== 'function') {
      throw new ArgumentError(
        `${this.name}: addLoss was given ${describe(loss)}; give a function of the outputs, such as ([y]) => ops.reduceSum(ops.square(y), { axes: [1] })`,
      );
    }
    this.#losses.push(loss);
  }

  /** The penalties of the weights that training changes, single numbers: what their regularizers give. */
  weightPenalties(frozen?: ReadonlySet<Layer>): Tensor[] {
    return [...new Set(this.layers)].flatMap((layer) => layer.weightPenalties(frozen));
  }

  /**
   * `callAll`, and all that is added to the loss: by regularizers of weights and of outputs, and by `addLoss` of layers and of
   * the model. Each is a value per sample, [N], whose mean counts, or a single number; `losses.reduce(ops.add)` is their sum.
   *
   * @throws ShapeError if a penalty is neither, or is one number of a whole batch
   */
  callWithLosses(
    x: Tensor | readonly Tensor[],
    context: CallContext = { training: false },
  ): { readonly outputs: Tensor[]; readonly losses: Tensor[] } {
    const inputs = listOf(x);
    const losses: Tensor[] = [];
    const outputs = this.callAll(inputs, { ...context, losses });
    losses.push(...this.#losses.map((loss) => loss(outputs, inputs)));
    for (const loss of losses) checkPenalty(this.name, loss, inputs);
    return { outputs, losses: [...losses, ...this.weightPenalties(context.frozen)] };
  }

  /** The outputs as they are computed after training, from inputs of their own: to look at the graph. */
  trace(): Tensor[] {
    // with two samples, since operations along the batch would do nothing with one
    return this.callAll(this.inputs.map(({ name, shape, dtype }) => input(name, [2, ...shape], dtype)));
  }

  /** What every layer gives, in the order of `applications`; the label of each begins with its index. */
  callLayers(x: Tensor | readonly Tensor[], context: CallContext = { training: false }): Tensor[] {
    const places = this.#run(listOf(x), ({ layer }, from, i) =>
      withScope(String(i), () => layer.call(from, context)),
    );
    return places.slice(this.inputs.length);
  }
}

/** Throws unless it is what `modelInput` or `apply` gave, or a list of that. */
function checkPlaces(model: string, option: string, given: unknown): void {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const stray = list.find((value) => !isPlace(value));
  if (list.length > 0 && stray === undefined && list.every(isPlace)) return;
  const fix = option === 'inputs' ? 'what modelInput({ shape }) gives' : 'what layer.apply(…) gives';
  throw new ArgumentError(
    `${model}: ${option} has ${list.length === 0 ? 'nothing in it' : describe(stray)}; give ${fix}, or a list of them`,
  );
}

function checkOutputNames(model: string, names: unknown, count: number): void {
  const list: readonly unknown[] = Array.isArray(names) ? names : [];
  const fits = list.length === count && new Set(list).size === count;
  if (fits && list.every((name) => typeof name === 'string' && name !== '')) return;
  throw new ArgumentError(
    `${model}: outputNames is ${Array.isArray(names) ? `[${list.map(describe).join(', ')}]` : describe(names)}; give ${count} ${count === 1 ? 'name' : 'different names'}, in the order of the outputs`,
  );
}

const listOf = <T extends object>(one: T | readonly T[]): readonly T[] =>
  Array.isArray(one) ? (one as readonly T[]) : [one as T];
