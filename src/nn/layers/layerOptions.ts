import type { Shape } from '../../ops/core/shape.ts';
import type { Defaults } from '../../options.ts';
import type { ConstraintSpec } from '../constraints.ts';
import type { InitializerSpec } from '../initializers.ts';
import type { Json } from '../json/plain.ts';
import type { RegularizerSpec } from '../regularizers.ts';

export interface LayerOptions {
  /** Names the layer in summaries, errors and saved files; `conv2d`, `conv2d_1`, … by default. */
  name?: string;
  /**
   * False freezes the layer: training leaves its variables alone, and batch normalization keeps to its moving
   * statistics. Takes effect when the model is compiled; default true.
   */
  trainable?: boolean;
  /** Its penalty of the layer's outputs is added to the loss, divided by the samples of the batch (Keras). Default none. */
  activityRegularizer?: RegularizerSpec;
}

export const layerDefaults = {
  name: undefined,
  trainable: true,
  activityRegularizer: undefined,
} as const satisfies Defaults<LayerOptions>;

/** What a layer was made with, as plain JSON: `name`, `trainable` and its own options. */
export type LayerConfig = { readonly name: string; readonly trainable: boolean } & {
  readonly [option: string]: Json;
};

/** What a model gives its layers when it builds them. */
export interface BuildContext {
  readonly seed: number;
  /** Counts the variables of the model, so that each has a random stream of its own. */
  nextStream(): number;
  /** What the names of the variables begin with; by default the layer's name. */
  readonly owner?: string;
}

/** Keys of the random streams that fill a layer's initial weights: its first weight's stream, the next one's, … */
export interface WeightsOrigin {
  readonly seed: number;
  readonly stream: number;
}

export interface WeightOptions {
  readonly shape: Shape;
  readonly initializer: InitializerSpec;
  readonly trainable?: boolean;
  /** Its penalty of the weight is added to the loss while the weight is trained. */
  readonly regularizer?: RegularizerSpec;
  /** What the weight is kept to after each update. */
  readonly constraint?: ConstraintSpec;
}
