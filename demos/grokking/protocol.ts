/** Frequencies along p numbers: more of them are the same as fewer, backwards. */
export const frequenciesOf = (prime: number): number => (prime - 1) / 2;
/** Values that represent a number. */
export const WIDTH = 64;

export type Calls = Record<string, never>;

export type Tells = {
  model: {
    readonly prime: number;
    readonly parameters: number;
    /** For each pair, in the order of the table, row a and column b: 1 if it is learned, and 0 if it is for the test. */
    readonly learned: Uint8Array;
  };
  reading: Reading;
};

/** What there is to say of the network as it is. */
export interface Reading {
  readonly a: number;
  readonly b: number;
  /** The probability of each answer to a + b. */
  readonly answers: Float32Array;
  /** The share of the embedding that goes round 1, 2, … times. */
  readonly shares: Float32Array;
  /** How often the circle that is shown goes round. */
  readonly frequency: number;
  /** The place of each number on it: x, y. */
  readonly places: Float32Array;
}
