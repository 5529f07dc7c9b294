/** How a network is trained. */
export interface Plan {
  readonly rate: number;
  readonly steps: number;
  readonly samples: number;
  readonly batch: number;
  readonly dropout: number;
  /** The slope of the activation below 0; ReLU's is 0. */
  readonly leak: number;
  /** Where the biases of the second hidden layer begin. */
  readonly bias: number;
  /** What the first weights are multiplied by. */
  readonly scale: number;
}

export const HIDDEN = 32;
const BASE: Plan = {
  rate: 0.01,
  steps: 300,
  samples: 512,
  batch: 512,
  dropout: 0,
  leak: 0,
  bias: 0,
  scale: 1,
};

/** A shape that a loss curve can have, and the setting that causes and removes it. */
export interface Scenario {
  readonly title: string;
  readonly plan: Plan;
  /** The entry of the plan that the knob changes. */
  readonly turns: keyof Plan;
  readonly good: number;
  readonly see: string;
  readonly why: string;
}

/** The names are those of the knobs. */
export const SCENARIOS = {
  high: {
    title: 'Rate too high',
    plan: BASE,
    turns: 'rate',
    good: 0.01,
    see: 'The loss jumps up at the start and stays high, or wanders.',
    why: 'Each step overshoots the valley. Divide the rate by 10 until the curve falls.',
  },
  low: {
    title: 'Rate too low',
    plan: BASE,
    turns: 'rate',
    good: 0.01,
    see: 'Both curves fall slowly, in an almost straight line.',
    why: 'The steps are too short. Multiply the rate by 10 as long as the curve stays smooth.',
  },
  still: {
    title: 'Still learning',
    plan: { ...BASE, rate: 0.001 },
    turns: 'steps',
    good: 500,
    see: 'Both curves are still falling where they end.',
    why: 'Training was stopped too early. Train until the validation loss no longer falls.',
  },
  overfit: {
    title: 'Overfitting',
    plan: { ...BASE, rate: 0.005, steps: 400 },
    turns: 'samples',
    good: 512,
    see: 'The training loss goes to 0. The validation loss falls, turns and rises.',
    why: 'The network learns its few samples by heart, with their errors. More data help. A smaller network, dropout, and stopping where the validation loss is lowest help, too.',
  },
  plateau: {
    title: 'Plateau, then a drop',
    plan: { ...BASE, rate: 0.0005, steps: 400 },
    turns: 'scale',
    good: 1,
    see: 'The loss does not move for a while, near 0.69, the loss of a guess. Then it drops.',
    why: 'The first weights are so small that hardly anything comes through the layers, and the slopes are tiny, too. Begin with larger random weights. Deep networks with sigmoids have such plateaus from any start.',
  },
  dying: {
    title: 'Dead ReLUs',
    plan: { ...BASE, bias: -8 },
    turns: 'leak',
    good: 0.2,
    see: 'The loss stays flat, near 0.69, the loss of a guess.',
    why: 'The biases start so low that the sum of every neuron is negative for every input. There the slope of ReLU is 0, and nothing learns. A small slope below 0 (leaky ReLU) brings the neurons back.',
  },
  jumps: {
    title: 'Jumps',
    plan: BASE,
    turns: 'batch',
    good: 512,
    see: 'The training loss jumps from step to step.',
    why: 'Each step sees too few samples, and a single unusual one moves the weights too far. Larger batches are steadier. A lower rate and clipped gradients help, too.',
  },
  dropout: {
    title: 'Validation below training',
    plan: { ...BASE, rate: 0.004 },
    turns: 'dropout',
    good: 0,
    see: 'The validation loss is lower than the training loss.',
    why: 'Nothing is wrong. Dropout switches off random neurons in training and none in validation, so validation uses the whole network.',
  },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
export const NAMES = Object.keys(SCENARIOS) as ScenarioName[];
