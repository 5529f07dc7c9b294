import { ArgumentError } from '../../errors.ts';
import { fill } from '../core/leaves.ts';
import { LateKernels } from '../core/late.ts';
import { apply, isTensor, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { Op, Tensor } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { requireDtype, streamingWorkgroup } from '../core/values.ts';
import { cast } from '../movement/cast.ts';
import { broadcastShapes } from './broadcast.ts';
import * as ew from './elementwise.ts';
import { collapse } from './map.ts';

/** Programs of floats alone do without them. */
export const integerKernels = /* @__PURE__ */ new LateKernels(
  'the arithmetic of integers',
  async () => (await import('./integerKernels.ts')).kernel,
);

/** In the order of the kernel's numbers; comparisons are those from `equal` on. */
const OPERATIONS = [
  'add',
  'subtract',
  'multiply',
  'floorDivide',
  'remainder',
  'maximum',
  'minimum',
  'bitwiseAnd',
  'bitwiseOr',
  'bitwiseXor',
  'leftShift',
  'rightShift',
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
] as const;
type Operation = (typeof OPERATIONS)[number];
const COMPARISONS = OPERATIONS.indexOf('equal');

interface IntegerAttrs {
  readonly operation: Operation;
}

/** Two integers of one type give one of that type, or a truth value. */
export const integersOp: Op<IntegerAttrs> = {
  name: 'integers',
  kind: 'kernel',
  late: integerKernels,
  infer(inputs, { operation }) {
    const [{ dtype }, other] = inputs;
    if (![dtype, other.dtype].every((own) => own === 'i32' || own === 'u32') || dtype !== other.dtype) {
      throw new ArgumentError(
        `${operation}: takes two tensors of i32, or two of u32, got ${dtype} and ${other.dtype}; cast one of them`,
      );
    }
    const shape = broadcastShapes(operation, [inputs[0].shape, other.shape]);
    return [{ shape, dtype: OPERATIONS.indexOf(operation) < COMPARISONS ? dtype : 'f32' }];
  },
  lower(node, context) {
    const [a, b] = node.inputs;
    const [output] = node.outputs;
    const size = sizeOf(output.shape);
    const workgroupSize = streamingWorkgroup(context.target, size);
    const { workgroups, gridX } = linearGrid(size, workgroupSize);
    const { shape, strides } = collapse(output.shape, [a.shape, b.shape]);
    context.dispatch({
      kernel: integerKernels.value,
      constants: {
        OPERATION: OPERATIONS.indexOf(node.attrs.operation),
        SIZE: size,
        RANK: shape.length,
        SHAPE: shape,
        A_STRIDES: strides[0],
        B_STRIDES: strides[1],
        WORKGROUP_SIZE: workgroupSize,
        GRID_X: gridX,
      },
      aliases: { Word: a.dtype, Result: output.dtype },
      bindings: { a, b, output },
      workgroups,
      flops: size,
    });
  },
  // integers have no gradient
  gradient: () => [],
};

const isInteger = (operand: unknown): operand is Tensor =>
  isTensor(operand) && (operand.dtype === 'i32' || operand.dtype === 'u32');

/** Both as tensors: a number is one of the other's type. */
function integers(operation: Operation, a: ew.Operand, b: ew.Operand): Tensor {
  const dtype = [a, b].find(isInteger)?.dtype ?? 'i32';
  const [left, right] = [a, b].map((operand, i) => {
    if (typeof operand === 'number') return fill([], operand, dtype);
    requireTensor(operation, operand, `input ${i + 1}`);
    return operand;
  });
  return apply(integersOp, [left, right], { operation });
}

type Binary = (a: ew.Operand, b: ew.Operand) => Tensor;
/* @__NO_SIDE_EFFECTS__ */
const binary =
  (operation: Operation): Binary =>
  (a, b) =>
    integers(operation, a, b);

/*
 * Arithmetic and comparisons of i32 and of u32: two operands of one type, or one and a number. They wrap around at 2³², and no
 * gradient passes them. Comparisons give 1 and 0 in f32, as masks are. The functions of these names in `ops` are those of floats.
 */
export const add = binary('add');
export const subtract = binary('subtract');
export const multiply = binary('multiply');
export const maximum = binary('maximum');
export const minimum = binary('minimum');
export const equal = binary('equal');
export const notEqual = binary('notEqual');
export const less = binary('less');
export const lessEqual = binary('lessEqual');
export const greater = binary('greater');
export const greaterEqual = binary('greaterEqual');

function requireIntegers(name: string, a: Tensor): void {
  requireTensor(name, a);
  requireDtype(name, a, ['i32', 'u32']);
}

/** −a modulo 2³²: of i32's −2³¹ it is −2³¹ again. */
export function negate(a: Tensor): Tensor {
  requireIntegers('negate', a);
  return integers('subtract', 0, a);
}

/** |a|; −2³¹ stays, as i32 does not hold 2³¹ (NumPy). */
export function abs(a: Tensor): Tensor {
  requireIntegers('abs', a);
  return a.dtype === 'u32' ? a : integers('maximum', a, negate(a));
}

/** ⌊a / b⌋ of integers; 0 for b = 0 (NumPy). */
export const floorDivide = binary('floorDivide');
/** a − b ⌊a / b⌋ of integers, with the sign of b; 0 for b = 0 (NumPy). */
export const remainder = binary('remainder');
/** Bit by bit, of integers. */
export const bitwiseAnd = binary('bitwiseAnd');
export const bitwiseOr = binary('bitwiseOr');
export const bitwiseXor = binary('bitwiseXor');
/** a · 2ᵇ of integers, b modulo 32. */
export const leftShift = binary('leftShift');
/** ⌊a / 2ᵇ⌋ of integers, b modulo 32. */
export const rightShift = binary('rightShift');

/** a where the condition, of any type, is not 0, b elsewhere; a and b are integers. */
export function where(condition: Tensor, a: ew.Operand, b: ew.Operand): Tensor {
  requireTensor('where', condition);
  const truth = isInteger(condition) ? notEqual(condition, 0) : ew.notEqual(condition, 0);
  const dtype = [a, b].find(isInteger)?.dtype === 'u32' ? 'u32' : 'i32';
  // all bits set where it holds
  const taken = integers('subtract', 0, cast(truth, dtype));
  const left = integers('bitwiseXor', taken, dtype === 'i32' ? -1 : 2 ** 32 - 1);
  return integers('bitwiseOr', integers('bitwiseAnd', a, taken), integers('bitwiseAnd', b, left));
}
