/** One kind of question that a network answers, and how its answer is judged. */
export interface Case {
  readonly title: string;
  /** Raw outputs of the last layer. */
  readonly outputs: number;
  /** The activation, as the table names it. */
  readonly activation: string;
  /** The loss that fits first, then others to compare it with. */
  readonly losses: readonly string[];
  readonly range: readonly [number, number];
  /** Where the loss axis ends. */
  readonly most: number;
  readonly advice: string;
  /** How each of the losses is computed, from raw outputs z, predictions p and targets y. */
  readonly rules: readonly string[];
}

export const CASES = {
  regression: {
    title: 'a number',
    outputs: 1,
    activation: 'z',
    losses: ['squared error', 'absolute error', 'Huber'],
    range: [-6, 6],
    most: 18,
    advice:
      'A number of any size: no activation, and the squared error. Its slope grows with the error, so a few outliers can dominate the training. The slope of the absolute error is −1 or 1. Huber is a parabola near 0 and a straight line beyond 1.',
    rules: [
      '(p − y)²; slope 2 (p − y)',
      '|p − y|; slope −1 or 1',
      '½ (p − y)² where |p − y| < 1, else |p − y| − ½; slope p − y, cut off at ±1',
    ],
  },
  two: {
    title: 'yes or no',
    outputs: 1,
    activation: 'sigmoid(z)',
    losses: ['cross-entropy', 'squared error'],
    range: [-6, 6],
    most: 6,
    advice:
      'Yes or no: sigmoid, and binary cross-entropy. Its slope is the prediction minus the target, largest where the answer is most wrong. The squared error after a sigmoid has almost no slope there: such a network does not learn from its worst mistakes.',
    rules: [
      '−log p where y is 1, −log(1 − p) where it is 0; slope p − y',
      '(p − y)²; slope 2 (p − y) · p · (1 − p)',
    ],
  },
  many: {
    title: 'one of many',
    outputs: 3,
    activation: 'softmax(z)',
    losses: ['cross-entropy', 'squared error'],
    range: [-6, 6],
    most: 7,
    advice:
      'One class of many: softmax, and categorical cross-entropy, which is −log of the probability of the right class. All probabilities add up to 1, so a larger z of one class takes from the others. The slope of each z is again prediction minus target.',
    rules: ['−log p of the right class; slope p − y of each z', 'mean of (p − y)² over the classes'],
  },
  divergence: {
    title: 'a distribution',
    outputs: 3,
    activation: 'softmax(z)',
    losses: ['KL(target ‖ prediction)', 'KL(prediction ‖ target)'],
    range: [-6, 6],
    most: 4,
    advice:
      'A whole distribution, such as the soft answers of another network: softmax, and the Kullback–Leibler divergence, 0 only where both are equal. KL(target ‖ prediction) is large where the prediction misses a class of the target. KL(prediction ‖ target) is large where the prediction adds one.',
    rules: ['Σ y · log(y / p); slope p − y of each z', 'Σ p · log(p / y)'],
  },
} as const satisfies Record<string, Case>;

export type CaseName = keyof typeof CASES;
export const CASE_NAMES = Object.keys(CASES) as CaseName[];

/** Target distributions over three classes. */
export const DISTRIBUTIONS = {
  sure: [0.9, 0.08, 0.02],
  soft: [0.6, 0.3, 0.1],
  even: [0.34, 0.33, 0.33],
} as const;

/** Places on the curves. */
export const POINTS = 97;
export const placesOf = ([low, high]: readonly [number, number]): number[] =>
  Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));
