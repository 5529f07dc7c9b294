import naive from '../../../shaders/attention/gradient_1_naive.wgsl?raw';
import broadcast from '../../../shaders/attention/gradient_2_broadcast.wgsl?raw';
import onePass from '../../../shaders/attention/gradient_3_one_pass.wgsl?raw';
import tiled from '../../../shaders/attention/gradient_4_tiled.wgsl?raw';
import statisticsSource from '../../../shaders/attention/gradient_statistics.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { streamingWorkgroup } from '../core/values.ts';
import { inputsOf, sizesOf } from './attrs.ts';
import type { AttentionGradientAttrs } from './attrs.ts';
import type { Rung } from './plan.ts';
import { chooseRung, common, gridOf, lanesOf, scoresOf, shapeConstants } from './plan.ts';
import { tiledPlan } from './tiled.ts';

const kernels = {
  naive: { name: 'attention/gradient_1_naive', source: naive },
  broadcast: { name: 'attention/gradient_2_broadcast', source: broadcast },
  one_pass: { name: 'attention/gradient_3_one_pass', source: onePass },
  tiled: { name: 'attention/gradient_4_tiled', source: tiled },
};
const statisticsKernel = { name: 'attention/gradient_statistics', source: statisticsSource };

export function lowerAttentionGradient(node: Node<AttentionGradientAttrs>, context: LowerContext): void {
  const { known } = node.attrs;
  const [output, logSum, gradient, dLogSum] = node.inputs.slice(0, known);
  const inputs = inputsOf(node.inputs.slice(known), node.attrs);
  const { query, key, value } = inputs;
  const sizes = sizesOf(query, key, value);
  const { batch, queries, keys, heads, keyHeads, size, valueSize } = sizes;
  const isPlain = !inputs.bias && !inputs.state;
  const isWide = batch * keyHeads >= 4; // one_pass has a workgroup for each head of keys
  const laned: Rung[] = isPlain
    ? isWide
      ? ['broadcast', 'one_pass']
      : ['one_pass', 'broadcast']
    : ['broadcast'];
  const variant = chooseRung(node.op.name, sizes, kernels, laned, context);

  const rows = sizeOf(logSum.shape);
  const statistics = context.scratch([...logSum.shape, 2], 'f32', 'statistics');
  const workgroupSize = streamingWorkgroup(context.target, rows);
  const { workgroups, gridX } = linearGrid(rows, workgroupSize);
  context.dispatch({
    kernel: statisticsKernel,
    constants: {
      ROWS: rows,
      VALUE_SIZE: valueSize,
      OF_LOG_SUM: dLogSum !== undefined,
      WORKGROUP_SIZE: workgroupSize,
      GRID_X: gridX,
    },
    bindings: { output, gradient, log_sum: logSum, statistics, ...(dLogSum && { d_log_sum: dLogSum }) },
    workgroups,
    flops: 2 * rows * valueSize,
    part: 'statistics',
  });

  const operands = { q: query, k: key, v: value, gradient, statistics };
  const scores = 2 * scoresOf(sizes, node.attrs);
  if (variant.rung === 'one_pass') {
    const [d_q, d_k, d_v] = node.outputs;
    const grid = linearGrid(batch * keyHeads, 1);
    const owned = { rows: keys, others: queries, columns: Math.max(size, valueSize), count: 1 };
    context.dispatch({
      kernel: kernels.one_pass,
      constants: {
        ...shapeConstants(inputs, node.attrs),
        ...lanesOf(variant, owned, context.target),
        GRID_X: grid.gridX,
      },
      bindings: { ...operands, d_q, d_k, d_v },
      workgroups: grid.workgroups,
      flops: scores * (3 * size + 2 * valueSize),
    });
    return;
  }
  const { constants, bindings } = common(inputs, node.attrs);
  const parts = ['queries', 'keys', 'values'] as const;
  parts.forEach((part, i) => {
    const ofQueries = part === 'queries';
    const ofValues = part === 'values';
    const result = ofQueries
      ? { rows: queries, others: keys, columns: size, count: batch * heads }
      : { rows: keys, others: queries, columns: ofValues ? valueSize : size, count: batch * keyHeads };
    const plan =
      variant.rung === 'tiled'
        ? tiledPlan(sizes, { ...result, products: ofValues ? [size] : [size, valueSize] }, variant.tile[0])
        : gridOf(variant, result, context.target);
    context.dispatch({
      ...plan,
      kernel: kernels[variant.rung as keyof typeof kernels],
      constants: { ...constants, OF_QUERIES: ofQueries, OF_VALUES: ofValues, ...plan.constants },
      bindings: { ...bindings, ...operands, result: node.outputs[i] },
      flops: scores * (ofValues ? size + valueSize : 2 * size + valueSize),
      part,
    });
  });
}
