import { ArgumentError } from '../errors.ts';
import { didYouMean } from '../nearestName.ts';
import { describe } from '../options.ts';
import {
  celu,
  glu,
  hardShrink,
  hardSilu,
  hardTanh,
  logSigmoid,
  relu,
  relu6,
  softShrink,
  sparsePlus,
  sparseSigmoid,
  tanhShrink,
} from '../ops/elementwise/activations.ts';
import {
  elu,
  exp,
  gelu,
  geluTanh,
  hardSigmoid,
  leakyRelu,
  mish,
  selu,
  sigmoid,
  silu,
  softplus,
  softsign,
  squareplus,
  tanh,
} from '../ops/elementwise/elementwise.ts';
import { logSoftmax, softmax } from '../ops/softmax/softmax.ts';
import { sparsemax } from '../ops/softmax/sparsemax.ts';
import type { Tensor } from '../ops/core/op.ts';

/**
 * The activations by name, as layers take them, with Keras's defaults: a slope of 0.2 for leakyRelu, thresholds of 0.5 for
 * hardShrink and softShrink. softmax, logSoftmax and sparsemax work along the last axis; glu halves it. `swish` and
 * `hardSwish` are other names of silu and hardSilu.
 */
export const activations = {
  linear: (x: Tensor) => x,
  relu,
  relu6,
  leakyRelu,
  elu,
  celu,
  selu,
  gelu,
  geluTanh,
  glu,
  sigmoid,
  tanh,
  softplus,
  softsign,
  silu,
  swish: silu,
  mish,
  squareplus,
  hardSigmoid,
  hardSilu,
  hardSwish: hardSilu,
  hardTanh,
  hardShrink,
  softShrink,
  tanhShrink,
  logSigmoid,
  exponential: exp,
  softmax,
  logSoftmax,
  sparsemax,
  sparsePlus,
  sparseSigmoid,
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
