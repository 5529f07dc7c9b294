import { differentiatedLabel } from '../../graph/autodiff.ts';
import { sizeOf } from '../../ops/core/shape.ts';
import type { Build } from '../build.ts';
import type { StepEdge, StepNode } from './types.ts';

type Described = Omit<StepNode, 'gradient'>;

/**
 * For each node of the forward pass the node that writes the gradient of its first output. The passes fuse and move nodes,
 * so it is found by what is read: the gradient kernels of a layer read the gradient of that layer's output. These are the
 * nodes whose label says so, and those that read more of the node's results, such as which element was the largest.
 */
export function findGradients(
  { dispatches }: Build,
  nodes: readonly Described[],
  edges: readonly StepEdge[],
): (number | undefined)[] {
  const isBackward = (index: number) => nodes[index]?.phase === 'backward';
  /** What backward nodes read of backward nodes, or of a loss that computes its own gradient. */
  const flowing = edges.filter(
    ({ from, to }) => isBackward(to) && (isBackward(from) || nodes[from]?.phase === 'loss'),
  );
  return nodes.map(({ index, phase, bindings, output }) => {
    const { node, bindings: bound } = dispatches[index];
    const at = bindings.findIndex(({ writes }) => writes);
    // Between the dispatches of a node there is memory that has no gradient.
    if (phase !== 'forward' || !output || bound[at].operand !== node?.outputs[0]) return undefined;
    const result = bindings[at];
    const others = new Set(
      edges.filter((edge) => edge.from === index && edge.tensor !== result.tensor).map(({ to }) => to),
    );
    const belongs = (to: number) => {
      const own = dispatches[to].node;
      return (
        others.has(to) ||
        (own !== undefined && own.label !== node?.label && differentiatedLabel(own) === node?.label)
      );
    };
    const found = flowing.filter(
      ({ to, shape, dtype }) => dtype === 'f32' && sizeOf(shape) === sizeOf(result.shape) && belongs(to),
    );
    return found
      .map(({ from }) => from)
      .toSorted((a, b) => a - b)
      .at(0);
  });
}
