import type { ExplainedMap, LayerInfo, MadeMap, Reading } from '../drawing/layerViews.ts';
import type { Predictions } from '../widgets/mistakes.ts';

/** What the page calls. Panels: 'grid', 'input', 'filters:<layer>', 'maps:<layer>'. */
export type Calls = {
  /** Show a test image, or 28 × 28 bytes, to the network. */
  look(input: number | Uint8Array): void;
  /** Test images to draw into the panel 'grid'. */
  grid(chosen: Uint32Array): void;
  /** Pictures of gradients instead of values: of the loss against this digit. */
  gradients(target: number | undefined): Promise<void>;
  /** Explain how a feature map is computed, from now on. */
  explain(map: ExplainedMap | undefined): void;
};

/** Messages of the worker. */
export type Tells = {
  /** The digits of the test images. */
  labels: Uint8Array;
  model: { readonly layers: readonly LayerInfo[] };
  predicted: Predictions;
  /** The network's result for its input: `input` is the number of a test image. */
  seen: Reading & { readonly input: number | undefined };
  made: MadeMap;
};
