import { singleStep } from '../../ops/elementwise/op.ts';
import type { Expression, Step } from '../../ops/core/expression.ts';
import { fillValue } from '../../ops/core/leaves.ts';
import { accessOf, mapOp, MAX_MAP_INPUTS } from '../../ops/elementwise/map.ts';
import type { MapAttrs } from '../../ops/elementwise/map.ts';
import { MAX_BUFFERS, MAX_EXTRAS } from '../../ops/core/op.ts';
import type { Epilogue } from '../../ops/core/op.ts';
import { createNode } from '../../ops/core/node.ts';
import { sameShape } from '../../ops/core/shape.ts';
import type { Node, Tensor } from '../../ops/core/op.ts';
import { consumersOf, rewrite, topologicalOrder } from '../traverse.ts';

/** The longest chain in one kernel: compilers take minutes over functions without end. */
export const MAX_FUSED_STEPS = 64;

/** Tensors that may disappear into their consumer: read by exactly one node, and not wanted outside. */
export function internalTensors(outputs: readonly Tensor[]): (tensor: Tensor) => boolean {
  const consumers = consumersOf(topologicalOrder(outputs));
  const wanted = new Set(outputs);
  return (tensor) => consumers.get(tensor)?.length === 1 && !wanted.has(tensor);
}

/**
 * Fuses chains of elementwise ops into single maps: an elementwise producer that only one
 * elementwise consumer reads becomes part of that consumer's expression. Constants of one value
 * become literals. Each fusion saves a dispatch and a write and a read of the tensor.
 *
 * It repeats while it finds something: x · sigmoid(x) reads x twice until sigmoid is part of the product.
 */
export function fuseElementwise(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const rounds: ((tensor: Tensor) => Tensor)[] = [];
  let tensors = [...outputs];
  for (let before = Infinity, now = Number.MAX_VALUE; now < before;) {
    before = now;
    rounds.push(fuseOnce(tensors));
    tensors = tensors.map(rounds.at(-1)!);
    now = topologicalOrder(tensors).length;
  }
  return (tensor) => rounds.reduce((current, round) => round(current), tensor);
}

function fuseOnce(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const internal = internalTensors(outputs);
  return rewrite(outputs, (node, inputs) => {
    const [output] = node.outputs;
    if (node.op.kind !== 'elementwise' || output.dtype !== 'f32') return undefined;
    const inlinable = inputs.map((t, i) => t.node.op === mapOp && internal(node.inputs[i]));
    let fused = compose(node, inputs, inlinable);
    // Too much for one kernel: keep producers apart, the first ones first.
    const tooMuch = () =>
      fused.inputs.length > MAX_MAP_INPUTS || fused.expression.steps.length > MAX_FUSED_STEPS;
    for (let i = 0; tooMuch() && i < inputs.length; i++) {
      if (inlinable[i]) {
        inlinable[i] = false;
        fused = compose(node, inputs, inlinable);
      }
    }
    const attrs: MapAttrs = { expression: fused.expression, shape: output.shape };
    return createNode(mapOp, fused.inputs, attrs, [output], node.label).outputs;
  });
}

/** The expression of `node`, with the expressions of the inlined inputs and literals substituted. */
function compose(node: Node, inputs: readonly Tensor[], inlinable: readonly boolean[]) {
  const leaves: Tensor[] = [];
  const steps: Step[] = [];
  // Values are numbered inputs first; while the inputs are still being found, results are negative.
  const input = (tensor: Tensor): number => {
    if (!leaves.includes(tensor)) leaves.push(tensor);
    return leaves.indexOf(tensor);
  };
  const emit = (step: Step): number => {
    steps.push(step);
    return -steps.length;
  };
  const splice = (expression: Expression, values: readonly number[]): number => {
    const all = [...values];
    for (const step of expression.steps) all.push(emit({ ...step, args: step.args.map((a) => all[a]) }));
    return all.at(-1)!;
  };
  const found = new Map<Tensor, number>(); // x · x computes x once
  const valueOf = (tensor: Tensor, i: number): number => {
    const value = fillValue(tensor);
    if (value !== undefined) return emit({ fn: 'Value', args: [], literals: [value] });
    if (!inlinable[i]) return input(tensor);
    return splice((tensor.node.attrs as MapAttrs).expression, tensor.node.inputs.map(input));
  };
  const values = inputs.map((tensor, i) => {
    const known = found.get(tensor) ?? valueOf(tensor, i);
    found.set(tensor, known);
    return known;
  });
  const own = node.op === mapOp ? (node.attrs as MapAttrs).expression : expressionOf(node);
  const result = splice(own, values);
  if (result < 0 && -result !== steps.length) throw new Error('the last step must be the result');
  const expression: Expression = {
    inputs: leaves.length,
    steps: steps.map((s) => ({ ...s, args: s.args.map((a) => (a >= 0 ? a : leaves.length - a - 1)) })),
  };
  return { expression, inputs: leaves };
}

