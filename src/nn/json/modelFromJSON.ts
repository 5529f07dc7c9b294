import { input } from '../../ops/core/leaves.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { DType, Shape } from '../../ops/core/shape.ts';
import { ArgumentError } from '../../errors.ts';
import { describe } from '../../options.ts';
import { didYouMean } from '../../nearestName.ts';
import { modelInput } from '../layerGraph.ts';
import { Layer } from '../layers/layer.ts';
import type { BuildContext, LayerConfig, LayerTensor, WeightsOrigin } from '../layers/layer.ts';
import { Model } from '../model.ts';
import { ARCHITECTURE_FORMAT } from './architecture.ts';
import type { ModelJson } from './architecture.ts';
import { registeredLayer } from './customLayers.ts';
import { layerTypes } from './layerTypes.ts';
import { JsonReader } from './reader.ts';

/** More than any model has; a file may be of any size. */
const MAX_LAYERS = 100_000;
const MAX_PORTS = 10_000;
const MAX_RANK = 32;
/** Values of one sample, or of one weight: 16 GiB of f32, four times what any GPU binds. */
const MAX_VALUES = 2 ** 32;

interface Application {
  readonly layer: number;
  readonly from: readonly number[];
}

/**
 * Makes a model from what `model.toJSON()` returned: the same layers, connections, names, frozen layers and initial weights.
 * Layers of classes of your own must be registered before (`registerLayer`).
 *
 * Everything in the JSON is checked: it may come from an untrusted file.
 *
 * @param json what `toJSON` gave, or its text
 * @param name of the file, for messages
 * @throws FormatError if it is not an architecture that this version can make, saying where and why
 */
export function modelFromJSON(json: ModelJson | string, name = 'model JSON'): Model {
  if (typeof name !== 'string') {
    throw new ArgumentError(`modelFromJSON: the name is ${describe(name)}; it takes a text, for messages`);
  }
  const reader = new JsonReader(name);
  const { inputs, layers, applications, outputs, ...own } = read(reader, json);
  const entries = inputs.map((port, i) => reader.made(`input ${i}`, () => modelInput(port)));
  const made = layers.map(({ type, config }, i) => madeLayer(reader, `layer ${i}`, type, config));
  build(
    reader,
    { inputs, layers: made, applications },
    layers.map(({ origin }) => origin),
    own.seed,
  );
  const places: LayerTensor[] = [...entries];
  applications.forEach(({ layer, from }, i) => {
    const apply = () => made[layer].apply(from.map((place) => places[place]));
    places.push(reader.made(`application ${i} of layer ${layer} (${made[layer].type})`, apply));
  });
  const model = reader.made('the model', () => {
    const names = outputs.map((output) => output.name);
    return new Model({
      ...own,
      inputs: entries,
      outputs: outputs.map(({ place }) => places[place]),
      outputNames: names,
    });
  });
  if (model.applications.length < applications.length) {
    return reader.fail(
      `of its ${applications.length} applications only ${model.applications.length} lead to an output`,
    );
  }
  return model;
}

/** Checks everything that does not depend on what the layers are. */
function read(reader: JsonReader, json: unknown) {
  const whole = reader.record(reader.parse(json), 'it');
  if (whole.format === 'wgrad architecture 1') {
    reader.fail(
      `its format is "${whole.format}", of a wgrad in which axes, gelu and leakyRelu meant something else; make the model by its own code, and load the weights of a file into it with model.load`,
    );
  }
  if (whole.format !== ARCHITECTURE_FORMAT) {
    reader.fail(
      `its format is ${describe(whole.format)}, expected "${ARCHITECTURE_FORMAT}"; pass what model.toJSON() gave`,
    );
  }
  const members = ['format', 'name', 'seed', 'inputs', 'layers', 'applications', 'outputs'];
  const all = reader.object(whole, 'it', members);
  const inputs = reader
    .list(all.inputs, 'inputs', MAX_PORTS)
    .map((value, i) => port(reader, value, `input ${i}`));
  const layers = reader.list(all.layers, 'layers', MAX_LAYERS).map((value, i) => {
    const where = `layer ${i}`;
    const { type, config, origin } = reader.object(value, where, ['type', 'config'], ['origin']);
    return {
      type: reader.text(type, `${where}: type`),
      config: reader.record(config, `${where}: config`),
      origin: origin === undefined ? undefined : originOf(reader, origin, `${where}: origin`),
    };
  });
  const applications = reader
    .list(all.applications, 'applications', MAX_LAYERS)
    .map((value, i): Application => {
      const where = `application ${i}`;
      const { layer, from } = reader.object(value, where, ['layer', 'from']);
      return {
        layer: reader.whole(layer, `${where}: layer`, layers.length - 1),
        from: reader
          .list(from, `${where}: from`, MAX_PORTS)
          .map((place) => reader.whole(place, `${where}: from`, inputs.length + i - 1)),
      };
    });
  const idle = layers.findIndex((_, i) => !applications.some(({ layer }) => layer === i));
  if (idle >= 0) reader.fail(`layer ${idle} is not applied to anything`);
  const last = inputs.length + applications.length - 1;
  const outputs = reader.list(all.outputs, 'outputs', MAX_PORTS).map((value, i) => {
    const { name, place } = reader.object(value, `output ${i}`, ['name', 'place']);
    return {
      name: reader.text(name, `output ${i}: name`),
      place: reader.whole(place, `output ${i}: place`, last),
    };
  });
  const seed = reader.whole(all.seed, 'seed');
  return { name: reader.text(all.name, 'name'), seed, inputs, layers, applications, outputs };
}

