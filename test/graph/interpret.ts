import { singleStep } from '../../src/ops/elementwise/op.ts';
import type { Expression } from '../../src/ops/core/expression.ts';
import { topologicalOrder } from '../../src/graph/traverse.ts';
import type { Node, Tensor } from '../../src/ops/core/op.ts';
import { array, full, map } from '../reference/array.ts';
import type { Array64 } from '../reference/array.ts';
import { broadcastTo } from '../reference/broadcast.ts';
import { unaryTable } from '../reference/elementwise.ts';
import { matmul } from '../reference/matmul.ts';
import { reduce } from '../reference/reduce.ts';
import { softmax, softmaxGrad } from '../reference/softmax.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The functions of shaders/shared that the graphs of tests and benchmarks use, with the arguments that expressions give them. */
const functions: Record<string, (...args: number[]) => number> = {
  Value: (value) => value,
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  negate: (x) => -x,
  square: (x) => x * x,
  scale: (x, factor) => x * factor,
  shift: (x, offset) => x + offset,
  times_zero: (x) => (Number.isFinite(x) ? 0 : NaN),
  larger: Math.max,
  smaller: Math.min,
  at_least_gradient: (a, b, dy) => (a >= b ? dy : 0),
  above_gradient: (a, b, dy) => (a > b ? dy : 0),
  exp: Math.exp,
  sin: Math.sin,
  cos: Math.cos,
  tanh_safe: Math.tanh,
  tanh_gradient: (y, dy) => dy * (1 - y * y),
  sigmoid,
  sigmoid_gradient: (y, dy) => dy * y * (1 - y),
  relu: (x) => Math.max(x, 0),
  relu_gradient: (y, dy) => (y > 0 ? dy : 0),
  gelu: unaryTable.gelu.f,
  gelu_gradient: (x, dy) => dy * unaryTable.gelu.df(x),
  leaky_relu: (x, slope) => (x > 0 ? x : slope * x),
  leaky_relu_gradient: (x, dy, slope) => (x > 0 ? dy : slope * dy),
  bce_with_logits: (x, target) => Math.max(x, 0) - x * target + Math.log1p(Math.exp(-Math.abs(x))),
  bce_with_logits_gradient: (x, target, dy) => dy * (sigmoid(x) - target),
  less: (a, b) => +(a < b),
  less_equal: (a, b) => +(a <= b),
  greater: (a, b) => +(a > b),
  greater_equal: (a, b) => +(a >= b),
  keep_nan: (x, value) => (Number.isNaN(x) ? NaN : value),
  choose: (condition, a, b) => (condition === 0 ? b : a),
};

/** What the kernels of the tests' graphs compute, by op. */
const kernels: Record<string, (node: Node, inputs: Array64[]) => Array64> = {
  reduceSum: ({ attrs }, [x]) => reduce('sum', x, attrs),
  reduceMean: ({ attrs }, [x]) => reduce('mean', x, attrs),
  softmax: (_node, [x]) => softmax(x),
  softmaxGradient: (_node, [y, dy]) => softmaxGrad(y, dy),
  matmul: ({ attrs }, [a, b]) => matmul(a, b, attrs),
};

/** Evaluates an expression at every position of `shape`, to which the inputs are broadcast. */
export function evaluateExpression(
  expression: Expression,
  inputs: readonly Array64[],
  shape: readonly number[],
): Array64 {
  const wide = inputs.map((input) => broadcastTo(input, shape));
  return map(full(shape, 0), (_, i) => {
    const values = wide.map(({ data }) => data[i]);
    for (const { fn, args, literals } of expression.steps) {
      if (!functions[fn])
        throw new Error(`${fn} has no float64 twin yet; write it in test/graph/interpret.ts`);
      values.push(functions[fn](...args.map((a) => values[a]), ...literals));
    }
    return values.at(-1)!;
  });
}

/**
 * Computes tensors in float64, node by node, from the values of the graph's inputs: what the passes must not change.
 * It understands plain graphs as well as optimised ones, maps and epilogues included.
 */
export function interpret(outputs: readonly Tensor[], feed: ReadonlyMap<Tensor, Array64>): Array64[] {
  const values = new Map<Tensor, Array64>(feed);
  for (const node of topologicalOrder(outputs)) {
    const [output] = node.outputs;
    if (!values.has(output))
      values.set(
        output,
        compute(
          node,
          node.inputs.map((tensor) => values.get(tensor)!),
        ),
      );
  }
  return outputs.map((tensor) => values.get(tensor)!);
}

function compute(node: Node, inputs: Array64[]): Array64 {
  const { op, attrs, epilogue, outputs } = node;
  const { shape } = outputs[0];
  if (op.name === 'fill') return full(shape, attrs.value);
  if (op.name === 'constant') return array(shape, attrs.data);
  if (op.kind === 'alias') return array(shape, inputs[0].data);
  if (op.name === 'map') return evaluateExpression(attrs.expression, inputs, shape);
  if (op.name === 'broadcastTo') return broadcastTo(inputs[0], shape);
  if (op.kind === 'elementwise') return evaluateExpression(singleStep(node), inputs, shape);
  const result = kernels[op.name](node, inputs);
  if (!epilogue) return result;
  const extras = inputs.slice(inputs.length - epilogue.extras.length);
  return evaluateExpression(
    epilogue.expression,
    [result, ...(epilogue.extras.length > 0 ? extras : [])],
    shape,
  );
}
