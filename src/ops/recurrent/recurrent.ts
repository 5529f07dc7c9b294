import { ArgumentError, ShapeError } from '../../errors.ts';
import { checkFlag, checkOptions, describe } from '../../options.ts';
import type { OptionTable } from '../../options.ts';
import { applyAll, requireTensor } from '../core/node.ts';
import type { Op, Tensor } from '../core/op.ts';
import { formatShape, sameShape } from '../core/shape.ts';
import type { Shape } from '../core/shape.ts';
import { requireDtype } from '../core/values.ts';
import { add, hardSigmoid, leakyRelu, elu, selu, sigmoid, tanh } from '../elementwise/elementwise.ts';
import { relu } from '../elementwise/activations.ts';
import { matmul } from '../matmul/matmul.ts';
import { concat } from '../movement/concat.ts';
import { reshape, slice } from '../movement/movement.ts';
import { isRecurrentActivation, recurrentActivations } from './activations.ts';
import type { RecurrentActivation } from './activations.ts';
import { GRU, LSTM, SIMPLE_RNN } from './cells.ts';
import type { Cell } from './cells.ts';
import { MOST_UNITS } from './plan.ts';
import { sequenceGradientOp, sequenceOp } from './sequence.ts';
import type { SequenceAttrs } from './sequence.ts';
import { unfusedSequence } from './unfused.ts';
import { unrolled } from './unrolled.ts';

export const lstmGradientOp = /* @__PURE__ */ sequenceGradientOp(LSTM);
export const gruGradientOp = /* @__PURE__ */ sequenceGradientOp(GRU);
export const simpleRnnGradientOp = /* @__PURE__ */ sequenceGradientOp(SIMPLE_RNN);
/** The activations that the kernels know, as graph functions. */
export const functions: Record<RecurrentActivation, (x: Tensor) => Tensor> = {
  linear: (x) => x,
  tanh,
  sigmoid,
  relu,
  hardSigmoid,
  elu,
  selu,
  leakyRelu,
};

export const lstmOp = /* @__PURE__ */ sequenceOp(LSTM, lstmGradientOp, unfusedSequence(LSTM, functions));
export const gruOp = /* @__PURE__ */ sequenceOp(GRU, gruGradientOp, unfusedSequence(GRU, functions));
export const simpleRnnOp = /* @__PURE__ */ sequenceOp(
  SIMPLE_RNN,
  simpleRnnGradientOp,
  unfusedSequence(SIMPLE_RNN, functions),
);

export interface RecurrentOptions {
  /** [gates · units]. Default: none, which is 0. */
  bias?: Tensor;
  /** φ; default tanh. A function unrolls the sequence. */
  activation?: RecurrentActivation | ((x: Tensor) => Tensor);
  /** [batch, steps]: 0 where a step does not count, and the states stay as they are. */
  mask?: Tensor;
  /** h and, for the LSTM, c before the first step, [batch, units] each; default zeros. */
  initialState?: readonly Tensor[];
  /** [batch, units]: what h is multiplied with before each step, as dropout does; unrolls the sequence. */
  stateFactor?: Tensor;
  /** From the last step to the first. Outputs stand at the step that they belong to. Default false. */
  goBackwards?: boolean;
  /** A graph of a few ops for each step, instead of one kernel for all. Default false. */
  unroll?: boolean;
}

export interface LstmOptions extends RecurrentOptions {
  /** ρ, of the gates; default sigmoid. */
  recurrentActivation?: RecurrentActivation | ((x: Tensor) => Tensor);
}

export interface GruOptions extends LstmOptions {
  /** Of h U, [3 · units]; only with resetAfter. Default: none, which is 0. */
  recurrentBias?: Tensor;
  /** Whether the reset gate multiplies h U (default) or h, as in the first papers, which is unrolled. */
  resetAfter?: boolean;
}

export interface Sequence {
  /** h after each step, [batch, steps, units]. */
  readonly outputs: Tensor;
  /** h and, for the LSTM, c after the last step that was made, [batch, units] each. */
  readonly states: readonly Tensor[];
}

const options: OptionTable<RecurrentOptions> = {
  bias: true,
  activation: true,
  mask: true,
  initialState: true,
  stateFactor: true,
  goBackwards: true,
  unroll: true,
};
const lstmOptions: OptionTable<LstmOptions> = { ...options, recurrentActivation: true };
const gruOptions: OptionTable<GruOptions> = { ...lstmOptions, recurrentBias: true, resetAfter: true };

/** Checks tensors beside x of an op with so many units. */
const shapeCheck =
  (opName: string, x: Tensor, units: number) =>
  (what: string, tensor: unknown, shape: Shape): void => {
    requireTensor(opName, tensor, what);
    requireDtype(opName, tensor, ['f32']);
    if (sameShape(tensor.shape, shape)) return;
    throw new ShapeError(
      `${opName}: ${what} is ${formatShape(tensor.shape)}, and must be ${formatShape(shape)} for x ${formatShape(x.shape)} and ${units} units`,
    );
  };

function functionOf(opName: string, what: string, activation: unknown): (x: Tensor) => Tensor {
  if (typeof activation === 'function') return activation as (x: Tensor) => Tensor;
  if (isRecurrentActivation(activation)) return functions[activation];
  throw new ArgumentError(
    `${opName}: ${what} is ${describe(activation)}; choose one of ${Object.keys(recurrentActivations).join(', ')}, or pass a function`,
  );
}

