import combineSource from '../../../shaders/attention/decode_combine.wgsl?raw';
import partsSource from '../../../shaders/attention/decode_parts.wgsl?raw';
import { applyAll } from '../core/node.ts';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node, Op } from '../core/op.ts';
import { residentWorkgroups, valueType } from '../core/values.ts';
import { sizesOf } from './attrs.ts';
import { attentionGradientOp, attentionOp } from './op.ts';
import { hiddenBeyond } from './hidden.ts';

const kernels = {
  parts: { name: 'attention/decode_parts', source: partsSource },
  combine: { name: 'attention/decode_combine', source: combineSource },
};

interface DecodeAttrs {
  readonly scale: number;
}

const WORKGROUP_SIZE = 32;

/** Parts of at least 8 keys, until there is an invocation for everything that the device runs at once. */
function partsOf(
  { batch, heads, keys }: { batch: number; heads: number; keys: number },
  wanted: number,
): number {
  return Math.max(1, Math.min(Math.ceil(keys / 8), Math.ceil(wanted / (batch * heads))));
}

function lowerDecode(node: Node<DecodeAttrs>, { target, scratch, dispatch }: LowerContext): void {
  const [query, key, value, lengths] = node.inputs;
  const [output] = node.outputs;
  const { batch, heads, keys, keyHeads, size, valueSize } = sizesOf(query, key, value);
  const width = size % 4 === 0 && valueSize % 4 === 0 ? 4 : 1;
  const parts = partsOf({ batch, heads, keys }, WORKGROUP_SIZE * residentWorkgroups(target));
  const sums = scratch([batch, heads, parts, valueSize], 'f32', 'parts');
  const statistics = scratch([batch, heads, parts, 2], 'f32', 'statistics');
  const aliases = { Value: valueType('f32', width) };
  const first = linearGrid(batch * heads * parts, WORKGROUP_SIZE);
  dispatch({
    kernel: kernels.parts,
    constants: {
      BATCH: batch,
      CAPACITY: keys,
      HEADS: heads,
      KEY_HEADS: keyHeads,
      SIZE: size / width,
      VALUE_SIZE: valueSize / width,
      SCALE: node.attrs.scale,
      PARTS: parts,
      WORKGROUP_SIZE,
      GRID_X: first.gridX,
    },
    aliases,
    functions: width === 4 ? { product: 'return dot(a, b);' } : undefined,
    bindings: { q: query, k: key, v: value, lengths, parts: sums, statistics },
    workgroups: first.workgroups,
    flops: 2 * batch * heads * keys * (size + valueSize),
    part: 'parts',
  });
  const second = linearGrid((batch * heads * valueSize) / width, WORKGROUP_SIZE);
  dispatch({
    kernel: kernels.combine,
    constants: {
      ROWS: batch * heads,
      VALUE_SIZE: valueSize / width,
      PARTS: parts,
      WORKGROUP_SIZE,
      GRID_X: second.gridX,
    },
    aliases,
    bindings: { parts: sums, statistics, output },
    workgroups: second.workgroups,
    flops: 4 * batch * heads * parts * valueSize,
    part: 'combine',
  });
}

/** Attention of one query of each head to the first `lengths` keys of a cache: inputs [query, key, value, lengths]. */
export const decodeOp: Op<DecodeAttrs> = {
  name: 'attentionDecode',
  kind: 'kernel',
  infer([query, key, value]) {
    const { batch, heads, valueSize } = sizesOf(query, key, value);
    return [{ shape: [batch, 1, heads, valueSize], dtype: 'f32' }];
  },
  lower: lowerDecode,
  // that of the general op, with the keys beyond hidden by a bias
  gradient({ inputs: [query, key, value, lengths], attrs: { scale } }, [dy]) {
    if (!dy) return [];
    const attrs = { causal: false, scale, dropout: 0, stream: 0, biased: true };
    const inputs = [query, key, value, hiddenBeyond(lengths, key)];
    const [output, logSum] = applyAll(attentionOp, inputs, attrs);
    return applyAll(attentionGradientOp, [output, logSum, dy, ...inputs], { ...attrs, known: 3 });
  },
};
