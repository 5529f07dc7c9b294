import type { Layer } from './layers/layer.ts';
import { Model } from './model.ts';
import { chained } from './sequence.ts';
import type { SequentialOptions } from './sequence.ts';

export type { SequentialOptions };

/**
 * A model whose layers form a single chain.
 *
 * @throws ShapeError where a layer cannot work on what the one before it gives
 */
export function sequential(layers: readonly Layer[], options: SequentialOptions): Model {
  return new Model(chained(layers, options));
}
