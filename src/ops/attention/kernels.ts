import naive from '../../../shaders/attention/1_naive.wgsl?raw';
import broadcast from '../../../shaders/attention/2_broadcast.wgsl?raw';
import tiled from '../../../shaders/attention/3_tiled.wgsl?raw';
import type { LowerContext, Node } from '../core/op.ts';
import { inputsOf, sizesOf } from './attrs.ts';
import type { AttentionAttrs } from './attrs.ts';
import { chooseRung, common, gridOf, scoresOf } from './plan.ts';
import { tiledPlan } from './tiled.ts';

const kernels = {
  naive: { name: 'attention/1_naive', source: naive },
  broadcast: { name: 'attention/2_broadcast', source: broadcast },
  tiled: { name: 'attention/3_tiled', source: tiled },
};

export function lowerAttention(node: Node<AttentionAttrs>, context: LowerContext): void {
  const inputs = inputsOf(node.inputs, node.attrs);
  const { query, key, value } = inputs;
  const [output, logSum] = node.outputs;
  const sizes = sizesOf(query, key, value);
  const { batch, queries, keys, heads, size, valueSize } = sizes;
  const variant = chooseRung(node.op.name, sizes, kernels, ['broadcast'], context);
  const { constants, bindings } = common(inputs, node.attrs);
  const result = { rows: queries, others: keys, columns: valueSize, count: batch * heads };
  const plan =
    variant.rung === 'tiled'
      ? tiledPlan(sizes, { ...result, products: [size] }, variant.tile[0])
      : gridOf(variant, result, context.target);
  context.dispatch({
    ...plan,
    kernel: kernels[variant.rung as keyof typeof kernels],
    constants: { ...constants, ...plan.constants },
    bindings: { ...bindings, q: query, k: key, v: value, output, log_sum: logSum },
    flops: 2 * scoresOf(sizes, node.attrs) * (size + valueSize),
  });
}
