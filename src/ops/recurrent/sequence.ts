import { LateKernels } from '../core/late.ts';
import { applyAll } from '../core/node.ts';
import { fill } from '../core/leaves.ts';
import { derivedElsewhere } from '../core/op.ts';
import type { LowerContext, Node, Op, Operand, Tensor } from '../core/op.ts';
import type { TensorSpec } from '../core/shape.ts';
import { matmul } from '../matmul/matmul.ts';
import { concat } from '../movement/concat.ts';
import { reshape, slice, transpose } from '../movement/movement.ts';
import { reduceSum } from '../reduce/sum.ts';
import { recurrentActivations } from './activations.ts';
import type { RecurrentActivation } from './activations.ts';
import type { Cell } from './cells.ts';
import { planSequence } from './plan.ts';

export const gradientKernels = /* @__PURE__ */ new LateKernels(
  'the gradient of recurrent networks',
  async () => (await import('./gradientKernels.ts')).kernels,
);

export interface SequenceAttrs {
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
  /** From the last step to the first. */
  readonly reversed: boolean;
  /** Which of the inputs there are. */
  readonly biased: boolean;
  readonly masked: boolean;
  readonly initial: boolean;
}

export interface GradientAttrs extends SequenceAttrs {
  /** There is a gradient of what was kept: of the LSTM's cell. */
  readonly cells: boolean;
}

const f32 = (shape: readonly number[]): TensorSpec => ({ shape, dtype: 'f32' });

/** The inputs of a sequence's node by name. */
export function inputsOf({ inputs, attrs }: Pick<Node<SequenceAttrs>, 'inputs' | 'attrs'>) {
  const [projected, weights, ...rest] = inputs;
  const next = (there: boolean) => (there ? rest.shift() : undefined);
  return {
    projected,
    weights,
    recurrentBias: next(attrs.biased),
    mask: next(attrs.masked),
    initial: next(attrs.initial),
  };
}

/** FLOPs of all steps, each of which multiplies h with the weights once. */
const flopsOf = ({ gates, flops }: Cell, [batch, steps, units]: readonly number[]) =>
  batch * steps * units * (2 * gates * units + flops);

function lowerSequence(cell: Cell, node: Node<SequenceAttrs>, context: LowerContext): void {
  const { projected, weights, recurrentBias, mask, initial } = inputsOf(node);
  const { activation, recurrentActivation, reversed, biased } = node.attrs;
  const [hidden, kept] = node.outputs;
  const [batch, steps, units] = hidden.shape;
  const size = { batch, steps, units, shared: 2 };
  const plan = planSequence(cell.name, size, context, cell.kernel);
  context.dispatch({
    ...plan,
    constants: {
      ...plan.constants,
      REVERSED: reversed,
      MASKED: mask !== undefined,
      INITIAL: initial !== undefined,
      ...(cell.resets && { BIASED: biased }),
    },
    functions: {
      ...plan.functions,
      activation: `return ${recurrentActivations[activation].value};`,
      ...(cell.gates > 1 && {
        recurrent_activation: `return ${recurrentActivations[recurrentActivation].value};`,
      }),
    },
    bindings: present({ projected, weights, recurrent_bias: recurrentBias, mask, initial, hidden, kept }),
    flops: flopsOf(cell, hidden.shape),
  });
}

function lowerGradient(cell: Cell, node: Node<GradientAttrs>, context: LowerContext): void {
  const { activation, recurrentActivation, reversed, masked, initial, cells } = node.attrs;
  const [weights, known, dHidden, ...rest] = node.inputs;
  const next = (there: boolean) => (there ? rest.shift() : undefined);
  const mask = next(masked);
  const first = next(initial);
  const dKept = next(cells);
  const outputs = [...node.outputs];
  const [batch, steps, units] = dHidden.shape;
  const size = { batch, steps, units, shared: cell.gates };
  const kernel = gradientKernels.value[cell.name];
  const plan = planSequence(`${cell.name}Gradient`, size, context, kernel);
  const ofState = cell.states > 1;
  context.dispatch({
    ...plan,
    constants: {
      ...plan.constants,
      REVERSED: reversed,
      MASKED: masked,
      INITIAL: initial,
      ...(ofState && { CELLS: cells }),
    },
    functions: {
      ...plan.functions,
      ...(ofState && { activation: `return ${recurrentActivations[activation].value};` }),
      activation_gradient: `return ${recurrentActivations[activation].gradient};`,
      ...(cell.gates > 1 && {
        recurrent_gradient: `return ${recurrentActivations[recurrentActivation].gradient};`,
      }),
    },
    bindings: present({
      weights,
      [cell.kept > 0 ? 'kept' : 'hidden']: known,
      mask,
      initial: ofState ? first : undefined,
      d_hidden: dHidden,
      d_kept: dKept,
      d_projected: outputs.shift(),
      d_recurrent: cell.resets ? outputs.shift() : undefined,
      d_initial: initial ? outputs.shift() : undefined,
    }),
    flops: flopsOf(cell, dHidden.shape),
  });
}