function expressionOf(node: Node): Expression {
  const step = singleStep(node);
  // broadcastTo changes only the shape
  return step.steps[0].fn === 'Value' ? { inputs: 1, steps: [] } : step;
}

/**
 * Folds a map into the kernel that produces one of its inputs, where that kernel has an epilogue:
 * bias and activation into matmul and conv2d, an activation's gradient into a pooling gradient.
 */
export function fuseEpilogues(outputs: readonly Tensor[]): (tensor: Tensor) => Tensor {
  const internal = internalTensors(outputs);
  const consumers = consumersOf(topologicalOrder(outputs));
  const folded = new Map<Node, Tensor>();
  const visited = new Set<number>();
  return rewrite(outputs, (node, inputs, lookUp) => {
    visited.add(node.id);
    const foldedInto = folded.get(node);
    if (foldedInto) return [foldedInto];
    if (node.outputs.length > 1) {
      // Its other outputs may be wanted at once, so what the map needs besides must be there by now.
      const [output] = node.outputs;
      const map = internal(output) ? consumers.get(output)![0] : undefined;
      if (map?.op !== mapOp || !fits(node, output, map.outputs[0])) return undefined;
      const place = map.inputs.indexOf(output);
      const others = map.inputs.filter((tensor) => tensor !== output);
      const isThere = ({ node: other }: Tensor) =>
        other !== node && (other.op.kind === 'leaf' || visited.has(other.id));
      if (!others.every(isThere)) return undefined;
      const made = withEpilogue(node, inputs, map, place, others.map(lookUp));
      if (!made) return undefined;
      folded.set(map, made[0]);
      return made;
    }
    if (node.op !== mapOp) return undefined;
    const [output] = node.outputs;
    // The producer that comes last: what the others produce is then ready when it runs.
    let producer = -1;
    inputs.forEach((tensor, i) => {
      const possible =
        tensor.node.outputs.length === 1 && internal(node.inputs[i]) && fits(tensor.node, tensor, output);
      if (possible && (producer < 0 || tensor.node.id > inputs[producer].node.id)) producer = i;
    });
    if (producer < 0) return undefined;
    const others = inputs.filter((_, i) => i !== producer);
    const made = inputs[producer].node;
    return withEpilogue(made, made.inputs, node, producer, others);
  });
}

/**
 * The outputs of `producer` with a map folded into its kernel: the first is the map's result. Undefined where the
 * kernel cannot read what the map needs besides.
 *
 * @param place of the producer's output among the map's inputs
 */
function withEpilogue(
  producer: Node,
  inputs: readonly Tensor[],
  map: Node,
  place: number,
  others: readonly Tensor[],
): readonly Tensor[] | undefined {
  const [output] = map.outputs;
  const room = MAX_BUFFERS - producer.inputs.length - producer.outputs.length;
  if (others.length > Math.min(room, MAX_EXTRAS)) return undefined;
  const extras: Epilogue['extras'][number][] = [];
  for (const tensor of others) {
    const access = accessOf(tensor.shape, output.shape);
    if (access === 'strided' || tensor.dtype !== 'f32') return undefined;
    extras.push({ tensor, access });
  }
  const expression = withFirstInput((map.attrs as MapAttrs).expression, place);
  const specs = [output, ...producer.outputs.slice(1)];
  return createNode(producer.op, [...inputs, ...others], producer.attrs, specs, producer.label, {
    expression,
    extras,
  }).outputs;
}

/** Whether the kernel that makes `produced` can apply a map with the result `mapped` to it. */
function fits(producer: Node, produced: Tensor, mapped: Tensor): boolean {
  if (producer.epilogue || produced.dtype !== 'f32' || !sameShape(produced.shape, mapped.shape)) return false;
  return takesEpilogue(producer);
}

/** Whether its last kernel calls `epilogue`. */
export function takesEpilogue(node: Node): boolean {
  const { fusesEpilogue: fuses } = node.op;
  return typeof fuses === 'function' ? fuses(node) : fuses === true;
}

/** The same expression with input `first` moved to the front. */
function withFirstInput(expression: Expression, first: number): Expression {
  const renumber = (value: number) => (value === first ? 0 : value < first ? value + 1 : value);
  return { ...expression, steps: expression.steps.map((s) => ({ ...s, args: s.args.map(renumber) })) };
}
