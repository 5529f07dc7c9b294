/**
 * The activations that the kernels of whole sequences know, by their names in layers: WGSL of y from x, and of dL/dx from y
 * and dL/dy.
 */
export const recurrentActivations = {
  linear: { value: 'x', gradient: 'dy' },
  tanh: { value: 'tanh_safe(x)', gradient: 'tanh_gradient(y, dy)' },
  sigmoid: { value: 'sigmoid(x)', gradient: 'sigmoid_gradient(y, dy)' },
  relu: { value: 'relu(x)', gradient: 'relu_gradient(y, dy)' },
  // The slope is 1/6 between the two constant parts, which y tells as well as x.
  hardSigmoid: {
    value: 'hard_sigmoid(x)',
    gradient: 'keep_nans(y, dy, select(Value(0.0), dy / Value(6.0), abs(y - Value(0.5)) < Value(0.5)))',
  },
  elu: { value: 'elu(x, 1.0)', gradient: 'elu_gradient(y, dy, 1.0)' },
  selu: { value: 'selu(x)', gradient: 'selu_gradient(y, dy)' },
  leakyRelu: { value: 'leaky_relu(x, 0.2)', gradient: 'leaky_relu_gradient(y, dy, 0.2)' },
} as const;

export type RecurrentActivation = keyof typeof recurrentActivations;

export const isRecurrentActivation = (name: unknown): name is RecurrentActivation =>
  typeof name === 'string' && Object.hasOwn(recurrentActivations, name);