const present = (bindings: Record<string, Operand | undefined>): Record<string, Operand> =>
  Object.fromEntries(
    Object.entries(bindings).filter((entry): entry is [string, Operand] => entry[1] !== undefined),
  );

/**
 * The gradient of a cell's op. Inputs: Uᵀ, what the op kept or else h, dL/dh [batch, steps, units], and where there are any mask,
 * first states, and dL/d(kept). Outputs: dL/d(projected), for some cells dL/d(h U + b), and dL/d(first states).
 */
/* @__NO_SIDE_EFFECTS__ */
export const sequenceGradientOp = (cell: Cell): Op<GradientAttrs> => ({
  name: `${cell.name}Gradient`,
  kind: 'kernel',
  late: gradientKernels,
  infer([, , { shape }], { initial }) {
    const [batch, steps, units] = shape;
    const projected = f32([batch, steps, cell.gates * units]);
    return [
      projected,
      ...(cell.resets ? [projected] : []),
      ...(initial ? [f32([cell.states * batch, units])] : []),
    ];
  },
  lower: (node, context) => lowerGradient(cell, node, context),
  gradient: derivedElsewhere,
});

/**
 * The op of a cell. Inputs: projected [batch, steps, gates · units], weights [units, gates · units], and where there are any
 * recurrent bias [gates · units], mask [batch, steps] and first states [states · batch, units]. Outputs: h of each
 * step and, for most cells, what the gradient needs.
 */
/* @__NO_SIDE_EFFECTS__ */
export function sequenceOp(
  cell: Cell,
  gradient: Op<GradientAttrs>,
  unfused: Op<SequenceAttrs>['unfused'],
): Op<SequenceAttrs> {
  return {
    name: cell.name,
    kind: 'kernel',
    unfused,
    infer([{ shape }, weights]) {
      const [batch, steps] = shape;
      const [units] = weights.shape;
      return [f32([batch, steps, units]), ...(cell.kept > 0 ? [f32([batch, steps, cell.kept * units])] : [])];
    },
    lower: (node, context) => lowerSequence(cell, node, context),
    gradient(node, [dHidden, dKept]) {
      const { weights, recurrentBias, mask, initial } = inputsOf(node);
      const [hidden, kept] = node.outputs;
      const [units, columns] = weights.shape;
      const cells = dKept !== undefined;
      const dProjected = applyAll<GradientAttrs>(
        gradient,
        [
          transpose(weights),
          kept ?? hidden,
          dHidden ?? fill(hidden.shape, 0),
          ...(mask ? [mask] : []),
          ...(initial ? [initial] : []),
          ...(cells ? [dKept] : []),
        ],
        { ...node.attrs, cells },
      );
      const dRecurrent = cell.resets ? dProjected[1] : dProjected[0];
      const before = hiddenBefore(node, hidden, initial);
      // p = h_before U + b, so dU = h_beforeᵀ dp over all rows and steps, and db = Σ dp
      const dWeights = matmul(reshape(before, [-1, units]), reshape(dRecurrent, [-1, columns]), {
        transposeA: true,
      });
      return [
        dProjected[0],
        dWeights,
        ...(recurrentBias ? [reduceSum(dRecurrent, { axes: [0, 1] })] : []),
        ...(mask ? [undefined] : []),
        ...(initial ? [dProjected.at(-1)] : []),
      ];
    },
  };
}

/** h before each step: h of the step before, which for the first is the initial one. */
function hiddenBefore({ attrs }: Node<SequenceAttrs>, hidden: Tensor, initial: Tensor | undefined): Tensor {
  const [batch, steps, units] = hidden.shape;
  const first = initial
    ? reshape(slice(initial, [0, 0], [batch, units]), [batch, 1, units])
    : fill([batch, 1, units], 0);
  if (steps === 1) return first;
  const others = slice(hidden, [0, attrs.reversed ? 1 : 0, 0], [batch, steps - 1, units]);
  return concat(attrs.reversed ? [others, first] : [first, others], 1);
}
