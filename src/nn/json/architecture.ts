import type { DType, Shape } from '../../ops/core/shape.ts';
import type { Layer, LayerConfig, WeightsOrigin } from '../layers/layer.ts';

/**
 * Of the architecture as JSON; another number where a reader of before would take it for something else. Until 1, layers
 * counted their axes without the batch, `gelu` was its tanh form, and `leakyRelu` by name had a slope of 0.3.
 */
export const ARCHITECTURE_FORMAT = 'wgrad architecture 2';

/** A layer: `type` and `config` make it again, `origin` gives it the same initial weights. */
export interface LayerJson {
  readonly type: string;
  /** Its name is the one that it has in this model. */
  readonly config: LayerConfig;
  /** Only of layers with weights. */
  readonly origin?: WeightsOrigin;
}

/** What a model is made of, as plain JSON: `modelFromJSON` makes it again, without any code of the model. */
export interface ModelJson {
  readonly format: typeof ARCHITECTURE_FORMAT;
  readonly name: string;
  readonly seed: number;
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly dtype: DType }[];
  /** Each layer once, in the order in which they are first applied. */
  readonly layers: readonly LayerJson[];
  /**
   * In the order of computation: a place among `layers`, and the places of what it is applied to, counted inputs of the
   * model first, then applications. A layer that is shared is applied more than once.
   */
  readonly applications: readonly { readonly layer: number; readonly from: readonly number[] }[];
  /** Places, counted as `from`. */
  readonly outputs: readonly { readonly name: string; readonly place: number }[];
}

/** The parts of a network that are saved. */
interface Architecture {
  readonly name: string;
  readonly seed: number;
  readonly inputs: ModelJson['inputs'];
  readonly outputs: readonly { readonly name: string }[];
  readonly outputPlaces: readonly number[];
  readonly applications: readonly { readonly layer: Layer; readonly from: readonly number[] }[];
  readonly layerNames: ReadonlyMap<Layer, string>;
}

/** @throws ArgumentError if a layer has an option that JSON cannot hold */
export function architectureOf(network: Architecture): ModelJson {
  const names = network.layerNames;
  const layers = [...names.keys()];
  const places = new Map(layers.map((layer, i) => [layer, i]));
  return {
    format: ARCHITECTURE_FORMAT,
    name: network.name,
    seed: network.seed,
    inputs: network.inputs.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype })),
    layers: layers.map((layer) => layerJson(layer, names.get(layer)!)),
    applications: network.applications.map(({ layer, from }) => ({
      layer: places.get(layer)!,
      from: [...from],
    })),
    outputs: network.outputs.map(({ name }, i) => ({ name, place: network.outputPlaces[i] })),
  };
}

function layerJson(layer: Layer, name: string): LayerJson {
  const { type, config, origin } = layer;
  return { type, config: { ...config, name }, ...(origin && { origin: { ...origin } }) };
}
