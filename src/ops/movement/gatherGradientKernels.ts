import scanSource from '../../../shaders/movement/gather_gradient.wgsl?raw';
import linkedSource from '../../../shaders/movement/gather_gradient_linked.wgsl?raw';
import linksSource from '../../../shaders/movement/gather_links.wgsl?raw';
import { linearGrid } from '../core/op.ts';
import type { LowerContext, Node } from '../core/op.ts';
import { sizeOf } from '../core/shape.ts';
import { channelsOf, streamingWorkgroup, valueType, widthOf } from '../core/values.ts';
import { lowerGather } from './gatherPlan.ts';
import type { GatherGradientAttrs, GatherModes } from './gatherPlan.ts';

const kernels = {
  scan: { name: 'movement/gather_gradient', source: scanSource },
  links: { name: 'movement/gather_links', source: linksSource },
  linked: { name: 'movement/gather_gradient_linked', source: linkedSource },
};

/**
 * The gradient of x: `scan` compares each row of x with all indices. `linked`, for the first axis, follows the chain of the places
 * of each row, which takes COUNT² / 2 comparisons to make; the rule takes it where these are fewer. Both give the same bits.
 */
export function lowerGatherGradient(node: Node<GatherGradientAttrs>, context: LowerContext): void {
  const { shape, axis } = node.attrs;
  const [gradient, indices] = node.inputs;
  const [output] = node.outputs;
  const count = sizeOf(indices.shape);
  const width = widthOf(node, sizeOf(shape.slice(axis + 1)));
  const size = sizeOf(output.shape) / width;
  const { linked, scan } = kernels;
  const variants = axis === 0 ? (['scan', 'linked'] as const) : (['scan'] as const);
  const isLong = size * count >= 2 ** 16 && size >= count;
  const variant = context.choose('gatherGradient', variants, axis === 0 && isLong ? 'linked' : 'scan', {
    candidates: variants,
    kernels,
  });
  if (variant === 'scan') {
    lowerGather(node, scan, 'gradient', shape, axis, context);
    return;
  }
  const next = context.scratch([count], 'u32', 'next');
  const heads = context.scratch([shape[0]], 'u32', 'heads');
  const first = streamingWorkgroup(context.target, count);
  const chains = linearGrid(count, first);
  context.dispatch({
    kernel: kernels.links,
    constants: { COUNT: count, EXTENT: shape[0], WORKGROUP_SIZE: first, GRID_X: chains.gridX },
    bindings: { indices, next, heads },
    workgroups: chains.workgroups,
    part: 'links',
  });
  const second = streamingWorkgroup(context.target, size);
  const { workgroups, gridX } = linearGrid(size, second);
  context.dispatch({
    kernel: linked,
    constants: {
      SIZE: size,
      COUNT: count,
      INNER: size / shape[0],
      CHANNELS: channelsOf(node, width),
      WORKGROUP_SIZE: second,
      GRID_X: gridX,
    },
    aliases: { Value: valueType(output.dtype, width) },
    bindings: { gradient, indices, next, heads, output },
    workgroups,
    epilogue: true,
  });
}

/** Puts together slices, or elements, that have indices. */
export function lowerScatter(
  node: Node<GatherGradientAttrs>,
  context: LowerContext,
  modes: GatherModes,
): void {
  lowerGather(node, kernels.scan, 'gradient', node.attrs.shape, node.attrs.axis, context, modes);
}
