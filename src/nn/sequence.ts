import { ArgumentError } from '../errors.ts';
import type { Shape } from '../ops/core/shape.ts';
import { checkOptions, describe, required } from '../options.ts';
import type { OptionTable } from '../options.ts';
import { modelInput } from './layerGraph.ts';
import { Layer } from './layers/layer.ts';
import type { LayerTensor } from './layers/layer.ts';
import type { NetworkOptions } from './network.ts';

export interface SequentialOptions extends Pick<NetworkOptions, 'name' | 'seed'> {
  /** Shape of one sample, without the batch: [28, 28, 1]. */
  inputShape: Shape;
}

const sequentialOptions: OptionTable<SequentialOptions> = { inputShape: required, name: true, seed: true };

/**
 * Layers that form a single chain, as `model` and `new Network` take them.
 *
 * @throws ShapeError where a layer cannot work on what the one before it gives
 */
export function chained(layers: readonly Layer[], options: SequentialOptions): NetworkOptions {
  checkOptions('sequential', options, sequentialOptions, 'layers, ');
  const { inputShape, name = 'model', seed } = options;
  const strays = Array.isArray(layers) ? layers.filter((layer) => !(layer instanceof Layer)) : [layers];
  if (strays.length > 0) {
    const found = describe(strays[0]);
    throw new ArgumentError(
      `${name}: takes a list of layers, sequential([dense({ units: 10 }), …], { inputShape }), but was given ${found}`,
    );
  }
  if (layers.length === 0) throw new ArgumentError(`${name}: a model needs at least one layer`);
  if (!Array.isArray(inputShape)) {
    throw new ArgumentError(
      `${name}: inputShape is ${describe(inputShape)}; give the shape of one sample, such as [28, 28, 1]`,
    );
  }
  const inputs = modelInput({ shape: inputShape });
  const outputs = layers.reduce((x: LayerTensor, layer) => layer.apply(x), inputs);
  return { inputs, outputs, name, seed };
}
