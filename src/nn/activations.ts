import { ArgumentError } from '../errors.ts';
import { didYouMean } from '../nearestName.ts';
import { describe } from '../options.ts';
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

/**
 * @param owner whose activation it is, for messages
 * @throws ArgumentError if there is none of that name
 */
export function activationOf(activation: Activation, owner = 'activation'): (x: Tensor) => Tensor {
  if (typeof activation === 'function') return activation;
  if (typeof activation === 'string' && Object.hasOwn(activations, activation))
    return activations[activation];
  const names = Object.keys(activations);
  const meant = typeof activation === 'string' ? didYouMean(activation, names) : '';
  throw new ArgumentError(
    `${owner}: there is no activation ${describe(activation)}${meant ? `${meant} Choose` : '; choose'} one of ${names.join(', ')}, or pass a function`,
  );
}

/** Its name, also where the function itself is given; a function that is not wgrad's stays as it is. */
export function namedActivation(activation: Activation): Activation {
  const [name] = Object.entries(activations).find(([, own]) => own === activation) ?? [];
  return (name as ActivationName | undefined) ?? activation;
}

/** For summaries: the name, or nothing for linear. */
export function activationName(activation: Activation): string {
  const named = namedActivation(activation);
  if (typeof named === 'function') return named.name || 'custom';
  return named === 'linear' ? '' : named;
}
