import naive from '../../../shaders/attention/gradient_1_naive.wgsl?raw';
import broadcast from '../../../shaders/attention/gradient_2_broadcast.wgsl?raw';
import statisticsSource from '../../../shaders/attention/gradient_statistics.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { streamingWorkgroup } from '../core/values.ts';
import { inputsOf, sizesOf } from './attrs.ts';
import type { AttentionAttrs } from './attrs.ts';
import { chooseRung, common, gridOf, scoresOf } from './plan.ts';

const kernels = {
  naive: { name: 'attention/gradient_1_naive', source: naive },
  broadcast: { name: 'attention/gradient_2_broadcast', source: broadcast },
};
const statisticsKernel = { name: 'attention/gradient_statistics', source: statisticsSource };

/** Of the inputs output, log_sum and dL/doutput of attention, and then its own inputs. */
export function lowerAttentionGradient(node: Node<AttentionAttrs>, context: LowerContext): void {
  const [output, logSum, gradient, ...own] = node.inputs;
  const inputs = inputsOf(own, node.attrs);
  const { query, key, value } = inputs;
  const sizes = sizesOf(query, key, value);
  const { batch, queries, keys, heads, keyHeads, size, valueSize } = sizes;
  const variant = chooseRung(node.op.name, sizes, kernels, context);

  const rows = sizeOf(logSum.shape);
  const statistics = context.scratch([...logSum.shape, 2], 'f32', 'statistics');
  const workgroupSize = streamingWorkgroup(context.target, rows);
  const { workgroups, gridX } = linearGrid(rows, workgroupSize);
  context.dispatch({
    kernel: statisticsKernel,
    constants: { ROWS: rows, VALUE_SIZE: valueSize, WORKGROUP_SIZE: workgroupSize, GRID_X: gridX },
    bindings: { output, gradient, log_sum: logSum, statistics },
    workgroups,
    flops: 2 * rows * valueSize,
    part: 'statistics',
  });

  const { constants, bindings } = common(inputs, node.attrs);
  const parts = ['queries', 'keys', 'values'] as const;
  parts.forEach((part, i) => {
    const ofQueries = part === 'queries';
    const ofValues = part === 'values';
    const result = ofQueries
      ? { rows: queries, count: batch * heads, columns: size }
      : { rows: keys, count: batch * keyHeads, columns: ofValues ? valueSize : size };
    const grid = gridOf(variant, result, context.target);
    context.dispatch({
      kernel: kernels[variant.rung],
      constants: { ...constants, OF_QUERIES: ofQueries, OF_VALUES: ofValues, ...grid.constants },
      bindings: { ...bindings, q: query, k: key, v: value, gradient, statistics, result: node.outputs[i] },
      workgroups: grid.workgroups,
      flops: 2 * scoresOf(sizes, node.attrs) * (ofValues ? size + valueSize : 2 * size + valueSize),
      part,
    });
  });
}