function run(
  cell: Cell,
  op: Op<SequenceAttrs>,
  x: Tensor,
  kernel: Tensor,
  recurrentKernel: Tensor,
  given: GruOptions,
): Sequence {
  const { name, gates, kept } = cell;
  const { activation = 'tanh', recurrentActivation = 'sigmoid', bias, recurrentBias, mask } = given;
  const {
    initialState,
    stateFactor,
    goBackwards: reversed = false,
    unroll = false,
    resetAfter = true,
  } = given;
  for (const [option, value] of Object.entries({ goBackwards: reversed, unroll, resetAfter }))
    checkFlag(name, option, value);
  requireTensor(name, x);
  requireDtype(name, x, ['f32']);
  requireTensor(name, recurrentKernel, 'the recurrent kernel');
  if (x.shape.length !== 3) {
    throw new ShapeError(`${name}: x must be [batch, steps, features], got ${formatShape(x.shape)}`);
  }
  const [batch, steps, features] = x.shape;
  const [units] = recurrentKernel.shape;
  const columns = gates * units;
  const expectShape = shapeCheck(name, x, units);
  expectShape('the recurrent kernel', recurrentKernel, [units, columns]);
  expectShape('the kernel', kernel, [features, columns]);
  if (bias) expectShape('bias', bias, [columns]);
  if (recurrentBias) expectShape('recurrentBias', recurrentBias, [columns]);
  if (mask) expectShape('mask', mask, [batch, steps]);
  if (initialState && (!Array.isArray(initialState) || initialState.length !== cell.states)) {
    throw new ArgumentError(
      `${name}: initialState is ${describe(initialState)}; give ${cell.states === 2 ? 'h and c: [h, c]' : 'h in a list: [h]'}`,
    );
  }
  if (stateFactor) expectShape('stateFactor', stateFactor, [batch, units]);
  initialState?.forEach((state) => expectShape('a state of initialState', state, [batch, units]));
  if (recurrentBias && !resetAfter) {
    throw new ArgumentError(
      `${name}: recurrentBias belongs to resetAfter: true; leave it out, or add it to bias`,
    );
  }

  const product = matmul(reshape(x, [batch * steps, features]), kernel);
  const projected = reshape(bias ? add(product, bias) : product, [batch, steps, columns]);
  const [phi, rho] = [
    functionOf(name, 'activation', activation),
    functionOf(name, 'recurrentActivation', recurrentActivation),
  ];
  const whole =
    !unroll &&
    !stateFactor &&
    resetAfter &&
    units <= MOST_UNITS &&
    isRecurrentActivation(activation) &&
    isRecurrentActivation(recurrentActivation);
  if (!whole) {
    const { outputs, states } = unrolled(cell, projected, recurrentKernel, {
      activation: phi,
      recurrentActivation: rho,
      reversed,
      recurrentBias,
      mask,
      initial: initialState,
      stateFactor,
      resetAfter,
    });
    return { outputs, states };
  }
  const inputs = [
    projected,
    recurrentKernel,
    ...(recurrentBias ? [recurrentBias] : []),
    ...(mask ? [mask] : []),
    ...(initialState ? [concat(initialState, 0)] : []),
  ];
  const [outputs, all] = applyAll(op, inputs, {
    activation,
    recurrentActivation,
    reversed,
    biased: recurrentBias !== undefined,
    masked: mask !== undefined,
    initial: initialState !== undefined,
  });
  const last = (tensor: Tensor, from: number) =>
    reshape(slice(tensor, [0, reversed ? 0 : steps - 1, from], [batch, 1, units]), [batch, units]);
  const states = [last(outputs, 0), ...(cell.states === 2 ? [last(all, (kept - 1) * units)] : [])];
  return { outputs, states };
}

/**
 * A long short-term memory (Hochreiter & Schmidhuber 1997) over x [batch, steps, features], with kernel [features, 4 · units]
 * and recurrentKernel [units, 4 · units], the gates in Keras's order i, f, c, o. All steps are one kernel; up to 1,024
 * units, beyond which, and with other activations, they are unrolled, as they are for second derivatives; and on a software adapter
 * where few steps of a large batch are faster so (src/ops/recurrent/unfused.ts has the figures). A NaN or Infinity reaches all later steps of its row.
 *
 * @throws ShapeError where the shapes do not fit; ArgumentError for other wrong options
 */
export function lstm(x: Tensor, kernel: Tensor, recurrentKernel: Tensor, given: LstmOptions = {}): Sequence {
  checkOptions('lstm', given, lstmOptions, 'x, kernel, recurrentKernel, ');
  return run(LSTM, lstmOp, x, kernel, recurrentKernel, given);
}

/**
 * A gated recurrent unit (Cho et al. 2014) over x [batch, steps, features], with kernel [features, 3 · units] and
 * recurrentKernel [units, 3 · units], the gates in Keras's order z, r, h. Otherwise as `lstm`.
 *
 * @throws ShapeError where the shapes do not fit; ArgumentError for other wrong options
 */
export function gru(x: Tensor, kernel: Tensor, recurrentKernel: Tensor, given: GruOptions = {}): Sequence {
  checkOptions('gru', given, gruOptions, 'x, kernel, recurrentKernel, ');
  return run(GRU, gruOp, x, kernel, recurrentKernel, given);
}

/**
 * A simple recurrent network (Elman 1990), h ← activation(x W + b + h U), over x [batch, steps, features], with kernel
 * [features, units] and recurrentKernel [units, units]. Otherwise as `lstm`.
 *
 * @throws ShapeError where the shapes do not fit; ArgumentError for other wrong options
 */
export function simpleRnn(
  x: Tensor,
  kernel: Tensor,
  recurrentKernel: Tensor,
  given: RecurrentOptions = {},
): Sequence {
  checkOptions('simpleRnn', given, options, 'x, kernel, recurrentKernel, ');
  return run(SIMPLE_RNN, simpleRnnOp, x, kernel, recurrentKernel, given);
}