interface InputPort {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: 'f32' | 'i32';
}

function port(reader: JsonReader, value: unknown, where: string): InputPort {
  const { name, shape, dtype } = reader.object(value, where, ['name', 'shape', 'dtype']);
  if (dtype !== 'f32' && dtype !== 'i32') {
    return reader.fail(`${where}: dtype is ${describe(dtype)}, expected f32 or i32`);
  }
  const extents = reader
    .list(shape, `${where}: shape`, MAX_RANK)
    .map((extent) => reader.whole(extent, `${where}: shape`));
  if (sizeOf(extents) > MAX_VALUES) return reader.fail(`${where}: has more than ${MAX_VALUES} values`);
  return { name: reader.text(name, `${where}: name`), shape: extents, dtype };
}

function originOf(reader: JsonReader, value: unknown, where: string): WeightsOrigin {
  const { seed, stream } = reader.object(value, where, ['seed', 'stream']);
  return {
    seed: reader.whole(seed, `${where}: seed`),
    stream: reader.whole(stream, `${where}: stream`, 2 ** 31),
  };
}

function madeLayer(
  reader: JsonReader,
  where: string,
  type: string,
  config: Readonly<Record<string, unknown>>,
): Layer {
  const own = Object.hasOwn(layerTypes, type) ? layerTypes[type] : undefined;
  const users = registeredLayer(type);
  if (own && users) {
    return reader.fail(
      `${where}: "${type}" is registered, but is one of wgrad's own types; name the class otherwise`,
    );
  }
  const make = own ?? users;
  if (!make) {
    const meant = didYouMean(type.slice(0, 60), Object.keys(layerTypes));
    const label = describe(type);
    return reader.fail(
      `${where}: there is no layer type ${label}${meant || '.'} For a class of your own, call registerLayer(${label}, (config) => …) first`,
    );
  }
  const name = reader.text(config.name, `${where}: name`);
  const label = `${where} (${type})`;
  const layerWithin = (value: unknown) => {
    const place = `${where}: layer`;
    const own = reader.object(value, place, ['type', 'config']);
    return madeLayer(reader, place, reader.text(own.type, `${place}: type`), reader.record(own.config, `${place}: config`)); // prettier-ignore
  };
  const layer = reader.made(label, () => make(config as LayerConfig, layerWithin));
  if (!(layer instanceof Layer) || layer.type !== type || layer.isBuilt) {
    return reader.fail(`${label}: the function that is registered for it gives no new layer of this type`);
  }
  if (layer.name !== name || layer.trainable !== config.trainable) {
    return reader.fail(`${label}: was made without its name or trainable; pass both to Layer's constructor`);
  }
  return layer;
}

/** Gives the layers their weights, each from the random streams that it had. */
function build(
  reader: JsonReader,
  {
    inputs,
    layers,
    applications,
  }: {
    inputs: readonly { readonly name: string; readonly shape: Shape; readonly dtype: DType }[];
    layers: readonly Layer[];
    applications: readonly Application[];
  },
  origins: readonly (WeightsOrigin | undefined)[],
  seed: number,
): void {
  const names = new Set(layers.map((layer) => layer.name));
  if (names.size < layers.length) reader.fail('two layers have one name');
  const values = inputs.map(({ name, shape, dtype }, i) =>
    reader.made(`input ${i}`, () => input(name, [1, ...shape], dtype)),
  );
  applications.forEach(({ layer: place, from }, i) => {
    const layer = layers[place];
    const origin = origins[place];
    let stream = origin?.stream ?? 0;
    const context: BuildContext = { seed: origin?.seed ?? seed, nextStream: () => stream++ };
    reader.made(`application ${i} of layer ${place} (${layer.type})`, () => {
      const given = from.map((at) => values[at]);
      if (given.length === 0) return reader.fail(`application ${i} is applied to nothing`);
      layer.build(
        given.map(({ shape }) => shape.slice(1)),
        context,
      );
      const result = layer.call(given, { training: false });
      const large = [result, ...layer.variables].find(({ shape }) => sizeOf(shape) > MAX_VALUES);
      if (large) return reader.fail(`${layer.type} ${layer.name} has more than ${MAX_VALUES} values`);
      return values.push(result);
    });
    if ((layer.origin === undefined) !== (origin === undefined)) {
      reader.fail(
        `layer ${place} (${layer.type}): ${origin ? 'has an origin of weights, but no weights' : 'has weights, but no origin of them'}`,
      );
    }
  });
}
