import type { KernelCode } from '../shared/dispatches.ts';

export interface LessonResult {
  readonly convolved: number[];
  readonly rectified: number[];
  readonly pooled: number[];
  readonly kernels: readonly KernelCode[];
}

export interface LayerInfo {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly outputShape: readonly number[];
  readonly parameters: number;
  /** The filters can be drawn: a convolution of a grey image. */
  readonly filters?: { readonly width: number; readonly height: number };
}

/** What the page calls. Panels: 'grid', 'input', 'filters:<layer>', 'maps:<layer>'. */
export type Calls = {
  /** Show a test image, or 28 × 28 bytes, to the network. */
  look(input: number | Uint8Array): void;
  /** Test images to draw into the panel 'grid'. */
  grid(chosen: Uint32Array): void;
  lesson(image: Float32Array, filter: Float32Array): LessonResult;
};

/** What the worker tells. */
export type Tells = {
  /** The digits of the test images. */
  labels: Uint8Array;
  model: { readonly layers: readonly LayerInfo[] };
  /** By test image: the class found, and its probability. */
  predicted: { readonly predictions: Uint8Array; readonly confidence: Float32Array };
  /** What the network makes of the image it looks at: `input` is the number of a test image. */
  seen: {
    readonly input: number | undefined;
    readonly logits: Float32Array;
    readonly probabilities: Float32Array;
  };
};
