export type DataArray = Uint8Array | Float32Array | Int32Array;

/** One column of a data set: every sample's values, one sample after another. */
export interface DataField {
  readonly data: DataArray;
  /** Shape of one sample: [28, 28, 1] for an image, [] for a scalar label. */
  readonly shape: readonly number[];
}

/**
 * A data set in CPU memory, from which batches are uploaded or which is uploaded whole.
 *
 * A `Uint8Array` in `x` means pixel bytes 0…255, which the GPU normalises; in `y` it holds class indices, or, where a
 * target has dimensions, bytes that are normalised as those of `x` are.
 */
export interface Dataset {
  readonly name: string;
  /** Number of samples. */
  readonly size: number;
  /** True if the samples were generated, not measured: say so wherever results are shown. */
  readonly synthetic: boolean;
  readonly x: DataField;
  readonly y: DataField;
  /** Second and further inputs, for models that take several. */
  readonly moreInputs?: readonly DataField[];
  /** Second and further targets, for models that have several outputs. */
  readonly moreTargets?: readonly DataField[];
  /** Weight of each sample in the loss, [N], at least 0. */
  readonly weights?: DataField;
  /** Class indices that are not targets: of an autoencoder's samples, say (`selfTargets`). */
  readonly labels?: DataField;
  readonly classNames?: readonly string[];
}

/** Values of one sample. */
export function product(shape: readonly number[]): number {
  return shape.reduce((total, dimension) => total * dimension, 1);
}

/** Whether two arrays are views of the same elements. */
export function sameArray(a: DataArray, b: DataArray): boolean {
  return (
    a.constructor === b.constructor &&
    a.buffer === b.buffer &&
    a.byteOffset === b.byteOffset &&
    a.length === b.length
  );
}
