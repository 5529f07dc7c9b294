import { ArgumentError } from '../../errors.ts';
import type { KernelFile } from '../../kernels/kernel.ts';
import { describe } from '../../options.ts';
import { apply } from '../core/node.ts';
import { derivedElsewhere } from '../core/op.ts';
import type { Node, Op, Tensor } from '../core/op.ts';
import { sumTo } from '../reduce/sum.ts';
import { broadcastShapes } from './broadcast.ts';
import { lowerMap } from './map.ts';

export type Literals = Readonly<Record<string, number>>;
/** Given the inputs, the output and dy = dL/dy: dL/d(input) for each input, before summing over broadcasts. */
export type Gradient = (
  inputs: readonly Tensor[],
  y: Tensor,
  dy: Tensor,
  literals: Literals,
) => (Tensor | undefined)[];

/**
 * One elementwise op: a function of shaders/shared applied at every position, inputs broadcast as
 * NumPy does. `fn` is its WGSL name.
 *
 * @param file where it stands, if not in the library that every kernel has
 */
/* @__NO_SIDE_EFFECTS__ */
export function elementwiseOp(
  name: string,
  fn: string,
  arity: number,
  gradient: Gradient,
  file?: KernelFile,
): Op<Literals> {
  const op: Op<Literals> = {
    name,
    kind: 'elementwise',
    infer(inputs, literals) {
      for (const [option, value] of Object.entries(literals)) {
        if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) {
          throw new ArgumentError(`${name}: ${option} is ${describe(value)}; it must be a finite f32 number`);
        }
      }
      if (inputs.length !== arity) {
        throw new ArgumentError(`${name}: takes ${arity} tensors, got ${inputs.length}`);
      }
      for (const { dtype } of inputs) {
        if (dtype !== 'f32')
          throw new ArgumentError(`${name}: works on f32 tensors, got ${dtype}; cast it first`);
      }
      return [
        {
          shape: broadcastShapes(
            name,
            inputs.map((i) => i.shape),
          ),
          dtype: 'f32',
        },
      ];
    },
    elementwise: (literals) => ({ fn, literals: Object.values(literals), ...(file && { file }) }),
    lower: (node, context) => lowerMap(node, singleStep(node), context),
    gradient({ inputs, outputs, attrs }, [dy]) {
      if (!dy) return [];
      return gradient(inputs, outputs[0], dy, attrs).map((g, i) => g && sumTo(g, inputs[i].shape));
    },
  };
  return op;
}

/** The expression of a single elementwise node. */
export function singleStep(node: Node) {
  const step = node.op.elementwise!(node.attrs);
  return { inputs: node.inputs.length, steps: [{ ...step, args: node.inputs.map((_, i) => i) }] };
}

const NONE: Literals = {};

/** A node of an elementwise op. */
export const call = (op: Op<Literals>, inputs: readonly Tensor[], literals: Literals = NONE) =>
  apply(op, inputs, literals);

/**
 * Gradients that have a WGSL function of their own (`relu_gradient(y, dy)`), used only inside
 * gradients of the ops above them; secondDerivatives.ts has what they are differentiated to.
 */
/* @__NO_SIDE_EFFECTS__ */
function gradientOp(name: string, fn: string, arity = 2): Op<Literals> {
  const op = elementwiseOp(name, fn, arity, () => []);
  return { ...op, gradient: derivedElsewhere };
}

export const gradientOps = {
  clipGradient: gradientOp('clipGradient', 'clip_gradient'),
  reluGradient: gradientOp('reluGradient', 'relu_gradient'),
  leakyReluGradient: gradientOp('leakyReluGradient', 'leaky_relu_gradient'),
  eluGradient: gradientOp('eluGradient', 'elu_gradient'),
  seluGradient: gradientOp('seluGradient', 'selu_gradient'),
  geluGradient: gradientOp('geluGradient', 'gelu_gradient'),
  geluTanhGradient: gradientOp('geluTanhGradient', 'gelu_tanh_gradient'),
  squareplusGradient: gradientOp('squareplusGradient', 'squareplus_gradient'),
  sigmoidGradient: gradientOp('sigmoidGradient', 'sigmoid_gradient'),
  tanhGradient: gradientOp('tanhGradient', 'tanh_gradient'),
  softplusGradient: gradientOp('softplusGradient', 'softplus_gradient'),
  softsignGradient: gradientOp('softsignGradient', 'softsign_gradient'),
  siluGradient: gradientOp('siluGradient', 'silu_gradient'),
  mishGradient: gradientOp('mishGradient', 'mish_gradient'),
  hardSigmoidGradient: gradientOp('hardSigmoidGradient', 'hard_sigmoid_gradient'),
  bceWithLogitsGradient: gradientOp('bceWithLogitsGradient', 'bce_with_logits_gradient', 3),
  binaryCrossentropyGradient: gradientOp('binaryCrossentropyGradient', 'binary_crossentropy_gradient', 3),
};

/** dy where a ≥ b, or a > b, else 0: the slopes of the larger and the smaller of two. NaN where one of the three is. */
export const comparedOps: Record<'ifAtLeast' | 'ifAbove', Op<Literals>> = {
  ifAtLeast: elementwiseOp('ifAtLeast', 'at_least_gradient', 3, ([a, b], _y, ddy) => [
    undefined,
    undefined,
    call(comparedOps.ifAtLeast, [a, b, ddy]),
  ]),
  ifAbove: elementwiseOp('ifAbove', 'above_gradient', 3, ([a, b], _y, ddy) => [
    undefined,
    undefined,
    call(comparedOps.ifAbove, [a, b, ddy]),
  ]),
};
