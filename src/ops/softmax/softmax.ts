import rowsSource from '../../../shaders/softmax/rows.wgsl?raw';
import workgroupSource from '../../../shaders/softmax/workgroup.wgsl?raw';
import { LateKernels } from '../core/late.ts';
import { apply, requireTensor } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op, Tensor } from '../core/op.ts';
import { normalizeAxis, sizeOf } from '../core/shape.ts';
import { keepRolled, requireDtype, streamingWorkgroup, valueType, widthOf } from '../core/values.ts';
import { exp, multiply, negate, subtract } from '../elementwise/elementwise.ts';
import { transpose } from '../movement/movement.ts';
import { powerOfTwo } from '../reduce/kernels.ts';
import { reduceSum } from '../reduce/sum.ts';

const kernels = {
  rows: { name: 'softmax/rows', source: rowsSource },
  workgroup: { name: 'softmax/workgroup', source: workgroupSource },
};

export const gradientKernels = /* @__PURE__ */ new LateKernels(
  'the gradient of softmax',
  async () => (await import('./gradientKernels.ts')).kernels,
);

/** Bodies for Value = vec4f. */
const LARGEST = 'return max(max(x.x, x.y), max(x.z, x.w));';
const TOTAL = 'return dot(x, vec4f(1.0));';

/** All four ops work along the last dimension. */
type NoAttrs = Record<string, never>;

function lowerRows(node: Node, direction: 'forward' | 'gradient', log: boolean, context: LowerContext): void {
  const [input, gradient] = node.inputs;
  const [output] = node.outputs;
  const own = direction === 'forward' ? kernels : gradientKernels.value;
  const width = widthOf(node, output.shape.at(-1)!);
  const classes = output.shape.at(-1)! / width;
  const rows = sizeOf(output.shape.slice(0, -1));
  const long = !context.target.software && (classes >= 64 || (classes >= 16 && rows < 1024));
  const variants = ['rows', 'workgroup'] as const;
  const variant = context.choose(node.op.name, variants, long ? 'workgroup' : 'rows', {
    candidates: context.target.software ? [] : variants,
    kernels: own,
  });
  const groupSize = Math.min(256, Math.max(32, powerOfTwo(classes) / 4));
  const workgroupSize = variant === 'workgroup' ? groupSize : streamingWorkgroup(context.target, rows);
  const { workgroups, gridX } = linearGrid(rows, variant === 'workgroup' ? 1 : workgroupSize);
  context.dispatch({
    kernel: own[variant],
    constants: {
      LOG: log,
      ROWS: rows,
      CLASSES: classes,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
      ...(variant === 'workgroup'
        ? { LEVELS: Math.log2(groupSize) }
        : { ROLLED: keepRolled(context.target, classes) }),
    },
    aliases: { Value: valueType('f32', width) },
    functions:
      width === 1
        ? undefined
        : direction === 'forward'
          ? { largest: LARGEST, total: TOTAL }
          : { total: TOTAL },
    bindings: direction === 'forward' ? { input, output } : { input, gradient, output },
    workgroups,
    epilogue: true,
    flops: (direction === 'forward' ? 5 : 4) * sizeOf(output.shape),
  });
}

/* @__NO_SIDE_EFFECTS__ */
function softmaxOps(name: string, log: boolean, second: (y: Tensor, dy: Tensor, ddx: Tensor) => Tensor[]) {
  const gradient: Op<NoAttrs> = {
    name: `${name}Gradient`,
    kind: 'kernel',
    late: gradientKernels,
    fusesEpilogue: true,
    infer: ([y]) => [y],
    lower: (node, context) => lowerRows(node, 'gradient', log, context),
    gradient: ({ inputs: [y, dy] }, [ddx]) => (ddx ? second(y, dy, ddx) : []),
  };
  const forward: Op<NoAttrs> = {
    name,
    kind: 'kernel',
    fusesEpilogue: true,
    infer([x]) {
      requireDtype(name, x, ['f32']);
      normalizeAxis(-1, x.shape, name);
      return [x];
    },
    lower: (node, context) => lowerRows(node, 'forward', log, context),
    gradient: ({ outputs: [y] }, [dy]) => [dy && apply(gradient, [y, dy], {})],
  };
  return { forward, gradient };
}

const rowSum = (x: Tensor) => reduceSum(x, { axes: [-1], keepDims: true });

// dx = y (dy − s) with s = Σ dy y. For u = dL/d(dx):
// dL/dy = u (dy − s) − dy Σ u y, and dL/d(dy) = y (u − Σ u y)
const softmaxPair = softmaxOps('softmax', false, (y, dy, u) => [
  subtract(multiply(u, subtract(dy, rowSum(multiply(dy, y)))), multiply(dy, rowSum(multiply(u, y)))),
  apply(softmaxPair.gradient, [y, u], {}),
]);

// dx = dy − e^y S with S = Σ dy. For u = dL/d(dx): dL/dy = −u e^y S, and dL/d(dy) = u − Σ u e^y
const logSoftmaxPair = softmaxOps('logSoftmax', true, (y, dy, u) => [
  negate(multiply(multiply(u, exp(y)), rowSum(dy))),
  subtract(u, rowSum(multiply(u, exp(y)))),
]);

export const softmaxOp = softmaxPair.forward;
export const logSoftmaxOp = logSoftmaxPair.forward;

/** Applies `op` along any axis, by moving that axis to the end and back. */
export function alongAxis(op: Op<NoAttrs>, x: Tensor, axis: number): Tensor {
  requireTensor(op.name, x);
  const last = x.shape.length - 1;
  const chosen = normalizeAxis(axis, x.shape, op.name);
  if (chosen === last) return apply(op, [x], {});
  const swap = [...x.shape.keys()].map((a) => (a === chosen ? last : a === last ? chosen : a));
  return transpose(apply(op, [transpose(x, swap)], {}), swap);
}

/**
 * e^x / Σ e^x along `axis` (default: the last, the fast one). Safe for large inputs of either sign. Entries of −Infinity, as
 * a mask has them, give 0. All is NaN along an axis with a NaN or Infinity, or with nothing but −Infinity (PyTorch).
 *
 * @throws ShapeError if x has no dimensions, or not that axis
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongAxis(softmaxOp, x, axis);
}

/**
 * log softmax(x), computed without the rounding of a logarithm near 0. Entries of −Infinity give −Infinity; NaN as softmax.
 *
 * @throws ShapeError if x has no dimensions, or not that axis
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongAxis(logSoftmaxOp, x, axis);
}
