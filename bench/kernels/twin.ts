import type { Node } from '../../src/ops/core/op.ts';
import type { Array64 } from '../../test/reference/array.ts';

/** What an op computes in float64, and what to feed it. */
export interface Twin {
  /** By output; undefined for one that is not compared. */
  compute(node: Node, inputs: readonly Array64[]): (Array64 | undefined)[];
  /** Values of an input for which any would not do: class indices, winners of a pool. */
  feed?(node: Node, index: number): Array64 | undefined;
  /** What is fused into the node comes before its output, so that `compute` does it, too. */
  readonly fuses?: boolean;
}
