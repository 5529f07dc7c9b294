export interface LayerInfo {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly outputShape: readonly number[];
  readonly parameters: number;
  /** The filters can be drawn: a convolution of a grey image. */
  readonly filters?: { readonly width: number; readonly height: number };
}

/** What made one feature map of a convolution; images are [height, width, channels], row by row. */
export interface Channel {
  readonly input: Float32Array;
  readonly channels: number;
  /** [filterHeight, filterWidth, channels] */
  readonly filter: Float32Array;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly bias: number;
  /** [height, width], after ReLU, as the GPU has computed it. */
  readonly output: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** What the page calls. Panels: 'grid', 'input', 'filters:<layer>', 'maps:<layer>'. */
export type Calls = {
  /** Show a test image, or 28 × 28 bytes, to the network. */
  look(input: number | Uint8Array): void;
  /** Test images to draw into the panel 'grid'. */
  grid(chosen: Uint32Array): void;
  /** Pictures of gradients instead of values: of the loss against this digit. */
  gradients(target: number | undefined): Promise<void>;
  /** Tell what makes a feature map, from now on. */
  explain(map: ExplainedMap | undefined): void;
};

export interface ExplainedMap {
  readonly layer: string;
  readonly channel: number;
}

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
  channel: ExplainedMap & Channel;
};
