import { ArgumentError } from '../errors.ts';
import { describe, required, settle } from '../options.ts';
import type { DType, Shape } from '../ops/core/shape.ts';
import type { Layer, LayerTensor } from './layers/layer.ts';

/** Where data enters a functional model. */
export interface ModelInput extends LayerTensor {
  /** Of one sample, without the batch. */
  readonly shape: Shape;
  readonly dtype: DType;
  readonly name: string | undefined;
}

export interface ModelInputOptions {
  /** Of one sample, without the batch: [28, 28, 1]. */
  shape: Shape;
  /** For summaries, errors and data sets of several inputs; `input`, `input_1`, … by default. */
  name?: string;
  /** `i32` for class indices, as an embedding takes them; default `f32`. */
  dtype?: 'f32' | 'i32';
}

/** An input of a functional model. */
export function modelInput(options: ModelInputOptions): ModelInput {
  const defaults = { shape: required, name: undefined, dtype: 'f32' } as const;
  const { shape, name, dtype } = settle('modelInput', options, defaults);
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new ArgumentError(`modelInput: name is ${describe(name)}; give a text, or leave it out`);
  }
  const label = name === undefined ? 'modelInput' : `modelInput ${name}`;
  if (!Array.isArray(shape)) {
    throw new ArgumentError(
      `${label}: shape is ${describe(shape)}; give the shape of one sample, such as [28, 28, 1]`,
    );
  }
  if (dtype !== 'f32' && dtype !== 'i32') {
    throw new ArgumentError(`${label}: dtype is ${describe(dtype)}; choose f32, or i32 for class indices`);
  }
  return { from: [], shape: [...shape], name, dtype };
}

/** One application of a layer: `from` are the places of its inputs, counted inputs of the model first. */
export interface Application {
  readonly layer: Layer;
  readonly from: readonly number[];
}

/** The layers between inputs and outputs, each after those it depends on. */
export interface LayerGraph {
  readonly applications: readonly Application[];
  /** Places of the outputs. */
  readonly outputs: readonly number[];
}

/**
 * Orders the layers that the outputs depend on.
 *
 * @throws ArgumentError if an output depends on an input that is not listed, or an input is not used
 */
export function layerGraph(
  model: string,
  inputs: readonly ModelInput[],
  outputs: readonly LayerTensor[],
): LayerGraph {
  const applications: Application[] = [];
  const places = new Map<LayerTensor, number>(inputs.map((input, i) => [input, i]));
  if (places.size < inputs.length)
    throw new ArgumentError(`${model}: an input is listed twice; list each once`);
  const used = new Set<number>();
  // A stack of its own: a chain of layers may be longer than the call stack.
  const stack: LayerTensor[] = outputs.toReversed();
  while (stack.length > 0) {
    const tensor = stack.at(-1)!;
    if (places.has(tensor)) {
      used.add(places.get(tensor)!);
      stack.pop();
      continue;
    }
    if (!tensor.layer) {
      const { name = 'without a name' } = tensor as ModelInput;
      throw new ArgumentError(
        `${model}: an output depends on the input ${name}, which is not among the inputs; add it to \`inputs\``,
      );
    }
    const open = tensor.from.filter((before) => !places.has(before));
    if (open.length > 0) {
      stack.push(...open.toReversed());
      continue;
    }
    const from = tensor.from.map((before) => places.get(before)!);
    for (const place of from) used.add(place);
    places.set(tensor, inputs.length + applications.length);
    applications.push({ layer: tensor.layer, from });
  }
  const idle = inputs.findIndex((_, i) => !used.has(i));
  if (idle >= 0) {
    throw new ArgumentError(
      `${model}: no output depends on input ${inputs[idle].name ?? idle}; leave it out, or connect it`,
    );
  }
  return { applications, outputs: outputs.map((output) => places.get(output)!) };
}

/**
 * Gives nameless layers the names `dense`, `dense_1`, … that no other has. Layers of other models keep theirs, whatever
 * they are; `Network.layerNames` tells those of one name apart.
 *
 * @throws ArgumentError if two layers that are new have been given one name
 */
export function nameLayers(layers: readonly Layer[]): void {
  const counts = new Map<string, number>();
  const all = new Set(layers);
  const names = new Set([...all].map((layer) => layer.name).filter(Boolean));
  for (const layer of all) {
    if (layer.name) continue;
    do {
      const count = counts.get(layer.type) ?? 0;
      counts.set(layer.type, count + 1);
      layer.name = count === 0 ? layer.type : `${layer.type}_${count}`;
    } while (names.has(layer.name));
    names.add(layer.name);
  }
  const fresh = [...all].filter((layer) => !layer.isBuilt).map((layer) => layer.name);
  const twice = new Set<string>();
  for (const name of fresh) {
    if (twice.has(name))
      throw new ArgumentError(`Two layers are named "${name}"; give each a name of its own`);
    twice.add(name);
  }
}

/** Gives the inputs without a name theirs: `input`, `input_1`, …; names must be unique. */
export function inputNames(model: string, inputs: readonly ModelInput[]): string[] {
  const given = inputs.map(({ name }) => name);
  const twice = given.find((name, i) => name && given.indexOf(name) !== i);
  if (twice)
    throw new ArgumentError(`${model}: two inputs are named "${twice}"; give each a name of its own`);
  return uniqueNames(given.map((name) => name ?? 'input'));
}

/**
 * Numbers what comes again: `dense`, `dense_1`, … The first of each name keeps it, so that names which differ stay as they
 * are, and names that are unique already come out unchanged.
 */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  return names.map((name) => {
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    let count = counts.get(name) ?? 0;
    let own: string;
    do own = `${name}_${++count}`;
    while (taken.has(own));
    counts.set(name, count);
    taken.add(own);
    return own;
  });
}
