/** The activations of the lesson: name, formula and a note. */
export const FUNCTIONS = {
  linear: {
    title: 'linear',
    formula: 'f(x) = x',
    slope: 'f′(x) = 1',
    note: 'A straight line. Many layers without a bend can be replaced by one.',
  },
  relu: {
    title: 'ReLU',
    formula: 'f(x) = max(0, x)',
    slope: 'f′(x) = 1, or 0 below 0',
    note: 'Cheap, and the usual choice. Below 0 its slope is 0, so a neuron whose sum is always negative stops learning.',
  },
  leakyRelu: {
    title: 'leaky ReLU',
    formula: 'f(x) = x, or 0.2 x below 0',
    slope: 'f′(x) = 1, or 0.2 below 0',
    note: 'A small slope below 0 keeps every neuron learning.',
  },
  elu: {
    title: 'ELU',
    formula: 'f(x) = x, or eˣ − 1 below 0',
    slope: 'f′(x) = 1, or eˣ below 0',
    note: 'Smooth. It approaches −1 on the left, which keeps the mean of the outputs near 0.',
  },
  gelu: {
    title: 'GELU',
    formula: 'f(x) = x · Φ(x)',
    slope: 'f′(x) = Φ(x) + x · φ(x)',
    note: 'Used in transformers. Φ(x) is the probability that a standard normal variable is below x, φ its density.',
  },
  silu: {
    title: 'SiLU',
    formula: 'f(x) = x · sigmoid(x)',
    slope: 'f′(x) = s + x · s · (1 − s), s = sigmoid(x)',
    note: 'Also called swish. Close to GELU, and dips a little below 0.',
  },
  sigmoid: {
    title: 'sigmoid',
    formula: 'f(x) = 1 / (1 + e⁻ˣ)',
    slope: 'f′(x) = f(x) · (1 − f(x))',
    note: 'Between 0 and 1, so it can be read as a probability. Its slope is at most 0.25.',
  },
  tanh: {
    title: 'tanh',
    formula: 'f(x) = tanh(x)',
    slope: 'f′(x) = 1 − f(x)²',
    note: 'Between −1 and 1. Its slope is 1 at 0, and almost 0 beyond ±3.',
  },
  softplus: {
    title: 'softplus',
    formula: 'f(x) = log(1 + eˣ)',
    slope: 'f′(x) = sigmoid(x)',
    note: 'A smooth ReLU that is always positive. Its slope is the sigmoid.',
  },
} as const;

export type FunctionName = keyof typeof FUNCTIONS;
export const NAMES = Object.keys(FUNCTIONS) as FunctionName[];

/** Where the curves are drawn. */
export const REACH = 5;
export const XS = Array.from({ length: 101 }, (_, i) => -REACH + (2 * REACH * i) / 100);
/** The numbers of layers of the table below the plots. */
export const DEPTHS = [1, 2, 5, 10, 20] as const;
