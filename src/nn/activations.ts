import { ArgumentError } from '../errors.ts';
import {
  elu,
  exp,
  gelu,
  hardSigmoid,
  leakyRelu,
  mish,
  relu,
  selu,
  sigmoid,
  silu,
  softplus,
  softsign,
  tanh,
} from '../ops/elementwise/elementwise.ts';
import { logSoftmax, softmax } from '../ops/softmax/softmax.ts';
import type { Tensor } from '../ops/core/op.ts';

/** The activations by name, as layers take them. softmax and logSoftmax work along the last axis. */
export const activations = {
  linear: (x: Tensor) => x,
  relu,
  leakyRelu: (x: Tensor) => leakyRelu(x),
  elu: (x: Tensor) => elu(x),
  selu,
  gelu,
  sigmoid,
  tanh,
  softplus,
  softsign,
  silu,
  mish,
  hardSigmoid,
  exponential: exp,
  softmax: (x: Tensor) => softmax(x),
  logSoftmax: (x: Tensor) => logSoftmax(x),
} satisfies Record<string, (x: Tensor) => Tensor>;

export type ActivationName = keyof typeof activations;
export type Activation = ActivationName | ((x: Tensor) => Tensor);

export function activationOf(activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === 'function') return activation;
  if (!Object.hasOwn(activations, activation)) {
    throw new ArgumentError(
      `There is no activation "${activation}"; choose one of ${Object.keys(activations).join(', ')}, or pass a function`,
    );
  }
  return activations[activation];
}

/** For summaries: the name, or nothing for linear. */
export function activationName(activation: Activation): string {
  if (typeof activation === 'function') return activation.name || 'custom';
  return activation === 'linear' ? '' : activation;
}
