/** Rows of the test: a fifth of the table's 569. */
export const TEST_ROWS = 114;
/** Height by width of the picture of a column's weights. */
export const WEIGHTS_ASPECT = 3 / 16;
/** Texels across the line of a neuron; along it there is one for each row of the test. */
export const NEURON_TEXELS = 3;

/** What the page calls: nothing. Panels: those of `tableView`. */
export type Calls = Record<never, never>;

export type Tells = {
  model: { readonly layers: readonly number[]; readonly parameters: number };
  /** 1 for each malignant row of the test, 0 for the benign ones, which come first. */
  labels: Float32Array;
  /** The logit of each row. */
  logits: Float32Array;
};
